// Who gets no key although the key file cannot be removed: an empty file a name in /run, for which the helper looks first.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isSystemError } from '../../common/system-error.ts';

/** @returns whether that could be done. */
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

/** Names; none where the directory is not there, or is none. */
export function listDenied(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (isSystemError(error)) return [];
    throw error;
  }
}

/** The key file is what it should be again. */
export function removeDenied(directory: string, name: string): void {
  rmSync(path.join(directory, name), { force: true });
}
