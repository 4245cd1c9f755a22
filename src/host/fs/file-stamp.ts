// Tells without reading that files are unchanged: every write changes a ctime, and a file that replaces one has another inode.
import { statSync } from 'node:fs';

/** Differs after any change of one of these files, or of what a link leads to; a directory changes with its names. */
export function stampFiles(files: readonly string[]): string {
  return files.map(stampFile).join(' ');
}

function stampFile(file: string): string {
  const stat = statSync(file, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? '-' : [stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(':');
}

/**
 * When the file or its inode was last changed, so that a copy or a move that keeps an old time counts as well; for a directory,
 * when a name in it changed. Epoch milliseconds; 0: there is none.
 */
export function changedAt(file: string): number {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  return stat.isDirectory() ? stat.mtimeMs : stat.ctimeMs;
}
