// The directory in which off-boarding keeps what it set aside: one directory per uid, which also says that it happened.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Offboarded } from '../../plan/actual.ts';
import { syncToDisk } from '../fs/durable.ts';
import { listDirectory } from '../fs/list-directory.ts';

/** In the directory of a user: their hook has not run yet. */
const NEEDS_HOOK = 'needs-hook';
/** In the directory of a user: jobs that were removed and not kept, one path a line. */
const NOT_KEPT = 'not-kept';
/** Lines of NOT_KEPT; the count of the others is the last one. */
const MAX_LINES = 100;

/** Users whose jobs were moved, by uid. */
export function readOffboarded(directory: string): Map<number, Offboarded> {
  const found = new Map<number, Offboarded>();
  for (const name of listDirectory(directory)) {
    if (/^\d+$/.test(name))
      found.set(Number(name), { needsHook: existsSync(path.join(directory, name, NEEDS_HOOK)) });
  }
  return found;
}

/** Removes what a kill left. The caller holds the sync lock, so that no other process works there. */
export function sweepOffboarded(directory: string): void {
  for (const name of listDirectory(directory)) {
    if (name.startsWith('.new-')) rmSync(path.join(directory, name), { recursive: true });
  }
}

/** Records that the hook of a user has run. */
export function noteHook(directory: string, uid: number): void {
  rmSync(path.join(directory, String(uid), NEEDS_HOOK), { force: true });
}

/** The directory of a user; it and the note about the hook appear together. Not yet synced to disk. */
export function makeOwnDirectory(directory: string, uid: number, needsHook: boolean): string {
  const own = path.join(directory, String(uid));
  if (existsSync(own)) return own;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const temporary = mkdtempSync(path.join(directory, '.new-'));
  try {
    if (needsHook) writeFileSync(path.join(temporary, NEEDS_HOOK), '');
    renameSync(temporary, own);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw error;
  }
  return own;
}

/** Names in the directory of a user that are jobs. */
export function listKept(own: string): string[] {
  return listDirectory(own).filter((name) => name !== NEEDS_HOOK && name !== NOT_KEPT);
}

/** Adds to the list of what was removed and not kept. */
export function noteNotKept(own: string, files: readonly string[]): void {
  if (files.length === 0) return;
  const before = readNotKept(own);
  const lines = [...before, ...files];
  const rest = lines.length - MAX_LINES;
  const text = rest > 0 ? [...lines.slice(0, MAX_LINES), `and ${rest} more`] : lines;
  writeFileSync(path.join(own, NOT_KEPT), text.map((line) => `${line}\n`).join(''), { mode: 0o600 });
}

/** What was removed and not kept, a path or `and N more` each; empty: nothing. */
export function readNotKept(own: string): string[] {
  const file = path.join(own, NOT_KEPT);
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
}

/** What is done with the directory of a user once they are back: it goes, or is kept under a name of its own. */
export function endOwnDirectory(directory: string, uid: number, now: number): void {
  const own = path.join(directory, String(uid));
  noteHook(directory, uid);
  if (listDirectory(own).length === 0) rmSync(own, { recursive: true });
  else renameSync(own, `${own}.kept-${now}`);
  syncToDisk(directory);
}
