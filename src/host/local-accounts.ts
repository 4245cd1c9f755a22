// The backend `local`: the node's own passwd, group, shadow and gshadow, edited as whole files under the shadow tools' lock.
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Change, isRevocation } from '../plan/change.ts';
import type { ActualAccount } from '../plan/actual.ts';
import type { GroupEntry, PasswdEntry } from '../policy/posix.ts';
import { withAccountLock } from './account-lock.ts';
import { replaceFiles, type NewFile } from './atomic-file.ts';
import { decodeField, editLines, encodeField, type LineEdit, readLines } from './passwd-format.ts';

const FILES = ['group', 'gshadow', 'passwd', 'shadow'] as const;
type AccountFile = (typeof FILES)[number];
type Texts = Record<AccountFile, string>;

/** Ids below this are the node's own, whatever a change says. */
const FIRST_ID = 1000;
const LOCK_PATIENCE_MS = 30_000;
/** shadow(5): day 1 of the epoch closes an account, also for sshd with UsePAM no. */
const CLOSED_DAY = '1';
const EXPIRY = 7;

/** Everything the four files say, by name; foreign lines included. */
export interface LocalAccounts {
  readonly accounts: ReadonlyMap<string, ActualAccount>;
  readonly groups: ReadonlyMap<string, GroupEntry>;
}

/** Reads the files without the lock: each is replaced as a whole, and `applyToFiles` looks again under the lock. */
export function readLocalAccounts(root: string): LocalAccounts {
  const texts = readTexts(root);
  const shadow = readLines(texts.shadow);
  const accounts = new Map<string, ActualAccount>();
  for (const [name, fields] of readLines(texts.passwd)) {
    const entry = toPasswdEntry(fields);
    const day = shadow.get(name)?.[EXPIRY] ?? '';
    if (entry !== null) accounts.set(name, { entry, expiryDay: /^\d+$/.test(day) ? Number(day) : null });
  }
  const groups = new Map<string, GroupEntry>();
  for (const [name, fields] of readLines(texts.group)) {
    const gid = toId(fields[2]);
    if (gid !== null) groups.set(name, { name, gid, members: splitMembers(fields[3]) });
  }
  return { accounts, groups };
}

/** A change that did not fit what was found under the lock; nothing of it was done. */
export interface Misfit {
  readonly change: Change;
  readonly problem: string;
}

/**
 * Applies account, group and membership changes: read, edit, write, under one hold of the lock. Files whose text stays
 * the same are not written. A grant is written group first, a revocation shadow first.
 * @param today days since the epoch, for shadow(5).
 * @throws AgentError lock_busy, or the system's error; nothing has then been done.
 */
export async function applyToFiles(
  root: string,
  changes: readonly Change[],
  today: number,
): Promise<Misfit[]> {
  if (changes.length === 0) return [];
  return withAccountLock(root, LOCK_PATIENCE_MS, () => {
    const before = readTexts(root);
    const { texts, misfits } = editTexts(before, changes, today);
    const order = changes.every(isRevocation) ? [...FILES].reverse() : FILES;
    const files = order.flatMap((name): NewFile[] => {
      if (texts[name] === before[name]) return [];
      const file = path.join(root, 'etc', name);
      const mode = name.endsWith('shadow') ? 0o640 : 0o644;
      return [{ file, data: texts[name], encoding: 'latin1', mode }];
    });
    for (const { file } of files) if (existsSync(file)) copyFileSync(file, `${file}-`);
    replaceFiles(files);
    return misfits;
  });
}

