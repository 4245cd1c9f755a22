// `publish`: signed generations for the followers of a cluster (accounts.backend: publish).
import * as z from 'zod';
import { absolutePath, duration } from './types.ts';

export const publish = z.strictObject({
  directory: absolutePath
    .default('/srv/sunk-agent')
    .describe('The directory on a volume that followers mount read-only. Nothing in it is trusted.'),
  key: absolutePath
    .default('/var/lib/sunk-agent/publish-key')
    .describe(
      'The private key that signs, readable by the agent alone: ssh-keygen -t ed25519 -N "" -f FILE. Followers trust its public key and the next one’s.',
    ),
  not_after: duration
    .prefault('24h')
    .describe('A follower that starts without a generation accepts none that was signed longer ago.'),
  resign: duration.prefault('10m').describe('How often an unchanged generation is signed anew.'),
  heartbeats: absolutePath
    .nullable()
    .default(null)
    .describe('A directory on another volume, where followers report; sunk-agent fleet reads it.'),
  homes: z
    .enum(['create', 'never'])
    .default('never')
    .describe(
      'create: the publisher mounts the homes, and makes those that are missing. never: follower pods make them with pam_mkhomedir.',
    ),
});
