// The backend `local`: replaces the node's own passwd, group, shadow and gshadow under the lock of the shadow tools.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { AgentError } from '../../common/errors.ts';
import type { ActualAccount } from '../../plan/actual.ts';
import { type AccountChange, isRevocation } from '../../plan/change.ts';
import type { GroupEntry, PasswdEntry } from '../../policy/posix.ts';
import type { AccountBackend } from './account-backend.ts';
import type { AccountsOnHost } from '../../plan/host-state.ts';
import { withAccountLock } from './account-lock.ts';
import type { Misfit } from './account-misfit.ts';
import { replaceFiles, type NewFile, sweepTemporaries, TEMPORARY_SUFFIX } from '../fs/atomic-file.ts';
import { decodeField, EXPIRY, readLines, splitMembers, toId } from './passwd-format.ts';
import { type AccountFile, editTexts, FILES, listFormerNames, type Texts } from './edit-accounts.ts';

/** A kill between two renames must leave no account without its shadow line, and no removed account with access. */
const REVOKING = ['shadow', 'passwd', 'gshadow', 'group'] as const;

const LOCK_TIMEOUT_MS = 30_000;
/** Nothing waits for what only tidies. */
const SWEEP_TIMEOUT_MS = 100;

/** The node's own files below `root`. */
export function openLocalAccounts(root: string): AccountBackend {
  return {
    read: readAccounts,
    readOthers: () => null,
    publication: null,
    apply: (changes, today) => applyToFiles(root, changes, today),
  };
}

/** Reads the files without the lock: each is replaced as a whole, and `applyToFiles` reads again under the lock. */
export function readLocalAccounts(root: string): AccountsOnHost {
  return readAccounts(readLocalTexts(root));
}

/**
 * Applies account, group and membership changes: reads, edits and writes under one hold of the lock. Does not write a
 * file whose text stays the same. Writes a grant group first, a revocation shadow first.
 * @param today days since the epoch, for shadow(5).
 * @throws AgentError lock_busy, host_write; nothing was changed then.
 */
export async function applyToFiles(
  root: string,
  changes: readonly AccountChange[],
  today: number,
): Promise<Misfit[]> {
  if (changes.length === 0) return [];
  return withAccountLock(root, LOCK_TIMEOUT_MS, () => {
    sweepTemporaries(path.join(root, 'etc'));
    const before = readLocalTexts(root);
    const { texts, misfits } = editTexts(before, changes, today);
    const order = changes.every(isRevocation) ? REVOKING : FILES;
    const files: NewFile[] = [];
    const backups: NewFile[] = [];
    for (const name of order) {
      if (texts[name] === before[name]) continue;
      const file = path.join(root, 'etc', name);
      const fresh = { file, encoding: 'latin1', mode: name.endsWith('shadow') ? 0o640 : 0o644 } as const;
      files.push({ ...fresh, data: texts[name] });
      // The old text stays as `passwd-` and so on, as useradd(8) and the others leave it.
      if (existsSync(file)) backups.push({ ...fresh, file: `${file}-`, data: before[name], like: file });
    }
    replaceFiles([...backups, ...files]);
    renameOwners(root, listFormerNames(changes, misfits));
    return misfits;
  });
}

/**
 * Removes what a kill left in /etc, under the lock: `block` writes account files beside a sync, and what it is about to
 * rename must stay. A lock that others hold leaves it to the next sync.
 */
export async function sweepAccountFiles(root: string): Promise<void> {
  const directory = path.join(root, 'etc');
  if (!existsSync(directory) || !readdirSync(directory).some((name) => name.endsWith(TEMPORARY_SUFFIX)))
    return;
  try {
    await withAccountLock(root, SWEEP_TIMEOUT_MS, () => sweepTemporaries(directory));
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
  }
}

/** A range in subuid(5) or subgid(5) is not for the next account of that name; usermod(8) and userdel(8) edit them alike. */
function renameOwners(root: string, former: ReadonlyMap<string, string | null>): void {
  if (former.size === 0) return;
  for (const name of ['subuid', 'subgid']) {
    const file = path.join(root, 'etc', name);
    if (!existsSync(file)) continue;
    const before = readFileSync(file, 'latin1');
    const lines = before.split('\n').flatMap((line) => {
      const [owner = '', ...rest] = line.split(':');
      const next = former.get(owner);
      return next === undefined ? [line] : next === null ? [] : [[next, ...rest].join(':')];
    });
    const data = lines.join('\n');
    if (data !== before) replaceFiles([{ file, data, encoding: 'latin1', mode: 0o644 }]);
  }
}

export function toPasswdEntry(fields: readonly string[]): PasswdEntry | null {
  const [name = '', , uid, gid, gecos = '', dir = '', shell = ''] = fields;
  const [userId, groupId] = [toId(uid), toId(gid)];
  if (userId === null || groupId === null || fields.length !== 7) return null;
  return { name, uid: userId, gid: groupId, gecos: decodeField(gecos), dir: decodeField(dir), shell };
}

/** The accounts and groups of the texts, by name; malformed lines are skipped. */
export function readAccounts(texts: Readonly<Record<'passwd' | 'shadow' | 'group', string>>): AccountsOnHost {
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

/** The node's own files below `root`; a node without gshadow has an empty one. */
export function readLocalTexts(root: string): Texts {
  const readOne = (name: AccountFile): string => {
    const file = path.join(root, 'etc', name);
    return name === 'gshadow' && !existsSync(file) ? '' : readFileSync(file, 'latin1');
  };
  return {
    group: readOne('group'),
    gshadow: readOne('gshadow'),
    passwd: readOne('passwd'),
    shadow: readOne('shadow'),
  };
}