/** The same on texts alone. */
export function editTexts(
  before: Readonly<Texts>,
  changes: readonly Change[],
  today: number,
): { texts: Texts; misfits: Misfit[] } {
  const edits: Record<AccountFile, Map<string, LineEdit>> = {
    group: new Map(),
    gshadow: new Map(),
    passwd: new Map(),
    shadow: new Map(),
  };
  const misfits: Misfit[] = [];
  const ground = survey(before);
  /** Edits of one name follow each other. */
  const edit = (file: AccountFile, name: string, next: LineEdit): void => {
    const first = edits[file].get(name);
    edits[file].set(name, first === undefined ? next : (fields) => next(first(fields)));
  };
  for (const change of changes) {
    const problem = findMisfit(change, ground);
    if (problem !== null) misfits.push({ change, problem });
    else editFor(change, edit, today, ground);
  }
  const texts = { ...before };
  for (const file of FILES) {
    // A node without gshadow has none afterwards either.
    if (file === 'gshadow' && before.gshadow === '') continue;
    texts[file] = editLines(before[file], edits[file]);
  }
  return { texts, misfits };
}

type Edit = (file: AccountFile, name: string, next: LineEdit) => void;

function editFor(change: Change, edit: Edit, today: number, ground: Ground): void {
  const { name } = change;
  switch (change.kind) {
    case 'account-close':
      edit('shadow', name, (fields) => withExpiry(fields ?? newShadow(name, today), CLOSED_DAY));
      edit('passwd', name, (fields) => fields?.with(6, change.entry.shell) ?? null);
      return;
    case 'account-remove':
      edit('passwd', name, () => null);
      edit('shadow', name, () => null);
      ground.uids.delete(change.entry.uid);
      ground.accounts.delete(name);
      return;
    case 'account-create':
      edit('passwd', name, () => renderPasswd(change.entry));
      edit('shadow', name, (fields) => fields ?? newShadow(name, today));
      ground.accounts.set(name, change.entry.uid);
      ground.uids.set(change.entry.uid, name);
      return;
    case 'account-alter':
      // A rename edits the line where it stands; the hash and the dates of shadow stay.
      edit('passwd', change.before.name, () => renderPasswd(change.entry));
      if (change.before.name !== name)
        edit('shadow', change.before.name, (fields) => fields?.with(0, name) ?? null);
      return;
    case 'account-reopen':
      edit('passwd', name, () => renderPasswd(change.entry));
      edit('shadow', name, (fields) => withExpiry(fields ?? newShadow(name, today), ''));
      return;
    case 'group-create':
      edit('group', name, () => [name, 'x', String(change.gid), '']);
      edit('gshadow', name, () => [name, '!', '', '']);
      ground.groups.set(name, change.gid);
      ground.gids.set(change.gid, name);
      return;
    case 'group-remove':
      edit('group', name, () => null);
      edit('gshadow', name, () => null);
      return;
    case 'member-add':
      for (const file of ['group', 'gshadow'] as const) {
        edit(file, name, (fields) => withMembers(fields, (members) => [...members, change.member].sort()));
      }
      return;
    case 'member-remove':
      for (const file of ['group', 'gshadow'] as const) {
        edit(file, name, (fields) =>
          withMembers(fields, (members) => members.filter((member) => member !== change.member)),
        );
      }
      return;
    case 'keys-remove':
    case 'keys-write':
    case 'sessions-end':
    case 'sudoers-remove':
    case 'sudoers-write':
    case 'home-create':
      throw new TypeError(`${change.kind} is not for the account files`);
  }
}

/** Who is there now, so that a plan made before the lock cannot overwrite somebody who came in between. */
interface Ground {
  readonly accounts: Map<string, number>;
  readonly uids: Map<number, string>;
  readonly groups: Map<string, number>;
  readonly gids: Map<number, string>;
}

function survey(texts: Readonly<Texts>): Ground {
  const ground: Ground = { accounts: new Map(), uids: new Map(), groups: new Map(), gids: new Map() };
  for (const [file, names, ids] of [
    ['passwd', ground.accounts, ground.uids],
    ['group', ground.groups, ground.gids],
  ] as const) {
    for (const [name, fields] of readLines(texts[file])) {
      const id = toId(fields[2]);
      if (id === null) continue;
      names.set(name, id);
      if (!ids.has(id)) ids.set(id, name);
    }
  }
  return ground;
}

