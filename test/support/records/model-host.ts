// A host as plain data, to which changes are applied as host/ would: for properties of plans.
import type { ActualAccount, ActualState, Offboarded } from '../../../src/plan/actual.ts';
import { NO_LINES } from '../../../src/plan/account-lines.ts';
import type { HostState } from '../../../src/plan/host-state.ts';
import type { Change } from '../../../src/plan/change.ts';
import type { HomeOnHost } from '../../../src/policy/identity/own-home.ts';
import type { GroupEntry } from '../../../src/policy/posix.ts';
import { FACTS } from './organisation.ts';

export interface ModelHost extends ActualState {
  readonly accounts: Map<string, ActualAccount>;
  readonly groups: Map<string, GroupEntry>;
  readonly keyFiles: Map<string, string>;
  readonly homes: Map<string, HomeOnHost>;
  readonly sessions: Set<number>;
  readonly jobs: Set<number>;
  readonly offboarded: Map<number, Offboarded>;
  readonly rootShells: Set<number>;
  sudoers: string;
}

export function makeHost(): ModelHost {
  return {
    accounts: new Map(),
    groups: new Map(),
    keyFiles: new Map(),
    homes: new Map(),
    sessions: new Set(),
    jobs: new Set(),
    offboarded: new Map(),
    rootShells: new Set(),
    sudoers: '',
  };
}

/** Applies in the order given; throws on what no host could do. */
export function applyChanges(host: ModelHost, changes: readonly Change[]): void {
  for (const change of changes) applyChange(host, change);
}

function applyChange(host: ModelHost, change: Change): void {
  const { name } = change;
  switch (change.kind) {
    case 'keys-remove':
      demand(host.keyFiles.delete(name), change);
      return;
    case 'account-close':
      demand(host.accounts.has(name), change);
      host.accounts.set(name, { entry: change.entry, expiryDay: 1 });
      return;
    case 'sessions-end':
      host.sessions.delete(change.uid);
      return;
    case 'jobs-disable':
      host.jobs.delete(change.uid);
      host.offboarded.set(change.uid, { needsHook: change.needsHook });
      return;
    case 'jobs-restore':
      demand(host.offboarded.delete(change.uid), change);
      return;
    case 'hook-run':
      demand(host.offboarded.get(change.uid)?.needsHook === true, change);
      host.offboarded.set(change.uid, { needsHook: false });
      return;
    case 'sudoers-remove':
    case 'sudoers-revoke':
      for (const { uid, keepsAccount } of change.leavers) if (keepsAccount) host.rootShells.add(uid);
      host.sudoers = change.kind === 'sudoers-revoke' ? change.text : '';
      return;
    case 'root-shells-end':
      demand(host.rootShells.delete(change.uid), change);
      return;
    case 'member-remove':
    case 'member-add': {
      const group = host.groups.get(name);
      demand(group !== undefined, change);
      const others = group!.members.filter((member) => member !== change.member);
      demand((others.length === group!.members.length) === (change.kind === 'member-add'), change);
      const members = change.kind === 'member-add' ? [...others, change.member].sort() : others;
      host.groups.set(name, { ...group!, members });
      return;
    }
    case 'group-remove':
      demand(host.groups.delete(name), change);
      return;
    case 'account-remove':
      demand(host.accounts.delete(name), change);
      return;
    case 'group-create':
      host.groups.set(name, { name, gid: change.gid, members: host.groups.get(name)?.members ?? [] });
      return;
    case 'group-alter': {
      const group = host.groups.get(name);
      demand(group?.gid === change.before, change);
      host.groups.set(name, { ...group!, gid: change.gid });
      return;
    }
    case 'account-inherit':
    case 'group-inherit':
    case 'slurm-account-add':
    case 'slurm-account-alter':
    case 'slurm-association-add':
    case 'slurm-association-remove':
    case 'slurm-default-set':
    case 'slurm-jobs-cancel':
    case 'slurm-submit-allow':
    case 'slurm-submit-stop':
      // No publisher, and no Slurm: a plan for this host has none.
      demand(false, change);
      return;
    case 'account-create':
      demand(!host.accounts.has(name), change);
      host.accounts.set(name, { entry: change.entry, expiryDay: null });
      return;
    case 'account-alter': {
      const before = host.accounts.get(change.before.name);
      demand(before !== undefined, change);
      host.accounts.delete(change.before.name);
      host.accounts.set(name, { ...before!, entry: change.entry });
      return;
    }
    case 'account-reopen':
      demand(host.accounts.has(name), change);
      host.accounts.set(name, { entry: change.entry, expiryDay: null });
      return;
    case 'home-create':
      demand(!host.homes.has(change.dir), change);
      host.homes.set(change.dir, { found: 'directory', uid: change.uid, parent: 'closed', detail: '' });
      return;
    case 'sudoers-write':
      host.sudoers = change.text;
      return;
    case 'keys-write':
      host.keyFiles.set(name, change.text);
      return;
  }
}

function demand(isPossible: boolean, change: Change): void {
  if (!isPossible) throw new Error(`cannot apply ${JSON.stringify(change)}`);
}

/** An independent copy. */
export function copyHost(host: ModelHost): ModelHost {
  return {
    accounts: new Map(host.accounts),
    groups: new Map(host.groups),
    keyFiles: new Map(host.keyFiles),
    homes: new Map(host.homes),
    sessions: new Set(host.sessions),
    jobs: new Set(host.jobs),
    offboarded: new Map(host.offboarded),
    rootShells: new Set(host.rootShells),
    sudoers: host.sudoers,
  };
}

/** The same host as it is read: with the lines of local accounts and groups of FACTS beside the managed ones. */
export function toHostState(host: ModelHost): HostState {
  const {
    foreignAccounts,
    foreignGroups,
    inUse: _inUse,
    keyFiles: _keyFiles,
    homes: _homes,
    unbound: _unbound,
    published: _published,
    ...node
  } = FACTS;
  const { accounts, groups, ...rest } = host;
  const local = foreignAccounts.map(({ name, uid }): [string, ActualAccount] => [
    name,
    {
      entry: { name, uid, gid: uid, gecos: '', dir: `/local/${name}`, shell: '/bin/sh' },
      expiryDay: null,
    },
  ]);
  return {
    ...rest,
    own: {
      accounts: new Map([...local, ...accounts]),
      groups: new Map([
        ...foreignGroups.map((group): [string, GroupEntry] => [group.name, group]),
        ...groups,
      ]),
    },
    others: null,
    published: null,
    lines: NO_LINES,
    services: [],
    node,
  };
}
