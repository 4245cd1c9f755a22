// The deny list: an empty file per name in /run, whose keys the helper must not serve though the key file remains.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
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

/** Denied names; empty where the directory does not exist. */
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
