// A throwaway root whose store is a list in this process: many syncs in little time.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openNodeContext } from '../../../src/agent/node-context.ts';
import { openSyncContext } from '../../../src/agent/reconcile/context.ts';
import { runSync } from '../../../src/agent/reconcile/sync.ts';
import type { SyncReport } from '../../../src/agent/reconcile/sync-report.ts';
import type { Reader } from '../../../src/agent/reader-client/reader-client.ts';
import { makeEd25519, seedRandom, writeBlob } from '../records/key-corpus.ts';

const KEYS = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser';
const GROUP = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveGroup';

/** What the store lists, by name. */
export interface Company {
  people: { name: string; uid: number; active: boolean; keys: readonly string[] }[];
  /** Members of slurm-users and slurm-admins. */
  users: string[];
  admins: string[];
}

export interface LoneRoot {
  readonly root: string;
  readonly state: string;
  /** A sync over the store, or from the cache with the store away. @param clock epoch ms. */
  sync(company: Company | 'away' | 'cache', clock?: number): Promise<SyncReport>;
  read(file: string): string;
  line(file: string, name: string): string | undefined;
  /** Name and text of each key file. */
  keyFiles(): Record<string, string>;
  remove(): void;
}

const FILES: readonly (readonly [string, string])[] = [
  ['etc/passwd', 'root:x:0:0:root:/root:/bin/bash\nlocal:x:1000:1000::/home/local:/bin/bash\n'],
  ['etc/group', 'root:x:0:\nlocal:x:1000:\n'],
  ['etc/shadow', 'root:*:20000:0:99999:7:::\nlocal:!:20000:0:99999:7:::\n'],
  ['etc/gshadow', 'root:*::\nlocal:!::\n'],
  ['etc/shells', '/bin/sh\n/bin/bash\n'],
];

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
export function makeLoneRoot(yaml = ''): LoneRoot {
  const root = mkdtempSync(path.join(tmpdir(), 'lone-root-'));
  for (const directory of ['etc/sunk-agent', 'etc/skel', 'etc/sudoers.d', 'home'])
    mkdirSync(path.join(root, directory), { recursive: true });
  for (const [file, text] of FILES) writeFileSync(path.join(root, file), text);
  writeFileSync(
    path.join(root, 'etc/sunk-agent/config.yaml'),
    `scim: { base_url: "https://store.example" }
access: { groups: [{ name: slurm-users }], sudo_groups: [{ name: slurm-admins }] }
accounts: { domains: [example.com], homes: never }
${yaml}`,
  );
  const place = openNodeContext({ root, config: undefined });
  const keys = path.join(root, 'var/lib/sunk-agent/authorized_keys');
  const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
  return {
    root,
    state: place.paths.state,
    async sync(company, clock = Date.now()) {
      const parts = openSyncContext(place);
      const reader = company === 'away' || company === 'cache' ? null : readerOf(company, clock);
      try {
        const mode = company === 'cache' ? 'cache' : 'full';
        return await runSync({ ...parts, reader, clock: () => clock }, mode);
      } finally {
        parts.state.close();
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

/** Answers as the reader does that has read both lists to their end. */
function readerOf({ people, users, admins }: Company, clock: number): Reader {
  const group = (displayName: string, gid: number, members: readonly string[]) => ({
    id: `g-${displayName}`,
    displayName,
    [GROUP]: { gid },
    members: members.map((name) => ({ value: `u-${name}` })),
  });
  const lists = {
    User: people.map(({ name, uid, active, keys }) => ({
      id: `u-${name}`,
      userName: `${name}@example.com`,
      active,
      [KEYS]: { uid, sunkSshKeys: keys },
    })),
    Group: [group('slurm-users', 30_000, users), group('slurm-admins', 30_001, admins)],
  };
  const reader: Pick<Reader, 'pass' | 'read'> = {
    async pass(_question, ears) {
      for (const kind of ['User', 'Group'] as const) {
        ears.onLine({ n: 1, kind, resources: Buffer.from(JSON.stringify(lists[kind])) });
        ears.onPage({ say: 'page', n: 1, kind, digest: null, is_known: false });
      }
      return {
        say: 'end',
        n: 1,
        mode: 'full',
        complete: { User: true, Group: true },
        problems: [],
        server_time: clock,
        local_time: clock,
        requests: 2,
        retries: 0,
        bytes: 0,
      };
    },
    async read(kind, id) {
      const resource = lists[kind].find((one) => one.id === id) ?? null;
      return {
        say: 'resource',
        n: 1,
        kind,
        id,
        found: resource === null ? 'absent' : 'present',
        resource,
        problem: null,
        server_time: clock,
        local_time: clock,
      };
    },
  };
  return reader as Reader;
}
