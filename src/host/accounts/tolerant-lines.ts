// Lines of passwd(5) and group(5) as glibc reads them, and every name and number on the lines that it skips.

/** A name and a number on some line; `id` null: no number can be told. */
export interface NamedLine {
  readonly name: string;
  readonly id: number | null;
  /** From 1. */
  readonly line: number;
  /** Whether glibc's `files` service answers with this line. */
  readonly resolves: boolean;
}

export interface PasswdLine extends NamedLine {
  readonly gid: number | null;
}

export interface GroupLine extends NamedLine {
  readonly members: readonly string[];
}

/** What isspace(3) knows in the C locale, without the line end. */
const BLANKS = '[ \\t\\v\\f\\r]*';
const LEADING_BLANKS = new RegExp(`^${BLANKS}`);
/** A comment or a NIS entry (nsswitch.conf(5), compat) has a name as well: of an account set aside, or of elsewhere. */
const PREFIX = /^[ \t\v\f\r#+@-]*/;
/** INT_FIELD of glibc's nss/nss_files/files-parse.c: strtoul(3) must stop at the end of the field. */
const NUMBER = new RegExp(`^${BLANKS}([+-]?)(\\d+)$`);
const LEADING_NUMBER = new RegExp(`^${BLANKS}[+-]?(\\d+)`);
const MAX_ID = 4_294_967_295;

/** Every line of a passwd(5) text that has a name; the text has one character a byte (latin1). */
export function readPasswdLines(text: string): PasswdLine[] {
  return readEach(text, (fields, line, isPlain) => {
    const [name = '', , uid, gid] = fields;
    const resolves = isPlain && isNumber(uid) && isNumber(gid);
    return { name, id: toNumber(uid), gid: toNumber(gid), line, resolves };
  });
}

/** Every line of a group(5) text that has a name. */
export function readGroupLines(text: string): GroupLine[] {
  return readEach(text, (fields, line, isPlain) => {
    const [name = '', , gid] = fields;
    const resolves = isPlain && isNumber(gid);
    return { name, id: toNumber(gid), line, resolves, members: readMembers(fields, 3) };
  });
}

/** Every name of a shadow(5) or gshadow(5) text, and the administrators and members of gshadow. */
export function readShadowLines(text: string): Pick<GroupLine, 'name' | 'line' | 'members'>[] {
  return readEach(text, (fields, line) => ({ name: fields[0] ?? '', line, members: readMembers(fields, 2) }));
}

function readEach<T>(
  text: string,
  read: (fields: readonly string[], line: number, isPlain: boolean) => T,
): T[] {
  const found: T[] = [];
  const add = (whole: string, line: number, mayResolve: boolean): void => {
    const [prefix = ''] = PREFIX.exec(whole) ?? [];
    const [first = '', ...rest] = whole.slice(prefix.length).split(':');
    const name = first.trimEnd();
    // A name with a blank at its end is another one to glibc.
    const isPlain = mayResolve && name === first && !/[#+@-]/.test(prefix);
    if (name !== '') found.push(read([name, ...rest], line, isPlain));
  };
  const lines = text.split('\n');
  for (const [index, raw] of lines.entries()) {
    // To C the line ends at a NUL.
    const end = raw.indexOf('\0');
    const whole = end < 0 ? raw : raw.slice(0, end);
    const isEnded = end < 0 && index < lines.length - 1;
    const moved = isEnded ? whole : moveToFront(whole);
    if (moved !== whole) add(moved, index + 1, true);
    add(whole, index + 1, moved === whole);
  }
  return found;
}

/**
 * What glibc 2.32 to 2.41 reads of a string without a line end that begins with blanks: nss_readline.c moves it to the front
 * without the NUL at its end, so that as many characters of the end stand there twice (`  a:x:101` is `a:x:10101`).
 */
function moveToFront(whole: string): string {
  const moved = whole.replace(LEADING_BLANKS, '');
  return moved === '' ? whole : `${moved}${whole.slice(moved.length)}`;
}

/** Lists end at the line's end; a further colon is no end of a name to glibc, but one to a person. */
function readMembers(fields: readonly string[], from: number): string[] {
  const lists = fields.slice(from);
  if (lists.every((list) => list === '')) return [];
  return lists.flatMap((list) => list.split(',').map((member) => member.trim())).filter(Boolean);
}

/** A number of more than 32 bits makes today's glibc refuse the line; older ones read it as 4294967295. */
function isNumber(field: string | undefined): boolean {
  const [, sign = '', digits = ''] = field === undefined ? [] : (NUMBER.exec(field) ?? []);
  return digits !== '' && Number(digits) <= (sign === '-' ? 0 : MAX_ID);
}

/** As strtoul(3) with glibc's bound for 32 bits; of a field that glibc refuses, the digits that it begins with. */
function toNumber(field: string | undefined): number | null {
  if (field === undefined) return null;
  const digits = LEADING_NUMBER.exec(field)?.[1];
  if (digits === undefined) return null;
  const isNegative = NUMBER.exec(field)?.[1] === '-' && Number(digits) > 0;
  return isNegative ? MAX_ID : Math.min(Number(digits), MAX_ID);
}
