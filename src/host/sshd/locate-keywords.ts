// Finds the lines of sshd's configuration that set a keyword, to name the culprit of a finding.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { hasCode, readText } from '../fs/read-text.ts';
import { DROP_IN } from './sshd-drop-in.ts';
import { SSHD_CONFIG } from './sshd-program.ts';

/** Where each keyword is first set, without the drop-in of sunk-agent: `file:line`. */
export async function locateKeywords(root: string): Promise<Map<string, string>> {
  const directory = path.join(root, path.dirname(DROP_IN));
  const names = await readdir(directory).catch((cause: unknown) => {
    if (hasCode(cause, 'ENOENT')) return [];
    throw cause;
  });
  const files = names
    .filter((name) => name.endsWith('.conf') && name !== path.basename(DROP_IN))
    .sort()
    .map((name) => path.join(directory, name));
  const places = new Map<string, string>();
  for (const file of [...files, path.join(root, SSHD_CONFIG)]) {
    for (const [index, line] of ((await readText(file)) ?? '').split('\n').entries()) {
      const keyword = /^\s*([A-Za-z]+)[\s=]/.exec(line)?.[1]?.toLowerCase();
      if (keyword !== undefined && !places.has(keyword)) places.set(keyword, `${file}:${index + 1}`);
    }
  }
  return places;
}
