// A file in the home of a user who is back: which of their jobs did not come back, and why.
import { closeSync, constants, fchownSync, fstatSync, openSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { findDueTime, type Person } from './find-jobs.ts';

export interface LostJobs {
  /** Their time has passed, or something newer has their place; they are kept. */
  readonly late: readonly string[];
  /** They were removed. */
  readonly notKept: readonly string[];
  /** Where an operator finds those that are kept. */
  readonly kept: string;
}

/**
 * Writes `sunk-agent-jobs-TIME.txt`. The home is used as it is opened: a directory of that user, no link; a file of that
 * name is not replaced. A home that cannot be written (an NFS export with root_squash) gets none.
 * @param now epoch milliseconds
 */
export function tellOfJobs(
  root: string,
  { home, uid }: Person & { readonly home: string },
  jobs: LostJobs,
  now: number,
): void {
  if (jobs.late.length + jobs.notKept.length === 0) return;
  try {
    const directory = openSync(
      path.join(root, home),
      constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW,
    );
    try {
      const { uid: owner, gid } = fstatSync(directory);
      if (owner === uid) writeNote(directory, uid, gid, describeJobs(jobs, now), now);
    } finally {
      closeSync(directory);
    }
  } catch {
    // The jobs are kept all the same, and their owner can ask for them.
  }
}

function writeNote(directory: number, uid: number, gid: number, text: string, now: number): void {
  const time = new Date(now).toISOString().slice(0, 19).replaceAll(':', '-');
  const note = openSync(
    `/proc/self/fd/${directory}/sunk-agent-jobs-${time}.txt`,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o600,
  );
  try {
    writeFileSync(note, text);
    if (process.geteuid?.() === 0) fchownSync(note, uid, gid);
  } finally {
    closeSync(note);
  }
}

function describeJobs({ late, notKept, kept }: LostJobs, now: number): string {
  const lines = [
    'Your account was disabled for a while, and your jobs were set aside. These did not come back:',
    ...late.map((file) => `  ${file}: ${explainLate(file, now)}`),
    ...notKept.map((file) => `  ${file}: not kept, too many or too large`),
    ...(late.length === 0 ? [] : [`An administrator finds those that are kept in ${kept}.`]),
  ];
  return `${lines.join('\n')}\n`;
}

function explainLate(file: string, now: number): string {
  const due = findDueTime(file);
  if (due === null) return 'something newer has its place; kept';
  return due >= now
    ? 'it would run as root, or something newer has its place; kept'
    : `it was due at ${new Date(due).toISOString().slice(0, 16)}Z and did not run; kept`;
}
