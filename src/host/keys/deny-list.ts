// The deny list in /run: what the helper must not serve though the key file could not be changed. The agent writes it, one
// file a name: an empty one denies all keys of that name, one with keys in base64, a line each, denies those. (The block
// list, /etc/sunk-agent/blocked, is the operators': the people that the agent disables, and the keys that it leaves out.)
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isSystemError } from '../../common/system-error.ts';

/** @returns false: the system refused. */
export function addDenied(directory: string, name: string): boolean {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    writeFileSync(path.join(directory, name), '', { mode: 0o644 });
    return true;
  } catch (error) {
    if (isSystemError(error)) return false;
    throw error;
  }
}

/**
 * Denies these keys of a name, and no others.
 * @param keys base64, as they stand in the key file; none: the name leaves the list.
 * @returns false: the system refused.
 */
export function setDeniedKeys(directory: string, name: string, keys: readonly string[]): boolean {
  try {
    if (keys.length === 0) removeDenied(directory, name);
    else {
      mkdirSync(directory, { recursive: true, mode: 0o755 });
      writeFileSync(path.join(directory, name), keys.map((key) => `${key}\n`).join(''), { mode: 0o644 });
    }
    return true;
  } catch (error) {
    if (isSystemError(error)) return false;
    throw error;
  }
}

/**
 * Key files as the helper serves them: without the lines of denied keys. Such a text ends in an empty line and one of a
 * name that is denied whole has nothing else, as no key file should, so that each sync tries to write or remove the file.
 */
export function leaveOutDenied(
  directory: string,
  files: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const names = listDenied(directory);
  if (names.length === 0) return files;
  const served = new Map(files);
  for (const name of names) {
    const denied = readDenied(path.join(directory, name));
    const lines = denied === null ? [] : (files.get(name) ?? '').split('\n').filter(Boolean);
    const kept = lines.filter((line) => !denied?.some((key) => line.includes(key)));
    served.set(name, `${kept.map((line) => `${line}\n`).join('')}\n`);
  }
  return served;
}

/** null: every key of the name is denied. */
function readDenied(file: string): string[] | null {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  return text === '' || text.includes('\n\n') ? null : text.split('\n').filter(Boolean);
}

/** Names of which every key is denied. */
export function listFullyDenied(directory: string): string[] {
  return listDenied(directory).filter(
    (name) => statSync(path.join(directory, name), { throwIfNoEntry: false })?.size === 0,
  );
}

/** Names of which a key is denied; empty where the directory does not exist. */
export function listDenied(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (isSystemError(error)) return [];
    throw error;
  }
}

/** For a name whose key file is as it should be again. */
export function removeDenied(directory: string, name: string): void {
  rmSync(path.join(directory, name), { force: true });
}
