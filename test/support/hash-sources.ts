// One hash over files of a working tree, as they lie there now: committed, changed or new, but not what git ignores.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/**
 * @param directory of the repository.
 * @param names files and directories in it.
 * @param more what else the hash shall stand for.
 */
export function hashSources(directory: string, names: readonly string[], more: unknown): string {
  const hash = createHash('sha256').update(JSON.stringify(more));
  const listing = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', ...names];
  const listed = execFileSync('git', ['-C', directory, ...listing], {
    encoding: 'utf8',
    maxBuffer: 16 * 1024 * 1024,
  });
  for (const name of listed.split('\0').slice(0, -1)) {
    const file = path.join(directory, name);
    // Removed, but not from git's index yet.
    if (!existsSync(file)) continue;
    // A link to a directory, whose files are hashed where they lie.
    if (statSync(file).isDirectory()) continue;
    const content = readFileSync(file);
    hash.update(`\0${name}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, 16);
}
