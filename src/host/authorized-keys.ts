// The folder of key files, one a name, that sshd and the helper read.
import { closeSync, constants, lstatSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { replaceFiles, sweepTemporaries, syncFolder, TEMPORARY_SUFFIX } from './atomic-file.ts';
import { readRemembered, type RememberedText } from './remembered-text.ts';

/** What may be a file's name: an account's, so never a path. */
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/;

interface Remembered {
  /** By name. */
  readonly files: ReadonlyMap<string, RememberedText>;
  readonly texts: ReadonlyMap<string, string>;
  /** What a kill has left. */
  readonly temporaries: readonly string[];
}

const NOTHING: Remembered = { files: new Map(), texts: new Map(), temporaries: [] };

/** What was read in this process, by folder: nearly all files are as they were in the pass before. */
const memory = new Map<string, Remembered>();

/** Text of each key file, by name; only looks, so that it may be asked while a pass writes. */
export function readKeyFiles(folder: string): ReadonlyMap<string, string> {
  const found = lookAtKeyFiles(folder, memory.get(folder) ?? NOTHING);
  memory.set(folder, found);
  return found.texts;
}

function lookAtKeyFiles(folder: string, before: Remembered): Remembered {
  if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) return NOTHING;
  const fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const found: [name: string, file: RememberedText][] = [];
    const temporaries: string[] = [];
    let same = 0;
    for (const name of readdirSync(folder)) {
      const known = before.files.get(name);
      if (known === undefined) {
        if (name.endsWith(TEMPORARY_SUFFIX)) temporaries.push(name);
        if (!NAME.test(name) || name.endsWith(TEMPORARY_SUFFIX)) continue;
      }
      const file = readRemembered({ folder: fd, name, file: `${folder}/${name}` }, 'utf8', known);
      if (file === null) continue;
      found.push([name, file]);
      if (file === known) same += 1;
    }
    if (same === found.length && same === before.files.size) return { ...before, temporaries };
    const texts = new Map(found.map(([name, { text }]) => [name, text]));
    return { files: new Map(found), texts, temporaries };
  } finally {
    closeSync(fd);
  }
}

/**
 * Replaces key files, all of them or (at a failure before the renames) none.
 * @throws the system's error
 */
export function writeKeyFiles(folder: string, files: readonly { name: string; text: string }[]): void {
  if (files.length === 0) return;
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  // To list a folder of 100,000 files a second time takes longer than to write one.
  sweepTemporaries(folder, memory.get(folder)?.temporaries);
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
