// `access`: who may log in, and who may run sudo.
import * as z from 'zod';

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
    .describe('Whose members may log in; an empty list lets in nobody.'),
  sudo_groups: z.array(groupReference).default([]).describe('Whose members may run sudo without a password.'),
  users: z
    .array(z.string())
    .default([])
    .describe('If not empty, only these userNames (a personal login pod).'),
});
