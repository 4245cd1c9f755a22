// Removes the rights that a volume with `fsGroup` gives to a group at each mount: 2770 for directories, 0660 for files.
import { chmodSync, lstatSync } from 'node:fs';
import path from 'node:path';
import type { Paths } from '../../common/paths.ts';
import { isSystemError } from '../../common/system-error.ts';
import { COMPANIONS, DATABASE, WRITER_LOCK } from '../../state/state-directory.ts';

/**
 * Takes the rights of the group (and with `others`, of all users) from the state database, its directory, and what else is
 * root's alone or root's to write. What is missing, a link, or another user's stays, and is refused where it matters.
 */
export function restrictVolume(paths: Paths, others = false): void {
  const database = [DATABASE, ...COMPANIONS.map((suffix) => DATABASE + suffix), WRITER_LOCK];
  const files: [file: string, most: number][] = [
    [paths.state, 0o700],
    ...database.map((name): [string, number] => [path.join(paths.state, name), 0o600]),
    [paths.offboarded, 0o700],
    [paths.lastGoodConfig, 0o600],
    [paths.reserve, 0o600],
    [paths.audit, 0o640],
    [paths.freeze, 0o644],
    [paths.extended, 0o644],
  ];
  for (const [file, most] of files) restrict(file, others ? most : most | 0o007);
}

/** What the system does not let be restricted is reported by what uses it. */
function restrict(file: string, most: number): void {
  try {
    const found = lstatSync(file, { throwIfNoEntry: false });
    if (found === undefined || !(found.isFile() || found.isDirectory())) return;
    if (found.uid !== process.geteuid?.()) return;
    const mode = found.mode & most;
    if ((found.mode & 0o7777) !== mode) chmodSync(file, mode);
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}
