// The backend `local`: the node's own passwd, group, shadow and gshadow, replaced as whole files under the shadow tools' lock.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { ActualAccount } from '../../plan/actual.ts';
import { type AccountChange, isRevocation } from '../../plan/change.ts';
import type { GroupEntry, PasswdEntry } from '../../policy/posix.ts';
import { memoizeLast } from '../../policy/memo.ts';
import type { AccountBackend, AccountsOnHost } from './account-backend.ts';
import { withAccountLock } from './account-lock.ts';
import type { Misfit } from './account-misfit.ts';
import { replaceFiles, type NewFile } from '../fs/atomic-file.ts';
import { type AccountFile, editTexts, EXPIRY, FILES, type Texts } from './edit-accounts.ts';
import { decodeField, readLines, splitMembers, toId } from './passwd-format.ts';
import { AT_FDCWD } from '../fs/file-stamp.ts';
import { readThroughStatCache, type StatCache } from '../fs/stat-cache.ts';

/** A kill between two renames must leave no account without its shadow line, and no key to an account that goes. */
const REVOKING = ['shadow', 'passwd', 'gshadow', 'group'] as const;

const LOCK_PATIENCE_MS = 30_000;

/** The node's own files below `root`. */
export function openLocalAccounts(root: string): AccountBackend {
  return {
    read: () => readLocalAccounts(root),
    readOthers: () => null,
    publication: null,
    apply: (changes, today) => applyToFiles(root, changes, today),
  };
}

/** What was read of each file in this process. */
const memory = new Map<string, StatCache>();

/** The texts are the same in most passes, and twice in each. */
const readAccountsOnce = rememberAccounts();

/** Reads the files without the lock: each is replaced as a whole, and `applyToFiles` looks again under the lock. */
export function readLocalAccounts(root: string): AccountsOnHost {
  return readAccountsOnce(readTexts(root, readIfChanged));
}

/**
 * Applies account, group and membership changes: read, edit, write, under one hold of the lock. Files whose text stays
 * the same are not written. A grant is written group first, a revocation shadow first.
 * @param today days since the epoch, for shadow(5).
 * @throws AgentError lock_busy, host_write; nothing has then been done.
 */
export async function applyToFiles(
  root: string,
  changes: readonly AccountChange[],
  today: number,
): Promise<Misfit[]> {
  if (changes.length === 0) return [];
  return withAccountLock(root, LOCK_PATIENCE_MS, () => {
    // What is to be written whole is read whole, and not recognised.
    const before = readTexts(root, readNow);
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
    return misfits;
  });
}

export function toPasswdEntry(fields: readonly string[]): PasswdEntry | null {
  const [name = '', , uid, gid, gecos = '', dir = '', shell = ''] = fields;
  const [userId, groupId] = [toId(uid), toId(gid)];
  if (userId === null || groupId === null || fields.length !== 7) return null;
  return { name, uid: userId, gid: groupId, gecos: decodeField(gecos), dir: decodeField(dir), shell };
}

/** What the texts of passwd(5), shadow(5) and group(5) say, by name; malformed lines say nothing. */
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

/** `readAccounts` that gives the very same answer while the texts are the same. */
export function rememberAccounts(): typeof readAccounts {
  const readOnce = memoizeLast((passwd: string, shadow: string, group: string) =>
    readAccounts({ passwd, shadow, group }),
  );
  return ({ passwd, shadow, group }) => readOnce(passwd, shadow, group);
}

function readTexts(root: string, read: (file: string) => string): Texts {
  const readOne = (name: AccountFile): string => {
    const file = path.join(root, 'etc', name);
    return name === 'gshadow' && !existsSync(file) ? '' : read(file);
  };
  return {
    group: readOne('group'),
    gshadow: readOne('gshadow'),
    passwd: readOne('passwd'),
    shadow: readOne('shadow'),
  };
}

function readNow(file: string): string {
  return readFileSync(file, 'latin1');
}

function readIfChanged(file: string): string {
  const found = readThroughStatCache({ directory: AT_FDCWD, name: file, file }, 'latin1', memory.get(file));
  if (found === null) return readNow(file);
  memory.set(file, found);
  return found.text;
}
