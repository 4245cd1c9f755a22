// `access`: who may log in, and who may run sudo.
import * as z from 'zod';
import { duration } from './types.ts';

const groupReference = z.strictObject({
  name: z.string().min(1).describe('The exact name at the store; case counts.'),
  id: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Its SCIM id; once pinned, another group of that name grants nothing.'),
});

export const access = z.strictObject({
  groups: z
    .array(groupReference)
    .default([])
    .describe('Groups whose members may log in. An empty list grants access to no one.'),
  sudo_groups: z
    .array(groupReference)
    .default([])
    .describe('Groups whose members may run sudo without a password.'),
  users: z
    .array(z.string())
    .default([])
    .describe('If not empty, only these userNames have access (a personal login pod).'),
  until: duration
    .prefault('7d')
    .describe(
      'The longest time for which an operator may let a user into one of these groups (sunk-agent grant).',
    ),
});
