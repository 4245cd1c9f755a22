// Who lost sudo and may still have a root shell, and who had one that could not be found: notes that a reboot clears.
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { listDirectory } from '../fs/list-directory.ts';

/** End of the name of a note that stays: root shells without a session cannot be told from other processes of root. */
const FINAL = '.had-root';

/** A person who was root here, and until when at least. */
export interface FormerRoot {
  readonly uid: number;
  readonly name: string;
  /** Epoch seconds. */
  readonly until: number;
}

/** Before the rule goes, so that a kill in between forgets no one. */
export function notePending(
  directory: string,
  people: Iterable<{ readonly uid: number; readonly name: string }>,
): void {
  // A note of before keeps its time: what it is about is still to be ended.
  for (const { uid, name } of people)
    if (!existsSync(path.join(directory, String(uid)))) write(directory, String(uid), `${name}\n`);
}

/** Uids whose root shells are still to be ended. */
export function readPending(directory: string): Set<number> {
  return new Set(
    listDirectory(directory)
      .filter((name) => /^\d+$/.test(name))
      .map(Number),
  );
}

/** When the rule went, epoch milliseconds; without a note, now. */
export function readSince(directory: string, uid: number): number {
  return lstatSync(path.join(directory, String(uid)), { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
}

/** They are ended. */
export function forgetPending(directory: string, uid: number): void {
  rmSync(path.join(directory, String(uid)), { force: true });
}

/** What could be found is ended, and it is not known whether that was all. */
export function noteFormerRoot(directory: string, { uid, name, until }: FormerRoot): void {
  write(directory, `${uid}${FINAL}`, `${name} ${until}\n`);
  forgetPending(directory, uid);
}

/** Drops every note of these uids: they may be root again. */
export function forgetRoot(directory: string, uids: ReadonlySet<number>): void {
  for (const name of listDirectory(directory))
    if (uids.has(Number(name.replace(FINAL, '')))) rmSync(path.join(directory, name), { force: true });
}

/** Sorted by name. */
export function readFormerRoot(directory: string): FormerRoot[] {
  return listDirectory(directory)
    .filter((name) => name.endsWith(FINAL))
    .flatMap((file): FormerRoot[] => {
      const [name = '', until = ''] = readFileSync(path.join(directory, file), 'utf8').trim().split(' ');
      return name === '' ? [] : [{ uid: Number(file.replace(FINAL, '')), name, until: Number(until) }];
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function write(directory: string, name: string, text: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  writeFileSync(path.join(directory, name), text, { mode: 0o644 });
}
