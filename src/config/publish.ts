// `publish`: signed generations for the followers of a cluster (accounts.backend: publish).
import * as z from 'zod';
import { absolutePath, duration } from './types.ts';

/** Names of Kubernetes objects and of the keys in a Secret (kubernetes.io/docs/concepts/overview/working-with-objects/names). */
const objectName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, 'a name such as nsscache-passwd');
const dataKey = z.string().regex(/^[A-Za-z0-9._-]{1,253}$/, 'a key such as passwd.cache');

const mapIn = (map: string) =>
  z
    .strictObject({
      secret: objectName.default(`nsscache-${map}`).describe('The name of the Secret.'),
      key: dataKey.default(`${map}.cache`).describe('The key of its data.'),
    })
    .prefault({})
    .describe(`Where the text of ${map}.cache goes.`);

const secrets = z.strictObject({
  namespace: objectName.nullable().default(null).describe('Their namespace; null: that of this pod.'),
  passwd: mapIn('passwd'),
  group: mapIn('group'),
  shadow: mapIn('shadow'),
  sshkey: mapIn('sshkey'),
  verify: duration.prefault('5m').describe('How often they are read back where nothing changed.'),
  losses: z
    .enum(['hold', 'accept'])
    .default('hold')
    .describe(
      'hold: a Secret that another program filled is not replaced while it has accounts that this publisher lacks, or has with another uid; sunk-agent status names them. accept: it is replaced.',
    ),
});

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
  secrets: secrets
    .nullable()
    .default(null)
    .describe(
      'Kubernetes Secrets that the reader fills as nsscache’s CronJob does, for pods without a follower; {} has the defaults. They are not signed. null: none.',
    ),
  homes: z
    .enum(['create', 'never'])
    .default('never')
    .describe(
      'create: the publisher mounts the homes, and makes those that are missing. never: follower pods make them with pam_mkhomedir.',
    ),
});
