// The text of one sudoers(5) file as its rules, aliases and includes. A bad entry ends with its line, as it does to sudo.
// cvtsudoers(1) is not asked: it fails on one bad entry or missing include where sudo goes on, has no line numbers, and leaves
// aliases, negations and hosts to the caller, so a union with it would reserve names that have no power. What holds this parser
// is `sudo -l -U` on generated files, in the sudo of each Debian (test/support/sudo-oracle.ts).
import type { Location } from '../../policy/in-use.ts';
import { openScanner, type Scanner } from './scanner.ts';
import { skipBlanks, type SudoMember, takeList, unquote, WORD_CHARACTER } from './sudoers-members.ts';
import { skipCommands, skipLine, takeLineEnd } from './sudoers-commands.ts';

export interface SudoRule {
  readonly users: readonly SudoMember[];
  readonly hosts: readonly SudoMember[];
  readonly location: Location;
}

export interface SudoAlias {
  readonly name: string;
  readonly members: readonly SudoMember[];
}

export type SudoersEntry =
  | { readonly kind: 'rule'; readonly rule: SudoRule }
  /** Those of one line: one whose name is taken ends the line. */
  | { readonly kind: 'aliases'; readonly of: 'User' | 'Host'; readonly aliases: readonly SudoAlias[] }
  | { readonly kind: 'include' | 'includedir'; readonly path: string }
  /** What follows the word, so with the `:`, `@`, `>` or `!` of a narrower one. */
  | { readonly kind: 'defaults'; readonly text: string };

const END_OF_WORD = `(?!${WORD_CHARACTER})`;
const DEFAULTS = new RegExp(`[ \\t]*Defaults${END_OF_WORD}`, 'y');
const DEFAULTS_TEXT =
  /(?:\\(?:[ \t]*\r?\n|[^])|"(?:\\(?:[ \t]*\r?\n|[^])|[^"\\\n])*"|[^\\"#\n]|#(?=-?[0-9]))*/y;
const ALIAS = new RegExp(`[ \\t]*(?:Host|Cmnd|Cmd|User|Runas)_Alias${END_OF_WORD}`, 'y');
const ALIAS_NAME = /[A-Z][A-Z0-9_]*/y;
const OLD_INCLUDE = /#include(?:dir)?(?=[ \t]+[^ \t\r\n])/y;
const INCLUDE = new RegExp(`@include(?:dir)?${END_OF_WORD}`, 'y');
const INCLUDE_PATH = /"(?:\\[^]|[^"\\\r\n])+"|[^"\s](?:\\[ \t]|\S)*/y;

/**
 * @param text one character a byte (latin1).
 * @param file for locations.
 */
export function parseSudoers(text: string, file: string): SudoersEntry[] {
  const entries: SudoersEntry[] = [];
  // To sudo a line ends at a NUL.
  const scanner = openScanner(`${text.replace(/\0[^\n]*/g, '')}\n`);
  while (!scanner.isAtEnd()) {
    if (scanner.take(DEFAULTS) !== null) {
      const options = (scanner.take(DEFAULTS_TEXT) ?? '').replace(/\\[ \t]*\r?\n/g, ' ');
      entries.push({ kind: 'defaults', text: options });
      skipLine(scanner);
      continue;
    }
    const alias = scanner.take(ALIAS);
    if (alias !== null) {
      takeAliases(scanner, alias.trim().replace('_Alias', ''), entries);
      continue;
    }
    const include = scanner.take(OLD_INCLUDE) ?? takeAfterBlanks(scanner, INCLUDE);
    if (include === null) takeRule(scanner, file, entries);
    else takeInclude(scanner, include.endsWith('dir') ? 'includedir' : 'include', entries);
  }
  return entries;
}

function takeAfterBlanks(scanner: Scanner, pattern: RegExp): string | null {
  skipBlanks(scanner);
  return scanner.take(pattern);
}

function takeInclude(scanner: Scanner, kind: 'include' | 'includedir', entries: SudoersEntry[]): void {
  const found = takeAfterBlanks(scanner, INCLUDE_PATH);
  if (found !== null) {
    const path = found.startsWith('"') ? found.slice(1, -1).replaceAll('\\"', '"') : unquote(found);
    entries.push({ kind, path });
  }
  skipLine(scanner);
}

/** `NAME = list : NAME = list`; those before an error are defined all the same. */
function takeAliases(scanner: Scanner, kind: string, entries: SudoersEntry[]): void {
  if (kind !== 'User' && kind !== 'Host') {
    skipLine(scanner);
    return;
  }
  const aliases: SudoAlias[] = [];
  do {
    const name = takeAfterBlanks(scanner, ALIAS_NAME);
    if (name === null || name === 'ALL' || takeAfterBlanks(scanner, /=/y) === null) break;
    const members = takeList(scanner, kind === 'User' ? 'users' : 'hosts');
    if (members === null) break;
    aliases.push({ name, members });
  } while (takeAfterBlanks(scanner, /:/y) !== null);
  entries.push({ kind: 'aliases', of: kind, aliases });
  skipLine(scanner);
}

/**
 * `users hosts = commands : hosts = commands`. Commands are not judged: what this version of sudo refuses there, another
 * one may grant.
 */
function takeRule(scanner: Scanner, file: string, entries: SudoersEntry[]): void {
  if (takeLineEnd(scanner)) return;
  const location = `/${file}:${scanner.line()}`;
  const users = takeList(scanner, 'users');
  if (users !== null) {
    do {
      const hosts = takeList(scanner, 'hosts');
      if (hosts === null || scanner.take(/=/y) === null) break;
      entries.push({ kind: 'rule', rule: { users, hosts, location } });
    } while (skipCommands(scanner));
  }
  skipLine(scanner);
}
