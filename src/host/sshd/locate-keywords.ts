// Finds the lines of sshd's configuration that set a keyword, to name the culprit of a finding.
import path from 'node:path';
import { readText } from '../fs/read-text.ts';
import { DROP_IN } from './sshd-drop-in.ts';

/**
 * Where each keyword is first set, without the drop-in of sunk-agent: `file:line`.
 * @param files of the configuration; a file comes before those that it includes, which stand at its top.
 */
export async function locateKeywords(root: string, files: readonly string[]): Promise<Map<string, string>> {
  const [main, ...included] = files;
  const places = new Map<string, string>();
  for (const file of [...included, ...(main === undefined ? [] : [main])]) {
    if (file === path.join(root, DROP_IN)) continue;
    for (const [index, line] of ((await readText(file)) ?? '').split('\n').entries()) {
      const keyword = /^\s*([A-Za-z]+)[\s=]/.exec(line)?.[1]?.toLowerCase();
      if (keyword !== undefined && !places.has(keyword)) places.set(keyword, `${file}:${index + 1}`);
    }
  }
  return places;
}
