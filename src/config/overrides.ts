// `overrides`: settings of operators for one user or group, for when the identity provider is wrong.
import * as z from 'zod';
import { posixId, posixName } from './types.ts';

export const override = z
  .strictObject({
    id: z.string().optional().describe('The user’s SCIM id ...'),
    name: z.string().optional().describe('... or userName, or the name of the account.'),
    block: z.literal(true).optional().describe('The user may not log in, whatever the store reports.'),
    uid: posixId.optional().describe('The uid of the user.'),
    account: posixName
      .optional()
      .describe('The name of the user’s account, where the store gives none that can be one.'),
    add_key: z.string().optional().describe('A further public key of the user.'),
    group: z.string().optional().describe('In place of id and name: the SCIM id of a group.'),
    gid: posixId.optional().describe('The gid of that group.'),
  })
  .refine(
    ({ id, name, group }) => [id, name, group].filter((subject) => subject !== undefined).length === 1,
    'one of id, name and group',
  )
  .refine(
    ({ group, gid, block, uid, account, add_key: key }) =>
      group === undefined
        ? gid === undefined
        : gid !== undefined && [block, uid, account, key].every((setting) => setting === undefined),
    'group and gid go together, and alone',
  );
