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
 * Denies these keys of a name, beside those that are denied already.
 * @param keys base64, as they stand in the key file.
 * @returns false: the system refused.
 */
export function addDeniedKeys(directory: string, name: string, keys: readonly string[]): boolean {
  try {
    const file = path.join(directory, name);
    const present = existsSync(file) ? readFileSync(file, 'utf8') : null;
    if (present === '' || keys.length === 0) return true;
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    const all = new Set([...(present ?? '').split('\n').filter(Boolean), ...keys]);
    writeFileSync(file, [...all].map((key) => `${key}\n`).join(''), { mode: 0o644 });
    return true;
  } catch (error) {
    if (isSystemError(error)) return false;
    throw error;
  }
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
