// The folder of key files, one a name, that sshd and the helper read.
import { lstatSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { replaceFiles, TEMPORARY_SUFFIX } from './atomic-file.ts';

/** What may be a file's name: an account's, so never a path. */
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/;

/** Text of each key file, by name. Temporaries that a crash left are removed; anything else that is odd is left alone. */
export function readKeyFiles(folder: string): Map<string, string> {
  const files = new Map<string, string>();
  if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) return files;
  for (const name of readdirSync(folder)) {
    const file = path.join(folder, name);
    if (name.endsWith(TEMPORARY_SUFFIX)) rmSync(file, { force: true });
    else if (NAME.test(name)) files.set(name, readFileSync(file, 'utf8'));
  }
  return files;
}

/**
 * Replaces key files, all of them or (at a failure before the renames) none.
 * @throws the system's error
 */
export function writeKeyFiles(folder: string, files: readonly { name: string; text: string }[]): void {
  if (files.length === 0) return;
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  replaceFiles(
    files.map(({ name, text }) => {
      if (!NAME.test(name)) throw new RangeError(`not an account's name: ${JSON.stringify(name)}`);
      return { file: path.join(folder, name), data: text, encoding: 'utf8', mode: 0o644 };
    }),
  );
}

/** Removes a key file; that it is gone already is no failure. */
export function removeKeyFile(folder: string, name: string): void {
  if (!NAME.test(name)) throw new RangeError(`not an account's name: ${JSON.stringify(name)}`);
  rmSync(path.join(folder, name), { force: true });
}
