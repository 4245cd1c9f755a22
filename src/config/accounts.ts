// `accounts`: where accounts are written and what one looks like.
import * as z from 'zod';
import { absolutePath, duration, posixId, posixName } from './types.ts';

export const accounts = z.strictObject({
  backend: z
    .enum(['local', 'publish', 'nsscache', 'published'])
    .default('local')
    .describe(
      'local: the node’s own files. publish: signed generations for the followers of a cluster; see publish. nsscache: files that libnss-cache reads, for many nodes. published: ends with the next release; another node writes the accounts with nsscache, and this node manages homes, keys, sessions and sudo.',
    ),
  nsscache_dir: absolutePath
    .default('/var/lib/sunk-agent/nsscache')
    .describe('Where the nsscache backend publishes, and published reads; see THE NSSCACHE BACKEND.'),
  ids: z.enum(['attribute', 'derived']).default('attribute').describe('Where uids and gids come from.'),
  id_range: z
    .tuple([posixId, posixId])
    .refine(([low, high]) => low <= high, 'the lower bound first')
    .default([10000, 59999])
    .describe('Ids outside of it are refused.'),
  domains: z
    .array(z.string().min(1))
    .default([])
    .describe('Mail domains whose local part may become a POSIX name.'),
  rename: z
    .enum(['keep', 'apply'])
    .default('keep')
    .describe('What a new userName does to an existing account.'),
  primary_group: posixName
    .default('sunk-users')
    .describe('The managed group: every managed account is a member.'),
  primary_gid: posixId.default(9999).describe('Its gid, the same on every node.'),
  groups: z
    .array(z.string().min(1))
    .default([])
    .describe('Patterns (* and ?) of further SCIM groups to create on the node.'),
  home: absolutePath.default('/home/%u').describe('The home directory; %u is the POSIX name.'),
  home_prefixes: z
    .array(absolutePath)
    .default(['/home', '/mnt/home'])
    .describe('A home reported by the store must be below one of these.'),
  homes: z
    .enum(['create', 'never'])
    .default('create')
    .describe(
      'Whether a missing home is created from /etc/skel. Behind an automounter use never, or each sync mounts every home.',
    ),
  shell: absolutePath.default('/bin/bash').describe('The login shell; must be in /etc/shells.'),
  retention: duration.prefault('90d').describe('How long a disabled account keeps its line.'),
});

/** What to do about a backend that ends with the next release, as a sentence; null: nothing. */
export function adviseOnBackend({ backend }: Pick<z.output<typeof accounts>, 'backend'>): string | null {
  return backend === 'published'
    ? 'accounts.backend: published ends with the next release, because each pod then holds the token: set publish on one node, and run sunk-agent-follower in the pods (man sunk-agent.yaml, PUBLISHER AND FOLLOWERS)'
    : null;
}

/** Whether this node decides over accounts that other nodes resolve. */
export function isPublisher({ backend }: Pick<z.output<typeof accounts>, 'backend'>): boolean {
  return backend === 'nsscache' || backend === 'publish';
}
