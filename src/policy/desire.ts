// The policy: from records, ledger, node and time to the host as it should be. Pure; the order of input never matters.
import type { Config, GroupReference } from '../config.ts';
import type {
  AcceptedKey,
  Binding,
  ClosedBecause,
  DesiredAccount,
  DesiredGroup,
  DesiredHost,
  MirroredGroup,
  MirroredUser,
  NodeFacts,
  Refusal,
} from './desired.ts';
import { renderKeyFile } from './key-file.ts';
import { judgeKeys, settleSharedKeys } from './key-policy.ts';
import type { PasswdEntry } from './posix.ts';
import { isReservedId, isReservedName } from './reserved.ts';
import { readKeys } from './ssh-key.ts';
import { toPosixName } from './username.ts';

export interface PolicyInput {
  readonly users: readonly MirroredUser[];
  readonly groups: readonly MirroredGroup[];
  readonly bindings: readonly Binding[];
  readonly facts: NodeFacts;
  readonly config: Config;
  /** Epoch seconds. */
  readonly now: number;
  readonly blocked: readonly string[];
}

const NOLOGIN = '/usr/sbin/nologin';

/** Decides what this node should look like. */
export function desire(input: PolicyInput): DesiredHost {
  const { config, now, facts } = input;
  const refusals: Refusal[] = [];
  const refuse = (kind: 'User' | 'Group', scimId: string, code: string, detail: string): void =>
    void refusals.push({ kind, scimId, code, detail });
  const groups = input.groups.filter(({ absent }) => !absent).map(({ record }) => record);
  const resolve = (references: readonly GroupReference[]) =>
    references.flatMap(({ name, id }) => {
      const found = groups
        .filter((group) => (id === null ? group.name === name : group.id === id))
        .sort((a, b) => byText(a.id, b.id));
      return found.slice(0, 1);
    });
  const accessGroups = resolve(config.access.groups);
  const sudoGroups = resolve(config.access.sudo_groups);
  const admitted = new Set(accessGroups.flatMap(({ members }) => members));
  const bound = new Map(input.bindings.map((binding) => [`${binding.kind} ${binding.scimId}`, binding]));
  const bindings: Binding[] = [];

  const taken = {
    names: new Set([...facts.foreignAccounts.map(({ name }) => name), ...facts.powerfulNames]),
    ids: new Set(facts.foreignAccounts.map(({ uid }) => uid)),
  };
  for (const { kind, name, id } of input.bindings) {
    if (kind !== 'account') continue;
    taken.names.add(name);
    taken.ids.add(id);
  }

  const people = [...input.users].sort(
    (a, b) => byText(a.record.created ?? '9', b.record.created ?? '9') || byText(a.record.id, b.record.id),
  );
  const open: { person: MirroredUser; binding: Binding; keys: AcceptedKey[] }[] = [];
  const accounts: DesiredAccount[] = [];
  for (const person of people) {
    const { record } = person;
    const reason = closedBecause(person, admitted, input);
    let binding = bound.get(`account ${record.id}`);
    if (binding === undefined) {
      if (reason !== null) continue;
      const read = toPosixName(record.username ?? record.userName, config.accounts.domains);
      if (!read.ok) {
        refuse('User', record.id, read.code, read.detail);
        continue;
      }
      const fault = findFault(read.name, record.uid, taken, config);
      if (fault !== null || record.uid === null) {
        refuse('User', record.id, fault?.code ?? 'uid-missing', fault?.detail ?? 'the store gives no uid');
        continue;
      }
      taken.names.add(read.name);
      taken.ids.add(record.uid);
      binding = {
        kind: 'account',
        scimId: record.id,
        name: read.name,
        id: record.uid,
        gid: config.accounts.primary_gid,
        home: config.accounts.home.replaceAll('%u', read.name),
        boundAt: now,
        closedAt: null,
      };
      bindings.push(binding);
    }
    if (reason === null) {
      if (binding.closedAt !== null) bindings.push({ ...binding, closedAt: null });
      const { accepted, refused } = judgeKeys(readKeys(record.keys), config.keys, facts.keyTypes);
      for (const { code, detail } of refused) refuse('User', record.id, code, detail);
      open.push({ person, binding, keys: accepted });
      continue;
    }
    const closedAt = binding.closedAt ?? now;
    if (binding.closedAt === null) bindings.push({ ...binding, closedAt });
    if (now - closedAt > config.accounts.retention) continue;
    accounts.push({
      scimId: record.id,
      entry: { ...entryOf(person, binding), shell: NOLOGIN },
      closed: reason,
      keys: [],
      keyFile: '',
      needsMarker: false,
    });
  }

  const shared = settleSharedKeys(
    open.map(({ person, keys }) => ({
      scimId: person.record.id,
      created: person.record.created,
      fingerprints: keys.map(({ fingerprint }) => fingerprint),
    })),
  );
  for (const { person, binding, keys } of open) {
    const { id } = person.record;
    const own = keys.filter(({ fingerprint }) => {
      const claim = shared.get(fingerprint);
      if (claim === undefined || claim.owner === id) return !input.blocked.includes(fingerprint);
      refuse('User', id, 'key-shared', `the key ${fingerprint} is ${claim.owner}'s, who was created earlier`);
      return false;
    });
    const expiresAt = config.keys.max_age === null ? null : person.confirmedAt + config.keys.max_age;
    accounts.push({
      scimId: id,
      entry: entryOf(person, binding),
      closed: null,
      keys: own,
      keyFile: renderKeyFile(own, id, expiresAt, facts.expiry),
      needsMarker: false,
    });
  }
  accounts.sort((a, b) => byText(a.entry.name, b.entry.name));

  const nameOf = new Map(
    accounts.filter(({ closed }) => closed === null).map(({ scimId, entry }) => [scimId, entry.name]),
  );
  const desiredGroups: DesiredGroup[] = [];
  const foreignGroups = new Set(facts.foreignGroups.flatMap(({ name, gid }) => [name, String(gid)]));
  for (const group of new Set([...accessGroups, ...sudoGroups])) {
    const { id, gid } = group;
    const name = group.name.toLowerCase();
    if (
      gid === null ||
      !/^[a-z][a-z0-9_-]{0,30}$/.test(name) ||
      isReservedName(name) ||
      isReservedId(gid) ||
      foreignGroups.has(name) ||
      foreignGroups.has(String(gid))
    ) {
      refuse('Group', id, 'group-refused', `${JSON.stringify(group.name)} cannot be a Unix group here`);
      continue;
    }
    if (!bound.has(`group ${id}`))
      bindings.push({
        kind: 'group',
        scimId: id,
        name,
        id: gid,
        gid: null,
        home: null,
        boundAt: now,
        closedAt: null,
      });
    const members = group.members.flatMap((member) => nameOf.get(member) ?? []).sort(byText);
    desiredGroups.push({ scimId: id, name, gid, members });
  }
  desiredGroups.sort((a, b) => byText(a.name, b.name));
  const sudo = desiredGroups.filter(({ scimId }) => sudoGroups.some(({ id }) => id === scimId));

  return {
    marker: { name: config.accounts.primary_group, gid: config.accounts.primary_gid, members: [] },
    accounts,
    groups: desiredGroups,
    sudoers: sudo.map(({ gid }) => `%#${gid} ALL=(ALL:ALL) NOPASSWD: ALL\n`).join(''),
    bindings,
    refusals,
  };

  function entryOf({ record }: MirroredUser, binding: Binding): PasswdEntry {
    return {
      name: binding.name,
      uid: binding.id,
      gid: binding.gid ?? config.accounts.primary_gid,
      gecos: (record.displayName ?? '').replace(/[^\p{L}\p{N} .'-]/gu, '').slice(0, 80),
      dir: binding.home ?? '/nonexistent',
      shell: config.accounts.shell,
    };
  }
}

function closedBecause(
  { record, absent }: MirroredUser,
  admitted: ReadonlySet<string>,
  { config, blocked }: PolicyInput,
): ClosedBecause | null {
  const isOverridden = config.overrides.some(
    ({ id, name, block }) => block === true && (id === record.id || name === record.userName),
  );
  if (
    isOverridden ||
    blocked.some((entry) => [record.id, record.userName, record.userName.split('@')[0]].includes(entry))
  )
    return 'blocked';
  if (!record.active) return 'inactive';
  if (absent) return 'absent';
  if (!admitted.has(record.id)) return 'no-access-group';
  if (config.access.users.length > 0 && !config.access.users.includes(record.userName))
    return 'not-listed-here';
  return null;
}

function findFault(
  name: string,
  uid: number | null,
  taken: { names: ReadonlySet<string>; ids: ReadonlySet<number> },
  config: Config,
) {
  if (isReservedName(name))
    return { code: 'name-reserved', detail: `the name ${name} means power on a node` };
  if (taken.names.has(name))
    return { code: 'name-taken', detail: `the name ${name} belongs to somebody else` };
  if (uid === null) return null;
  const [low, high] = config.accounts.id_range;
  if (uid < low || uid > high || isReservedId(uid))
    return { code: 'uid-range', detail: `uid ${uid} is outside of accounts.id_range` };
  if (taken.ids.has(uid)) return { code: 'uid-taken', detail: `uid ${uid} belongs to somebody else` };
  return null;
}

function byText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
