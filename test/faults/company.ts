// The model of the organisation: two identity providers, whose people join, change, move and leave at random.
import { randomUUID } from 'node:crypto';
import {
  directorySchema,
  type Directory,
  type Person,
} from '../../src/testbed/identity-provider/directory.ts';
import { runCycle } from '../../src/testbed/identity-provider/entra/cycle.ts';
import { DEFAULT_MAPPINGS, SSH_KEYS_PATH } from '../../src/testbed/identity-provider/entra/shapes.ts';
import { runOktaCycle } from '../../src/testbed/identity-provider/okta/cycle.ts';
import { makeEd25519, makeModulus, writeBlob } from '../support/records/key-corpus.ts';
import type { Rng } from './rng.ts';

/** The groups whose members may log in, and those who may also become root. */
export const ACCESS_GROUPS = ['slurm-users', 'contractors'] as const;
export const SUDO_GROUP = 'slurm-admins';
export const DOMAINS = ['example.com', 'example.org'] as const;

/** Names that must never become accounts. */
const PRIVILEGED_NAMES = ['root', 'slurm', 'daemon', 'sudo', 'local'];
const HOSTILE_NAMES = [
  'Eve:0:0:root:/root:/bin/sh',
  'Eve\nroot2::0:0::/:/bin/sh',
  '\u001B[2JEve',
  '\u202Eeve',
];

export interface Company {
  /** One to three random changes at one of the two. @returns what happened, for the log. */
  change(): string[];
  /** The domain of the person with this name. */
  domainOf(name: string): string;
  /** One of those who are enabled is disabled. @returns the userPrincipalName; null: no one is. */
  revoke(): string | null;
  /** Both push until neither has anything left to do. @throws Error if that never comes. */
  push(): Promise<void>;
}

