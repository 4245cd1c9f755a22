// `nss`: other name services of the node.
import * as z from 'zod';

export const nss = z.strictObject({
  must_resolve: z
    .array(z.string().min(1))
    .default([])
    .describe(
      'Names of accounts that another name service of the node must know before a new name or id is granted: an sssd that is offline answers "unknown" for users that it does not know yet.',
    ),
  unasked: z
    .array(z.string().min(1))
    .default([])
    .describe(
      'Services of nsswitch.conf that are not asked before a grant: those that cannot be asked from the agent’s unit, and know no account of their own.',
    ),
});
