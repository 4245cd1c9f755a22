// The files that make up sshd's configuration, as its Include lines name them (sshd_config(5)).
import { globSync, statSync } from 'node:fs';
import path from 'node:path';
import { readText } from '../fs/read-text.ts';
import { DROP_IN } from './sshd-drop-in.ts';
import { SSHD_CONFIG } from './sshd-program.ts';

/** sshd's own bound. */
const MAX_DEPTH = 16;

export interface SshdFiles {
  /** Below the root, in the order in which they are read. */
  readonly files: readonly string[];
  /** Directories of the patterns: a file that is added or removed there changes the configuration. */
  readonly directories: readonly string[];
  /** How the drop-in of sunk-agent is reached: for every user, within a Match block alone, or not at all. */
  readonly dropIn: 'included' | 'in-match' | 'not-included';
}

interface Found {
  readonly files: string[];
  readonly directories: Set<string>;
  dropIn: SshdFiles['dropIn'];
}

export async function listSshdFiles(root: string): Promise<SshdFiles> {
  const found: Found = { files: [], directories: new Set(), dropIn: 'not-included' };
  await addFile(root, path.join(root, SSHD_CONFIG), false, found, 0);
  return { files: found.files, directories: [...found.directories], dropIn: found.dropIn };
}

async function addFile(
  root: string,
  file: string,
  isWithinMatch: boolean,
  found: Found,
  depth: number,
): Promise<void> {
  if (depth > MAX_DEPTH) return;
  found.files.push(file);
  let isInMatch = isWithinMatch;
  for (const line of ((await readText(file)) ?? '').split('\n')) {
    const [, keyword, rest = ''] = /^\s*([A-Za-z]+)[\s=]+(.*)$/.exec(line) ?? [];
    if (keyword?.toLowerCase() === 'match') isInMatch = isWithinMatch || !/^all\s*$/i.test(rest);
    if (keyword?.toLowerCase() !== 'include') continue;
    for (const one of expand(root, rest, found)) {
      if (one === path.join(root, DROP_IN) && found.dropIn !== 'included')
        found.dropIn = isInMatch ? 'in-match' : 'included';
      await addFile(root, one, isInMatch, found, depth + 1);
    }
  }
}

/** As glob(7) sorts them; a pattern without a slash in front is below /etc/ssh. */
function expand(root: string, words: string, found: Found): string[] {
  const patterns = words.replace(/(?:^|\s)#.*$/, '').match(/"[^"]*"|\S+/g) ?? [];
  return patterns.flatMap((word) => {
    const pattern = path.join(root, path.resolve('/etc/ssh', word.replaceAll('"', '')));
    found.directories.add(path.dirname(pattern));
    return globSync(pattern)
      .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile() === true)
      .sort();
  });
}
