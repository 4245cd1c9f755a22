// The users and groups that doas.conf(5) permits anything.
import path from 'node:path';
import { listDirectory } from '../fs/list-directory.ts';
import { readLatin1 } from '../fs/read-text.ts';
import { addOnce, type Privileged } from './sudo-grants.ts';

const FILES = ['etc/doas.conf', 'usr/local/etc/doas.conf'];
const DIRECTORY = 'etc/doas.d';
/** What may stand between `permit` and the identity. */
const OPTION = /^(?:nopass|nolog|persist|keepenv)$/;

/** Reads them below `root`. */
export function findDoasGrants(root: string, found: Privileged): void {
  const more = listDirectory(path.join(root, DIRECTORY)).filter((name) => name.endsWith('.conf'));
  for (const file of [...FILES, ...more.map((name) => path.join(DIRECTORY, name))]) {
    for (const { words, line } of readRules(readLatin1(root, file))) {
      const identity = words[0] === 'permit' ? words.slice(1).find((word) => !OPTION.test(word)) : undefined;
      if (identity === undefined || identity === '') continue;
      const location = `/${file}:${line}`;
      const isGroup = identity.startsWith(':');
      const name = isGroup ? identity.slice(1) : identity;
      if (/^\d+$/.test(name)) addOnce(isGroup ? found.gids : found.uids, Number(name), location);
      else addOnce(isGroup ? found.groups : found.names, name, location);
    }
  }
}

/** Words of each rule, without `setenv { ... }`; a backslash continues a line, quotes hold a word together. */
function readRules(text: string): { words: string[]; line: number }[] {
  const joined = text.replace(/\\\n/g, '\u0001');
  let line = 1;
  return joined.split('\n').map((raw) => {
    const at = line;
    line += 1 + raw.split('\u0001').length - 1;
    const rule = raw.replaceAll('\u0001', ' ').replace(/setenv\s*\{[^}]*\}/g, ' ');
    const words = [...rule.matchAll(/#.*|"((?:\\.|[^"\\])*)"|((?:\\.|[^\s"#\\])+)/g)].flatMap(
      ([, quoted, plain]) => quoted ?? plain ?? [],
    );
    return { words: words.map((word) => word.replace(/\\(.)/g, '$1')), line: at };
  });
}
