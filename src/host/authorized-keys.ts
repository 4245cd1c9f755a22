// The folder of key files, one a name, that sshd and the helper read.
import { lstatSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { replaceFiles, sweepTemporaries, syncFolder, TEMPORARY_SUFFIX } from './atomic-file.ts';
import { hasCode } from './read-text.ts';

/** What may be a file's name: an account's, so never a path. */
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/;

/** A text, and what stat(2) said of its file: every change of a file moves its ctime. */
interface Remembered {
  readonly text: string;
  readonly ino: number;
  readonly size: number;
  readonly ctimeMs: number;
}

/** What was read in this process, by folder and name: nearly all files are as they were in the pass before. */
const memory = new Map<string, ReadonlyMap<string, Remembered>>();

/** The kernel's clock for ctime moves in steps: a file that changed just now could change again within one. */
const SETTLED_MS = 2000;

/** Text of each key file, by name; only looks, so that it may be asked while a pass writes. */
export function readKeyFiles(folder: string): Map<string, string> {
  const files = new Map<string, string>();
  if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) return files;
  const before = memory.get(folder);
  const settled = new Map<string, Remembered>();
  const now = Date.now();
  for (const name of readdirSync(folder)) {
    if (!NAME.test(name) || name.endsWith(TEMPORARY_SUFFIX)) continue;
    const file = path.join(folder, name);
    const stat = lstatSync(file, { throwIfNoEntry: false });
    const known = before?.get(name);
    const isSame =
      known !== undefined &&
      stat?.ino === known.ino &&
      stat.ctimeMs === known.ctimeMs &&
      stat.size === known.size;
    const text = isSame ? known.text : readIfThere(file);
    if (text === null) continue;
    files.set(name, text);
    if (isSame) settled.set(name, known);
    else if (stat?.isFile() === true && now - stat.ctimeMs > SETTLED_MS) {
      settled.set(name, { text, ino: stat.ino, size: stat.size, ctimeMs: stat.ctimeMs });
    }
  }
  memory.set(folder, settled);
  return files;
}

/** A file that goes between the listing and the reading is not there. */
function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return null;
    throw cause;
  }
}

/**
 * Replaces key files, all of them or (at a failure before the renames) none.
 * @throws the system's error
 */
export function writeKeyFiles(folder: string, files: readonly { name: string; text: string }[]): void {
  if (files.length === 0) return;
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  sweepTemporaries(folder);
  replaceFiles(
    files.map(({ name, text }) => {
      if (!NAME.test(name)) throw new RangeError(`not an account's name: ${JSON.stringify(name)}`);
      return { file: path.join(folder, name), data: text, encoding: 'utf8', mode: 0o644 };
    }),
  );
}

/** Removes a key file for good, also if the power fails next; that it is gone already is no failure. */
export function removeKeyFile(folder: string, name: string): void {
  if (!NAME.test(name)) throw new RangeError(`not an account's name: ${JSON.stringify(name)}`);
  const file = path.join(folder, name);
  if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return;
  rmSync(file, { force: true });
  syncFolder(folder);
}
