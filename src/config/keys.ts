// `keys`: which SSH keys are accepted, for how long, and how sshd gets them.
import * as z from 'zod';
import { duration } from './types.ts';

export const keys = z.strictObject({
  serve: z
    .enum(['command', 'file'])
    .default('command')
    .describe(
      'command: sshd runs the helper (AuthorizedKeysCommand). file: sshd reads the key directory (AuthorizedKeysFile).',
    ),
  user_files: z
    .enum(['ignore', 'allow'])
    .default('ignore')
    .describe('Whether sshd also accepts ~/.ssh/authorized_keys.'),
  max_age: z
    .union([z.literal('never').transform(() => null), duration])
    .prefault('7d')
    .describe('A key stops working when the store has not confirmed it for this long.'),
  types: z
    .array(z.string().min(1))
    .default(['ssh-ed25519', 'ecdsa-sha2-*', 'sk-*', 'ssh-rsa'])
    .describe('Accepted key types (patterns).'),
  rsa_bits: z.int().min(2048).max(16384).default(3072).describe('The shortest RSA key.'),
  per_user: z.int().min(1).max(1000).default(50).describe('Maximum number of keys of a user.'),
  blocked: z
    .array(z.string().startsWith('SHA256:'))
    .default([])
    .describe('Fingerprints of keys that are never accepted.'),
});
