// Users and groups that polkit(8) may give rights: its rules are JavaScript, which is searched and not run.
import path from 'node:path';
import { listDirectory } from '../fs/list-directory.ts';
import { readLatin1 } from '../fs/read-text.ts';
import { addOnce, type Privileged } from './sudo-grants.ts';

const RULES = ['etc', 'run', 'usr/local/share', 'usr/share'].map((where) => `${where}/polkit-1/rules.d`);
const AUTHORITY = ['etc', 'var/lib'].map((where) => `${where}/polkit-1/localauthority`);
const CONF = 'etc/polkit-1/localauthority.conf.d';

/** What a rule may answer that lets someone in. */
const GRANTS = /\b(?:YES|AUTH_SELF|AUTH_SELF_KEEP)\b|["'](?:yes|auth_self|auth_self_keep)["']/;
const COMMENT = /\/\*[^]*?\*\/|(^|[^:"'\\])\/\/[^\n]*/g;
const LITERAL = /"((?:\\.|[^"\\\n])*)"|'((?:\\.|[^'\\\n])*)'/g;
const IDENTITY = /^unix-(user|group):(.+)$/;
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

/** Reads all of it below `root`. */
export function findPolkitGrants(root: string, found: Privileged): void {
  for (const directory of RULES)
    for (const file of list(root, directory, '.rules')) addRules(readLatin1(root, file), file, found);
  for (const base of AUTHORITY)
    for (const directory of list(root, base, '.d'))
      for (const file of list(root, directory, '.pkla')) addAuthority(readLatin1(root, file), file, found);
  for (const file of list(root, CONF, '.conf'))
    addIdentities(readLatin1(root, file), file, /^\s*AdminIdentities\s*=(.*)$/, found);
}

function list(root: string, directory: string, extension: string): string[] {
  return listDirectory(path.join(root, directory))
    .filter((name) => name.endsWith(extension))
    .map((name) => path.join(directory, name));
}

/** Every text in a file that asks for the user, or for a group, may be its name. */
function addRules(source: string, file: string, found: Privileged): void {
  // Line ends stay, for the locations.
  const text = source.replace(
    COMMENT,
    (comment, before: string | undefined) =>
      `${before ?? ''}${comment.replace(/[^\n]/g, '').slice(before === '\n' ? 1 : 0)}`,
  );
  const isGranting = GRANTS.test(text);
  const asksUser = isGranting && /\buser\b/.test(text);
  const asksGroup = isGranting && /\b(?:isInGroup|groups)\b/.test(text);
  for (const [index, line] of text.split('\n').entries()) {
    const location = `/${file}:${index + 1}`;
    // What is looked up of an action is no one's name.
    for (const [, double, single] of line.replace(/lookup\s*\([^)]*\)/g, '').matchAll(LITERAL)) {
      const word = double ?? single ?? '';
      const identity = IDENTITY.exec(word);
      if (identity !== null) addIdentity(identity, location, found);
      else if (NAME.test(word) && !word.includes('.')) {
        if (asksUser) addOnce(found.names, word, location);
        if (asksGroup) addOnce(found.groups, word, location);
      }
    }
  }
}

/** pkla(5): sections, each with its identities, and what they are answered. */
function addAuthority(text: string, file: string, found: Privileged): void {
  const lines = text.split('\n');
  const starts = lines.flatMap((line, index) => (/^\s*\[/.test(line) ? [index] : []));
  for (const [n, start] of starts.entries()) {
    const section = lines.slice(start, starts[n + 1]).join('\n');
    if (!/^\s*Result\w+\s*=\s*(?:yes|auth_self)/m.test(section)) continue;
    addIdentities('\n'.repeat(start) + section, file, /^\s*Identity\s*=(.*)$/, found);
  }
}

function addIdentities(text: string, file: string, pattern: RegExp, found: Privileged): void {
  for (const [index, line] of text.split('\n').entries()) {
    for (const word of pattern.exec(line)?.[1]?.split(';') ?? []) {
      const location = `/${file}:${index + 1}`;
      const identity = IDENTITY.exec(word.trim());
      if (identity !== null) addIdentity(identity, location, found);
      if (word.trim().startsWith('unix-netgroup:')) found.unchecked.push({ what: word.trim(), location });
    }
  }
}

function addIdentity([, what, name = '']: RegExpExecArray, location: string, found: Privileged): void {
  const isUser = what === 'user';
  if (/^\d+$/.test(name)) addOnce(isUser ? found.uids : found.gids, Number(name), location);
  else addOnce(isUser ? found.names : found.groups, name, location);
}