/** Starts with a dozen people at each. */
export function makeCompany(rng: Rng, store: { baseUrl: string; token: string }): Company {
  let nextPerson = 1;
  let nextTeam = 1;
  const directories = [
    makeDirectory(store, DOMAINS[0], [ACCESS_GROUPS[0], SUDO_GROUP], `?aadOptscim062020`),
    makeDirectory(store, DOMAINS[1], [ACCESS_GROUPS[1]], ''),
  ] as const;

  function makeKey(): string {
    const kind = rng.below(12);
    if (kind === 0)
      return `ssh-rsa ${writeBlob('ssh-rsa', Buffer.from([1, 0, 1]), makeModulus(rng.below, 1024)).toString('base64')}`;
    const good = `ssh-ed25519 ${writeBlob('ssh-ed25519', makeEd25519(rng.below)).toString('base64')}`;
    if (kind === 1) return `command="id" ${good}`;
    if (kind === 2) return '';
    return `${good} person@laptop`;
  }

  function join(directory: Directory, domain: string): string {
    const isOdd = rng.chance(0.04);
    const name = isOdd ? rng.pick(PRIVILEGED_NAMES) : `p${String(nextPerson).padStart(4, '0')}`;
    nextPerson += 1;
    const userPrincipalName = `${name}@${domain}`;
    if (directory.users.some((person) => person.userPrincipalName === userPrincipalName))
      return `no one joins`;
    directory.users.push(
      makePerson(userPrincipalName, makeKey(), rng.chance(0.1) ? rng.pick(HOSTILE_NAMES) : name),
    );
    for (const group of directory.groups)
      if (rng.chance(group.displayName === SUDO_GROUP ? 0.1 : 0.7)) group.members.push(userPrincipalName);
    return `${userPrincipalName} joins`;
  }

  function changeOne(directory: Directory, domain: string): string {
    const living = directory.users.filter((person) => !person.deleted);
    if (living.length < 6) return join(directory, domain);
    const person = rng.pick(living);
    const name = person.userPrincipalName;
    const group = rng.pick(directory.groups);
    switch (rng.below(12)) {
      case 0:
      case 1:
        return join(directory, domain);
      case 2:
        person.accountEnabled = !person.accountEnabled;
        return `${name} is ${person.accountEnabled ? 'enabled' : 'disabled'}`;
      case 3:
      case 4:
        person.sunkSshKeys = makeKey() || person.sunkSshKeys;
        return `${name} has another key`;
      case 5: {
        const other = rng.pick(living);
        person.sunkSshKeys = other.sunkSshKeys;
        return `${name} lists the key of ${other.userPrincipalName}`;
      }
      case 6:
      case 7: {
        const isIn = group.members.includes(name);
        group.members = isIn ? group.members.filter((member) => member !== name) : [...group.members, name];
        return `${name} ${isIn ? 'leaves' : 'enters'} ${group.displayName}`;
      }
      case 8:
        person.deleted = true;
        return `${name} is deleted`;
      case 9: {
        const gone = directory.users.filter(({ deleted }) => deleted);
        if (gone.length === 0) return 'no one to restore';
        const back = rng.pick(gone);
        if (rng.chance(0.5)) {
          back.deleted = false;
          return `${back.userPrincipalName} is restored`;
        }
        directory.users = directory.users.filter((one) => one !== back);
        for (const one of directory.groups)
          one.members = one.members.filter((member) => member !== back.userPrincipalName);
        return `${back.userPrincipalName} is purged`;
      }
      case 10: {
        const team = `team-${nextTeam}`;
        nextTeam += 1;
        const members = rng.some(living, 8).map(({ userPrincipalName }) => userPrincipalName);
        directory.groups.push({ object_id: randomUUID(), displayName: team, members, dynamic: null });
        directory.application.assigned.push(team);
        return `${team} is made`;
      }
      default: {
        const teams = directory.groups.filter(({ displayName }) => displayName.startsWith('team-'));
        if (teams.length === 0) return 'no team to remove';
        const team = rng.pick(teams);
        directory.groups = directory.groups.filter((one) => one !== team);
        directory.application.assigned = directory.application.assigned.filter(
          (one) => one !== team.displayName,
        );
        return `${team.displayName} is removed`;
      }
    }
  }

  for (const [index, directory] of directories.entries())
    for (let count = 0; count < 12; count += 1) join(directory, DOMAINS[index] ?? '');

  return {
    change() {
      const index = rng.below(directories.length);
      const directory = directories[index];
      if (directory === undefined) return [];
      return Array.from({ length: 1 + rng.below(3) }, () => changeOne(directory, DOMAINS[index] ?? ''));
    },
    domainOf(name) {
      const index = directories.findIndex(({ users }) =>
        users.some(({ userPrincipalName }) => userPrincipalName.startsWith(`${name}@`)),
      );
      return DOMAINS[Math.max(index, 0)] ?? '';
    },
    revoke() {
      const enabled = directories
        .flatMap(({ users }) => users)
        .filter((person) => person.accountEnabled && !person.deleted);
      if (enabled.length < 6) return null;
      const person = rng.pick(enabled);
      person.accountEnabled = false;
      return person.userPrincipalName;
    },
    async push() {
      for (let cycles = 0; cycles < 6; cycles += 1) {
        const logs = [await runCycle(directories[0]), await runOktaCycle(directories[1])];
        const failed = logs.flat().filter(({ outcome }) => outcome === 'failure');
        const [first] = failed;
        if (first !== undefined) throw new Error(`a push failed: ${first.object}: ${first.detail}`);
        if (logs.every((log) => log.length === 0)) return;
      }
      throw new Error('the identity providers push for ever');
    },
  };
}

function makeDirectory(
  store: { baseUrl: string; token: string },
  domain: string,
  groups: readonly string[],
  flag: string,
): Directory {
  return directorySchema.parse({
    application: {
      name: domain,
      tenant_url: store.baseUrl + flag,
      secret_token: store.token,
      provisioning: 'on',
      mappings: { ...DEFAULT_MAPPINGS, sunkSshKeys: SSH_KEYS_PATH },
      assigned: [...groups],
    },
    groups: groups.map((displayName) => ({ object_id: randomUUID(), displayName })),
  });
}

function makePerson(userPrincipalName: string, sunkSshKeys: string, displayName: string): Person {
  return {
    object_id: randomUUID(),
    userPrincipalName,
    displayName,
    givenName: 'A',
    surname: 'Person',
    mail: userPrincipalName,
    jobTitle: '',
    department: '',
    manager: '',
    sunkSshKeys,
    accountEnabled: true,
    deleted: false,
    deleted_at: null,
  };
}

/** config.yaml of a node of that organisation. */
export function writeConfig(baseUrl: string): string {
  return `scim:
  base_url: ${baseUrl}
  max_wait: 1s
  budget: 1000/s
access:
  groups: [${ACCESS_GROUPS.map((name) => `{ name: ${name} }`).join(', ')}]
  sudo_groups: [{ name: ${SUDO_GROUP} }]
accounts:
  domains: [${DOMAINS.join(', ')}]
  groups: ['team-*']
`;
}
