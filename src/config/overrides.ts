// `overrides`: settings of operators for one user or group, for when the identity provider is wrong.
import * as z from 'zod';
import { posixId } from './types.ts';

export const override = z
  .strictObject({
    id: z.string().optional().describe('The user’s SCIM id ...'),
    name: z.string().optional().describe('... or userName.'),
    block: z.literal(true).optional().describe('The user may not log in, whatever the store reports.'),
    uid: posixId.optional().describe('The uid of the user.'),
    add_key: z.string().optional().describe('A further public key of the user.'),
    group: z.string().optional().describe('In place of id and name: the SCIM id of a group.'),
    gid: posixId.optional().describe('The gid of that group.'),
  })
  .refine(
    ({ id, name, group }) => [id, name, group].filter((subject) => subject !== undefined).length === 1,
    'one of id, name and group',
  )
  .refine(
    ({ group, gid, block, uid, add_key: key }) =>
      group === undefined
        ? gid === undefined
        : gid !== undefined && [block, uid, key].every((setting) => setting === undefined),
    'group and gid go together, and alone',
  );
