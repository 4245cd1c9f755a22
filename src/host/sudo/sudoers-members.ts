// Lists of users and hosts in sudoers(5), as sudo's own lexer reads them.
import type { Scanner } from './scanner.ts';

export interface SudoMember {
  /** `name` is also a host's, and `#1000`; `group` has no `%`, but the `#` of a gid and the `:` of a group plugin. */
  readonly kind: 'all' | 'name' | 'group' | 'netgroup' | 'alias' | 'network';
  readonly text: string;
  readonly isNegated: boolean;
}

/** One character of a word, which a backslash may quote. */
export const WORD_CHARACTER = String.raw`(?:[^#>!=:,() \t\r\n\\"]|\\[^\t\n])`;
const WORD = new RegExp(`${WORD_CHARACTER}+`, 'y');
const GROUP = new RegExp(`%:?(?:${WORD_CHARACTER}+|#-?[0-9]+)`, 'y');
const NETGROUP = new RegExp(String.raw`\+${WORD_CHARACTER}+`, 'y');
const ID = /#-?[0-9]+/y;
const IPV6 = /(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f.]*(?:\/[0-9A-Fa-f:.]+)?/y;
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}(?:\/[0-9.]+)?$/;
const STRING = /"(?:\\[^]|[^"\\\r\n])+"/y;
/** Blanks and continued lines. */
const BLANKS = /(?:[ \t]|\\[ \t]*\r?\n)+/y;

export function skipBlanks(scanner: Scanner): void {
  scanner.take(BLANKS);
}

/** A list with commas; null: sudo takes it for a syntax error. */
export function takeList(scanner: Scanner, of: 'users' | 'hosts'): SudoMember[] | null {
  const members: SudoMember[] = [];
  do {
    const member = takeMember(scanner, of);
    if (member === null) return null;
    members.push(member);
    skipBlanks(scanner);
  } while (scanner.take(/,/y) !== null);
  return members;
}

function takeMember(scanner: Scanner, of: 'users' | 'hosts'): SudoMember | null {
  let isNegated = false;
  skipBlanks(scanner);
  for (let marks = scanner.take(/!+/y); marks !== null; marks = scanner.take(/!+/y)) {
    // An even number of them is nothing; two odd ones in a row are an error.
    if (marks.length % 2 === 1) {
      if (isNegated) return null;
      isNegated = true;
    }
    skipBlanks(scanner);
  }
  const found = takeQuoted(scanner) ?? takePlain(scanner);
  if (found === null || (found.kind === 'network' && of === 'users')) return null;
  return { ...found, isNegated };
}

type Found = Pick<SudoMember, 'kind' | 'text'>;

function takeQuoted(scanner: Scanner): Found | null {
  const quoted = scanner.take(STRING);
  if (quoted === null) return null;
  const text = quoted
    .slice(1, -1)
    .replace(/\\[ \t]*\r?\n[ \t]*/g, '')
    .replaceAll('\\"', '"');
  if (text.startsWith('%')) return /^%:?$/.test(text) ? null : { kind: 'group', text: text.slice(1) };
  if (text.startsWith('+')) return text === '+' ? null : { kind: 'netgroup', text: text.slice(1) };
  return { kind: 'name', text };
}

function takePlain(scanner: Scanner): Found | null {
  const group = scanner.take(GROUP);
  if (group !== null) return { kind: 'group', text: unquote(group.slice(1)) };
  const netgroup = scanner.take(NETGROUP);
  if (netgroup !== null) return { kind: 'netgroup', text: unquote(netgroup.slice(1)) };
  const network = scanner.take(IPV6);
  if (network !== null) return { kind: 'network', text: network };
  const word = scanner.take(ID) ?? scanner.take(WORD);
  if (word === null || /^(?:[%+/]|\^.*\$$)/.test(word)) return null;
  if (word === 'ALL') return { kind: 'all', text: word };
  if (/^[A-Z][A-Z0-9_]*$/.test(word)) return { kind: 'alias', text: word };
  return { kind: IPV4.test(word) ? 'network' : 'name', text: unquote(word) };
}

/** `\x41` is a character by its number, and any other backslash quotes one. */
export function unquote(text: string): string {
  return text.replace(/\\(?:x([0-9A-Fa-f]{2})|([^]))/g, (_, hex: string | undefined, other: string) =>
    hex === undefined ? other : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
