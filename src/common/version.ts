// Which build this is: the version of package.json and the commit.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import manifest from '../../package.json' with { type: 'json' };

const PROJECT = path.resolve(import.meta.dirname, '../..');

/**
 * `0.1.0+5c6515a3b`, with `.dirty` behind it where the tree differs from that commit. A bundle has it stamped in; in
 * the tree git is asked, and without git or a repository the version stands alone.
 */
export function readVersion(): string {
  const { version } = manifest;
  if (version.includes('+')) return version;
  const commit = askGit('rev-parse', '--short=9', 'HEAD');
  if (commit === null) return version;
  return `${version}+${commit}${askGit('status', '--porcelain') === '' ? '' : '.dirty'}`;
}

/** What git prints of this repository; null where there is none. */
function askGit(...args: string[]): string | null {
  try {
    const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore'];
    return execFileSync('git', ['-C', PROJECT, ...args], { encoding: 'utf8', stdio }).trim();
  } catch {
    return null;
  }
}
