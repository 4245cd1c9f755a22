// `keys`: which SSH keys count, for how long, and how sshd gets them.
import * as z from 'zod';
import { duration } from './types.ts';

export const keys = z.strictObject({
  serve: z
    .enum(['command', 'file'])
    .default('command')
    .describe('sshd asks our helper, or reads our folder itself.'),
  user_files: z
    .enum(['ignore', 'allow'])
    .default('ignore')
    .describe('Whether ~/.ssh/authorized_keys counts as well.'),
  max_age: z
    .union([z.literal('never').transform(() => null), duration])
    .prefault('7d')
    .describe('A key that the store has not confirmed for so long stops working.'),
  types: z
    .array(z.string().min(1))
    .default(['ssh-ed25519', 'ecdsa-sha2-*', 'sk-*', 'ssh-rsa'])
    .describe('Key types (patterns) that are accepted.'),
  rsa_bits: z.int().min(2048).max(16384).default(3072).describe('The shortest RSA key.'),
  per_user: z.int().min(1).max(1000).default(50).describe('Keys a user at most.'),
  blocked: z
    .array(z.string().startsWith('SHA256:'))
    .default([])
    .describe('Fingerprints that are never accepted.'),
});
