// `overrides`: settings of operators for one user, for when the identity provider is wrong.
import * as z from 'zod';
import { posixId } from './types.ts';

export const override = z
  .strictObject({
    id: z.string().optional().describe('The user’s SCIM id ...'),
    name: z.string().optional().describe('... or userName.'),
    block: z.literal(true).optional().describe('The user may not log in, whatever the store reports.'),
    uid: posixId.optional().describe('The uid of the user.'),
    add_key: z.string().optional().describe('A further public key of the user.'),
  })
  .refine((entry) => (entry.id === undefined) !== (entry.name === undefined), 'either id or name');
