// A throwaway root whose store is a list in this process: many syncs in little time.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openNodeContext } from '../../../src/agent/node-context.ts';
import { openSyncContext } from '../../../src/agent/reconcile/context.ts';
import { runSync } from '../../../src/agent/reconcile/sync.ts';
import type { SyncReport } from '../../../src/agent/reconcile/sync-report.ts';
import { type Listed, readListed } from './listed-reader.ts';
import { layRoot, type RootFiles } from './root-directory.ts';
import { makeEd25519, seedRandom, writeBlob } from '../records/key-corpus.ts';

const KEYS = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser';
const GROUP = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveGroup';

/** What the store lists, by name. */
export interface Company {
  people: { name: string; uid: number; active?: boolean | null; keys: readonly string[] }[];
  /** Members of slurm-users and slurm-admins. */
  users: string[];
  admins: string[];
  /** Further groups, without a gid, and the names of their members. */
  groups?: readonly { readonly name: string; readonly members: readonly string[] }[];
}

export interface InProcessRoot {
  readonly root: string;
  readonly state: string;
  /** A sync with the store, without an answer of it (`away`), or from the state database alone (`state`). @param clock epoch ms. */
  sync(company: Company | 'away' | 'state', clock?: number): Promise<SyncReport>;
  read(file: string): string;
  line(file: string, name: string): string | undefined;
  /** Name and text of each key file. */
  keyFiles(): Record<string, string>;
  remove(): void;
}

/** A node with one local account. */
const FILES: RootFiles = {
  'etc/passwd': 'root:x:0:0:root:/root:/bin/bash\nlocal:x:1000:1000::/home/local:/bin/bash\n',
  'etc/group': 'root:x:0:\nlocal:x:1000:\n',
  'etc/shadow': 'root:*:20000:0:99999:7:::\nlocal:!:20000:0:99999:7:::\n',
  'etc/gshadow': 'root:*::\nlocal:!::\n',
  'etc/shells': '/bin/sh\n/bin/bash\n',
};

/** So many people with a key each, all in slurm-users, the first in slurm-admins. */
export function makeCompany(size: number): Company {
  const random = seedRandom(size);
  const people = Array.from({ length: size }, (_, n) => ({
    name: `person${n}`,
    uid: 20_000 + n,
    active: true,
    keys: [`ssh-ed25519 ${writeBlob('ssh-ed25519', makeEd25519(random)).toString('base64')}`],
  }));
  const users = people.map(({ name }) => name);
  return { people, users, admins: users.slice(0, 1) };
}

/** @param yaml more of the configuration, at its top level. */
export function makeInProcessRoot(yaml = ''): InProcessRoot {
  const root = mkdtempSync(path.join(tmpdir(), 'in-process-root-'));
  layRoot(root, {
    files: FILES,
    config: `scim: { base_url: "https://store.example" }
access: { groups: [{ name: slurm-users }], sudo_groups: [{ name: slurm-admins }] }
accounts: { domains: [example.com], homes: never }
${yaml}`,
    token: null,
    directories: ['etc/sudoers.d'],
  });
  const node = openNodeContext({ root, config: undefined });
  const keys = path.join(root, 'var/lib/sunk-agent/authorized_keys');
  const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
  return {
    root,
    state: node.paths.state,
    async sync(company, clock = Date.now()) {
      const context = openSyncContext(node);
      const reader =
        company === 'away' || company === 'state' ? null : readListed(listCompany(company), () => clock);
      try {
        const mode = company === 'state' ? 'state' : 'full';
        return await runSync({ ...context, reader, clock: () => clock }, mode);
      } finally {
        context.state.close();
      }
    },
    read,
    line: (file, name) =>
      read(file)
        .split('\n')
        .find((text) => text.startsWith(`${name}:`)),
    keyFiles: () =>
      Object.fromEntries(
        readdirSync(keys).map((name) => [name, readFileSync(path.join(keys, name), 'utf8')]),
      ),
    remove: () => rmSync(root, { recursive: true }),
  };
}

/** As the store lists them. */
function listCompany({ people, users, admins, groups = [] }: Company): Listed {
  const group = (displayName: string, gid: number, members: readonly string[]) => ({
    id: `g-${displayName}`,
    displayName,
    [GROUP]: { gid },
    members: members.map((name) => ({ value: `u-${name}` })),
  });
  return {
    users: people.map(({ name, uid, active, keys }) => ({
      id: `u-${name}`,
      userName: `${name}@example.com`,
      active,
      [KEYS]: { uid, sunkSshKeys: keys },
    })),
    groups: [
      group('slurm-users', 30_000, users),
      group('slurm-admins', 30_001, admins),
      ...groups.map(({ name, members }) => ({
        id: `g-${name}`,
        displayName: name,
        members: members.map((one) => ({ value: `u-${one}` })),
      })),
    ],
  };
}
