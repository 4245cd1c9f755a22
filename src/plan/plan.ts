// The plan: what must change for the actual host to become the desired one, as data, revocations first.
import type { DesiredAccount, DesiredHost } from '../policy/desired.ts';
import type { ActualHost } from './actual.ts';
import { CHANGE_ORDER, type Change, isRevocation } from './change.ts';

const CLOSED_DAY = 1;
const WHY_CLOSED = {
  inactive: 'deactivated at the store',
  absent: 'gone from the store',
  'no-access-group': 'no longer in any group of access.groups',
  blocked: 'blocked by an operator',
  'not-listed-here': 'not among access.users of this node',
} as const;

/** Empty when both agree. */
export function planChanges(desired: DesiredHost, actual: ActualHost): Change[] {
  const changes: Change[] = [];
  const marker = actual.groups.get(desired.marker.name);
  if (marker === undefined && desired.accounts.length > 0) {
    const { name, gid } = desired.marker;
    changes.push({
      kind: 'group-create',
      scimId: null,
      name,
      gid,
      because: 'the marker group of all managed accounts',
    });
  }
  for (const account of desired.accounts) changes.push(...planAccount(account, actual));
  const wanted = new Set(desired.accounts.map(({ entry }) => entry.name));
  for (const [name, { entry }] of actual.accounts) {
    if (!wanted.has(name))
      changes.push({
        kind: 'account-remove',
        scimId: null,
        name,
        entry,
        because: 'closed for longer than accounts.retention',
      });
  }
  for (const name of actual.keyFiles.keys()) {
    if (!wanted.has(name))
      changes.push({ kind: 'keys-remove', scimId: null, name, because: 'nobody of that name may log in' });
  }
  const groups = new Map(desired.groups.map((group) => [group.name, group]));
  for (const group of desired.groups) {
    const { scimId, name, gid } = group;
    const found = actual.groups.get(name);
    if (found === undefined)
      changes.push({ kind: 'group-create', scimId, name, gid, because: 'a group of the store' });
    const now = new Set(found?.members ?? []);
    const then = new Set(group.members);
    for (const member of then)
      if (!now.has(member))
        changes.push({
          kind: 'member-add',
          scimId,
          name,
          member,
          because: `${member} is a member at the store`,
        });
    for (const member of now)
      if (!then.has(member))
        changes.push({
          kind: 'member-remove',
          scimId,
          name,
          member,
          because: `${member} is no longer a member`,
        });
  }
  for (const [name, { gid }] of actual.groups) {
    if (name !== desired.marker.name && !groups.has(name))
      changes.push({
        kind: 'group-remove',
        scimId: null,
        name,
        gid,
        because: 'no longer a group of the store',
      });
  }
  if (desired.sudoers !== actual.sudoers) {
    const common = { scimId: null, name: 'sunk-agent' };
    changes.push(
      desired.sudoers === ''
        ? { ...common, kind: 'sudoers-remove', because: 'access.sudo_groups has no group here' }
        : {
            ...common,
            kind: 'sudoers-write',
            text: desired.sudoers,
            because: 'the groups of access.sudo_groups',
          },
    );
  }
  return sortChanges(changes);
}

/** Revocations first, grants last; within a kind by name. */
export function sortChanges(changes: readonly Change[]): Change[] {
  const rank = (change: Change): number =>
    (isRevocation(change) ? 0 : 100) + CHANGE_ORDER.indexOf(change.kind);
  return [...changes].sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function planAccount(account: DesiredAccount, actual: ActualHost): Change[] {
  const { scimId, entry, closed, keyFile } = account;
  const { name } = entry;
  const found = actual.accounts.get(name);
  const file = actual.keyFiles.get(name);
  const common = { scimId, name };
  if (closed !== null) {
    const because = WHY_CLOSED[closed];
    const changes: Change[] = [];
    if (file !== undefined) changes.push({ ...common, kind: 'keys-remove', because });
    if (found !== undefined && (found.expiryDay !== CLOSED_DAY || found.entry.shell !== entry.shell)) {
      changes.push({ ...common, kind: 'account-close', entry, reason: closed, because });
      changes.push({ ...common, kind: 'sessions-end', uid: entry.uid, because });
    }
    return changes;
  }
  const changes: Change[] = [];
  const because = 'a member of a group of access.groups';
  if (found === undefined) changes.push({ ...common, kind: 'account-create', entry, because });
  else if (found.expiryDay !== null) changes.push({ ...common, kind: 'account-reopen', entry, because });
  else if (
    found.entry.gecos !== entry.gecos ||
    found.entry.shell !== entry.shell ||
    found.entry.dir !== entry.dir ||
    found.entry.gid !== entry.gid
  ) {
    changes.push({
      ...common,
      kind: 'account-alter',
      before: found.entry,
      entry,
      because: 'the store or the configuration changed',
    });
  }
  if (!actual.homes.has(entry.dir)) {
    changes.push({
      ...common,
      kind: 'home-create',
      uid: entry.uid,
      gid: entry.gid,
      dir: entry.dir,
      because: 'there is no home yet',
    });
  }
  if (keyFile === '' && file !== undefined)
    changes.push({ ...common, kind: 'keys-remove', because: 'the store lists no key that counts' });
  if (keyFile !== '' && file !== keyFile) {
    const before = blobs(file ?? '');
    const after = blobs(keyFile);
    const gained = [...after].filter((blob) => !before.has(blob));
    const lost = [...before].filter((blob) => !after.has(blob));
    const why = gained.length + lost.length === 0 ? 'confirmed by the store' : 'the keys at the store';
    changes.push({ ...common, kind: 'keys-write', text: keyFile, gained, lost, because: why });
  }
  return changes;
}

function blobs(text: string): Set<string> {
  return new Set(text.match(/AAAA[A-Za-z0-9+/=]+/g) ?? []);
}
