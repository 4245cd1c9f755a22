// The directory of key files, one per account name, that sshd and the helper read.
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { replaceFiles, sweepTemporaries, TEMPORARY_SUFFIX } from '../fs/atomic-file.ts';
import { fillDirectory, type NewEntry } from './fill-directory.ts';
import { syncToDisk } from '../fs/durable.ts';
import { readKeyFile } from '../../policy/keys/key-file-lines.ts';
import { hasCode } from '../fs/read-text.ts';

/** Names of key files are account names, so never a path. */
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/;

/**
 * Text of each key file, by name; reads only, so it may be called while a sync writes. At 10,000 people it takes 0.15 s,
 * which is less than what keeping the texts in memory would have to save.
 */
export function readKeyFiles(directory: string): ReadonlyMap<string, string> {
  if (lstatSync(directory, { throwIfNoEntry: false }) === undefined) return new Map();
  const texts = new Map<string, string>();
  for (const name of readdirSync(directory)) {
    const text = isKeyFile(name) ? readIfThere(`${directory}/${name}`) : null;
    if (text !== null) texts.set(name, text);
  }
  return texts;
}

/** Text of one account's key file; null: there is none that can be read. */
export function readKeyFileOf(directory: string, name: string): string | null {
  try {
    return isKeyFile(name) ? readIfThere(`${directory}/${name}`) : null;
  } catch {
    // A revocation asks first: a file that cannot be read must not delay it, and the removal reports the fault.
    return null;
  }
}

/** null: it was removed since it was listed. */
function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return null;
    throw cause;
  }
}

const isKeyFile = (name: string): boolean => NAME.test(name) && !name.endsWith(TEMPORARY_SUFFIX);

/**
 * Replaces key files: all of them, or none if it fails before the renames.
 * @throws the system's error
 */
export function writeKeyFiles(directory: string, files: readonly NewEntry[]): void {
  if (files.length === 0) return;
  for (const { name } of files)
    if (!NAME.test(name)) throw new RangeError(`not an account name: ${JSON.stringify(name)}`);
  if (isEmpty(directory) && fillDirectory(directory, files, 0o755)) return;
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  sweepTemporaries(directory);
  replaceFiles(
    files.map(({ name, text }) => ({
      file: path.join(directory, name),
      data: text,
      encoding: 'utf8',
      mode: 0o644,
    })),
  );
}

/** A missing directory counts as empty; a symbolic link in its place is an administrator's, and stays. */
function isEmpty(directory: string): boolean {
  const found = lstatSync(directory, { throwIfNoEntry: false });
  return found === undefined || (found.isDirectory() && readdirSync(directory).length === 0);
}

/** Removes a key file durably, also if the power fails next; a missing file is no error. */
export function removeKeyFile(directory: string, name: string): void {
  if (!NAME.test(name)) throw new RangeError(`not an account name: ${JSON.stringify(name)}`);
  const file = path.join(directory, name);
  if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return;
  rmSync(file, { force: true });
  syncToDisk(directory);
}

/** The keys in the present file of a name, in base64, that are not in this text. */
export function findSuperfluousKeys(directory: string, name: string, text: string): string[] {
  const wanted = new Set(findBase64(text));
  return findBase64(readIfThere(path.join(directory, name)) ?? '').filter((key) => !wanted.has(key));
}

const findBase64 = (text: string): string[] =>
  readKeyFile(text).flatMap((line) => /AAAA[A-Za-z0-9+/=]+/.exec(line.text)?.[0] ?? []);
