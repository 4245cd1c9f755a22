// A small organisation to vary in tests: records, facts and configuration with sound defaults.
import { hash } from 'node:crypto';
import { parseConfig, type Config } from '../../../src/config/config.ts';
import { NOTHING_IN_USE } from '../../../src/policy/in-use.ts';
import type {
  Binding,
  PublishedAccount,
  StoredGroup,
  StoredUser,
  NodeFacts,
} from '../../../src/policy/model.ts';
import type { DesiredStateInput } from '../../../src/policy/desired-state.ts';
import type { KeyReading } from '../../../src/policy/keys/ssh-key.ts';
import type { GroupRecord, UserRecord } from '../../../src/protocol/records.ts';

export const NOW = 1_800_000_000;

/** A configuration: what matters to policy and plan, the rest by default. */
export function makeConfig(yaml = '', attributes = '{}'): Config {
  const base = `scim: { base_url: "https://store.example/scim/x", attributes: ${attributes} }\n`;
  return parseConfig(base + yaml, 'config.yaml');
}

export const CONFIG = makeConfig(`
access:
  groups: [{ name: slurm-users, id: g-users }]
  sudo_groups: [{ name: slurm-admins, id: g-admins }]
accounts: { domains: [example.com], groups: ["team-*"] }
`);

export const FACTS: NodeFacts = {
  foreignAccounts: [
    { name: 'root', uid: 0 },
    { name: 'localhero', uid: 20001 },
  ],
  foreignGroups: [
    { name: 'root', gid: 0, members: [] },
    { name: 'localteam', gid: 30001, members: [] },
  ],
  inUse: NOTHING_IN_USE,
  keyFiles: new Map(),
  homes: new Map(),
  unbound: [],
  published: null,
  shells: ['/bin/bash', '/bin/sh', '/bin/zsh'],
  privilegedNames: new Map([['deploy', '/etc/sudoers:5']]),
  privilegedGroups: new Map([['team-power', '/etc/sudoers:6']]),
  privilegedUids: new Map(),
  privilegedGids: new Map(),
  keyTypes: [],
  expiry: { zulu: true, timeZone: 'Etc/UTC' },
};

/** A person called `name` with the SCIM id `u-name`. */
export function makeUser(name: string, uid: number | null, more: Partial<UserRecord> = {}): StoredUser {
  const record: UserRecord = {
    id: `u-${name}`,
    userName: `${name}@example.com`,
    externalId: null,
    active: true,
    created: '2026-01-01T00:00:00Z',
    displayName: name,
    username: `${name}@example.com`,
    uid,
    gid: null,
    home: null,
    shell: null,
    keys: [`key of ${name}`],
    ...more,
  };
  return { record, confirmedAt: NOW - 100, absent: false, readings: readFakeKeys(record.keys) };
}

/** The same person with other keys. */
export function withKeys(user: StoredUser, keys: string[]): StoredUser {
  return { ...user, record: { ...user.record, keys }, readings: readFakeKeys(keys) };
}

/** What the ledger has of an account, with the SCIM id `u-name`. */
export function makeBinding(name: string, id: number, more: Partial<Binding> = {}): Binding {
  return {
    scimId: `u-${name}`,
    kind: 'account',
    name,
    id,
    gid: 9999,
    home: `/home/${name}`,
    boundAt: NOW,
    disabledAt: null,
    ...more,
  };
}

/** An account that another program publishes, with a home of its own. */
export function makePublished(name: string, uid: number): PublishedAccount {
  return { name, uid, gid: uid, dir: `/mnt/home/${name}`, isDecided: false };
}

/** A group with the SCIM id `g-name`. */
export function makeGroup(
  name: string,
  gid: number | null,
  members: readonly string[],
  more: Partial<GroupRecord> = {},
): StoredGroup {
  const record: GroupRecord = {
    id: `g-${name}`,
    name,
    externalId: null,
    created: '2026-01-01T00:00:00Z',
    gid,
    members: [...members].sort(),
    nested: [],
    ...more,
  };
  return { record, absent: false };
}

/**
 * Stands in for the reading of keys: each text is one Ed25519 key of its own, whose blob is what begins with `AAAA`, as it
 * does in real ones, or is made of the text; `bad...` is refused.
 */
export function readFakeKeys(texts: readonly string[]): KeyReading[] {
  return texts.map((text) => {
    if (text.startsWith('bad')) return { ok: false, code: 'key-base64', detail: 'the key is not sound' };
    const base64 = /AAAA\S*/.exec(text)?.[0] ?? Buffer.from(text).toString('base64');
    const fingerprint = `SHA256:${hash('sha256', Buffer.from(text), 'base64').replace(/=+$/, '')}`;
    return { ok: true, key: { type: 'ssh-ed25519', base64, fingerprint, bits: 256, securityKey: false } };
  });
}

/** The fingerprint that `readFakeKeys` gives that text. */
export function fakeFingerprint(text: string): string {
  return `SHA256:${hash('sha256', Buffer.from(text), 'base64').replace(/=+$/, '')}`;
}

export function makeInput(more: Partial<DesiredStateInput> = {}): DesiredStateInput {
  return {
    users: [makeUser('alice', 20100), makeUser('bob', 20200)],
    groups: [
      makeGroup('users', 31000, ['u-alice', 'u-bob'], { name: 'slurm-users' }),
      makeGroup('admins', 31001, ['u-alice'], { name: 'slurm-admins' }),
    ],
    bindings: [],
    former: [],
    grants: [],
    firstOwners: [],
    facts: FACTS,
    config: CONFIG,
    now: NOW,
    blocked: [],
    completeAt: NOW,
    extensions: new Map(),
    nameServices: { services: [], answers: null },
    isComplete: false,
    ...more,
  };
}
