// A throwaway root with an image's own accounts, and a store's answer about a few people, for real syncs.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { generateKeyPairSync } from 'node:crypto';
import type { StoreState } from './sync-program.ts';

const EXTENSION = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeave';

/** A fresh Ed25519 key as `ssh-ed25519 BASE64` (RFC 8709 section 4). */
export function makePublicKey(): string {
  const { publicKey } = generateKeyPairSync('ed25519');
  const field = (data: Buffer): Buffer => Buffer.concat([Buffer.from([0, 0, 0, data.length]), data]);
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  return `ssh-ed25519 ${Buffer.concat([field(Buffer.from('ssh-ed25519')), field(raw)]).toString('base64')}`;
}

export interface Someone {
  readonly name: string;
  readonly uid: number;
  readonly key: string;
  readonly active?: boolean;
  readonly displayName?: string;
  /** Beside `slurm-users`. */
  readonly sudo?: boolean;
}

/** The users and groups that a store returns for these people. */
export function describeStore(people: readonly Someone[]): StoreState {
  const core = 'urn:ietf:params:scim:schemas:core:2.0:';
  const group = (name: string, gid: number, members: readonly Someone[]): object => ({
    schemas: [`${core}Group`],
    id: `g-${name}`,
    displayName: name,
    members: members.map((member) => ({ value: `u-${member.name}` })),
    [`${EXTENSION}Group`]: { gid },
  });
  return {
    users: people.map(({ name, uid, key, active = true, displayName = name }) => ({
      schemas: [`${core}User`],
      id: `u-${name}`,
      userName: `${name}@example.com`,
      displayName,
      active,
      [`${EXTENSION}User`]: { uid, sunkSshKeys: key },
    })),
    groups: [
      group('slurm-users', 20001, people),
      group(
        'slurm-admins',
        20002,
        people.filter(({ sudo }) => sudo === true),
      ),
    ],
  };
}

export const CONFIG = `scim: { base_url: "https://store.example/scim/x" }
access:
  groups: [{ name: slurm-users }]
  sudo_groups: [{ name: slurm-admins }]
accounts: { domains: [example.com] }
keys: { max_age: never }
`;

/** An image's own /etc below `root`, with the configuration. */
export function makeRoot(root: string, config = CONFIG): void {
  for (const directory of [
    'etc/sunk-agent',
    'etc/skel/.config',
    'etc/sudoers.d',
    'home',
    'var/spool/cron/crontabs',
    'var/lib/systemd/linger',
  ]) {
    mkdirSync(path.join(root, directory), { recursive: true });
  }
  const write = (file: string, text: string, mode = 0o644): void =>
    writeFileSync(path.join(root, file), text, { mode });
  write('etc/sunk-agent/config.yaml', config);
  write(
    'etc/passwd',
    'root:x:0:0:root:/root:/bin/bash\n# a comment\n+@nis::::::\nlocal:x:1000:1000::/home/local:/bin/sh\n',
  );
  write('etc/group', 'root:x:0:\nlocal:x:1000:\n');
  write('etc/shadow', 'root:*:19000:0:99999:7:::\nlocal:$y$hash:19000:0:99999:7:::\n', 0o640);
  write('etc/gshadow', 'root:*::\nlocal:!::\n', 0o640);
  write('etc/shells', '/bin/sh\n/bin/bash\n');
  write('etc/skel/.profile', 'umask 077\n');
  write('etc/skel/.config/settings', 'x\n');
}
