// What tells without reading that files are unchanged: every write moves a ctime, and a file that replaces one has another inode.
import { statSync } from 'node:fs';

/** Differs after any change of one of these files, or of what a link leads to; a directory changes with its names. */
export function stampFiles(files: readonly string[]): string {
  return files.map(stampFile).join(' ');
}

function stampFile(file: string): string {
  const stat = statSync(file, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? '-' : [stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(':');
}