function findMisfit(change: Change, ground: Ground): string | null {
  const { name } = change;
  switch (change.kind) {
    case 'account-create': {
      const { uid } = change.entry;
      if (uid < FIRST_ID) return `uid ${uid} is below ${FIRST_ID}`;
      const found = ground.accounts.get(name);
      // A line that agrees, from before the ledger was lost, is taken back.
      if (found === uid) return null;
      if (found !== undefined) return `meanwhile somebody made an account ${name}`;
      const other = ground.uids.get(uid);
      return other === undefined ? null : `meanwhile uid ${uid} belongs to ${other}`;
    }
    case 'group-create': {
      if (change.gid < FIRST_ID) return `gid ${change.gid} is below ${FIRST_ID}`;
      if (ground.groups.has(name)) return `meanwhile somebody made a group ${name}`;
      const other = ground.gids.get(change.gid);
      return other === undefined ? null : `meanwhile gid ${change.gid} belongs to ${other}`;
    }
    case 'account-close':
    case 'account-remove':
    case 'account-alter':
    case 'account-reopen': {
      const uid = ground.accounts.get(change.kind === 'account-alter' ? change.before.name : name);
      if (uid === undefined) return `the account ${name} is gone from passwd`;
      return uid === change.entry.uid ? null : `the account ${name} has uid ${uid}, not ${change.entry.uid}`;
    }
    case 'group-remove': {
      const gid = ground.groups.get(name);
      if (gid === undefined) return `the group ${name} is gone`;
      return gid === change.gid ? null : `the group ${name} has gid ${gid}, not ${change.gid}`;
    }
    case 'member-add':
    case 'member-remove': {
      const gid = ground.groups.get(name);
      if (gid === undefined) return `there is no group ${name}`;
      return gid < FIRST_ID ? `the group ${name} is the system's` : null;
    }
    case 'keys-remove':
    case 'keys-write':
    case 'sessions-end':
    case 'sudoers-remove':
    case 'sudoers-write':
    case 'home-create':
      return null;
  }
}

function renderPasswd({ name, uid, gid, gecos, dir, shell }: PasswdEntry): string[] {
  return [name, 'x', String(uid), String(gid), encodeField(gecos), encodeField(dir), shell];
}

/** `*`: no password ever matches, and keys work; a leading `!` would lock them out of sshd without PAM. */
function newShadow(name: string, today: number): string[] {
  return [name, '*', String(today), '0', '99999', '7', '', '', ''];
}

/** A line that is too short, which the shadow tools would call malformed, is filled up. */
function withExpiry(fields: readonly string[], day: string): string[] {
  return Array.from({ length: Math.max(9, fields.length) }, (_, index) =>
    index === EXPIRY ? day : (fields[index] ?? ''),
  );
}

function withMembers(
  fields: readonly string[] | null,
  change: (members: readonly string[]) => readonly string[],
) {
  if (fields === null) return null;
  const members = splitMembers(fields[3]);
  return [...fields.slice(0, 3), [...new Set(change(members))].join(',')];
}

function splitMembers(field: string | undefined): string[] {
  return (field ?? '').split(',').filter((member) => member !== '');
}

function toPasswdEntry(fields: readonly string[]): PasswdEntry | null {
  const [name = '', , uid, gid, gecos = '', dir = '', shell = ''] = fields;
  const [userId, groupId] = [toId(uid), toId(gid)];
  if (userId === null || groupId === null || fields.length !== 7) return null;
  return { name, uid: userId, gid: groupId, gecos: decodeField(gecos), dir: decodeField(dir), shell };
}

function toId(field: string | undefined): number | null {
  return field !== undefined && /^\d{1,10}$/.test(field) ? Number(field) : null;
}

function readTexts(root: string): Texts {
  const read = (name: AccountFile): string => {
    const file = path.join(root, 'etc', name);
    if (name === 'gshadow' && !existsSync(file)) return '';
    return readFileSync(file, 'latin1');
  };
  return { group: read('group'), gshadow: read('gshadow'), passwd: read('passwd'), shadow: read('shadow') };
}
