// passwd(5), group(5), shadow(5) and gshadow(5) as lists of lines; edits some and keeps every byte of the rest.
import { isUtf8 } from 'node:buffer';
import { DISABLED_DAY } from '../../plan/actual.ts';
import type { PasswdEntry } from '../../policy/posix.ts';

/**
 * Text is handled as latin1, one character a byte, so that unmanaged lines survive whatever they hold.
 * `fields` is null where no line has that name; the result null removes the line, an array replaces or adds it.
 */
export type LineEdit = (fields: readonly string[] | null) => readonly string[] | null;

/**
 * Applies edits by the name in the first field. Every other byte stays: comments, NIS lines, malformed lines, the
 * order, and a missing newline at the end. New lines go last. Of several lines with one name, the first is the account
 * (getpwnam(3) finds that one), so only that one is edited.
 */
export function editLines(text: string, edits: ReadonlyMap<string, LineEdit>): string {
  if (edits.size === 0) return text;
  const waiting = new Map(edits);
  const lines = text.split('\n');
  // A text with a newline at its end leaves an empty last element.
  const tail = lines.at(-1) === '' ? lines.pop() : undefined;
  const kept: string[] = [];
  for (const line of lines) {
    const name = readName(line);
    const edit = name === null ? undefined : waiting.get(name);
    if (name === null || edit === undefined) {
      kept.push(line);
      continue;
    }
    waiting.delete(name);
    const fields = edit(line.split(':'));
    if (fields !== null) kept.push(renderLine(fields));
  }
  const added = [...waiting.values()].flatMap((edit) => {
    const fields = edit(null);
    return fields === null ? [] : [renderLine(fields)];
  });
  const all = [...kept, ...added];
  const endsOpen = tail === undefined && added.length === 0 && lines.length > 0;
  return all.length === 0 ? '' : `${all.join('\n')}${endsOpen ? '' : '\n'}`;
}

/** Each well-formed line's fields, by name; the first line of a name counts. */
export function readLines(text: string): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const line of text.split('\n')) {
    const name = readName(line);
    if (name !== null && !found.has(name)) found.set(name, line.split(':'));
  }
  return found;
}

/** The first field, or null for a comment, a NIS line (`+`, `-`), and anything without a colon. */
function readName(line: string): string | null {
  const end = line.indexOf(':');
  if (end <= 0 || line.startsWith('#') || line.startsWith('+') || line.startsWith('-')) return null;
  return line.slice(0, end);
}

/**
 * Joins fields into a line; text beyond ASCII becomes UTF-8.
 * @throws RangeError for a field that would shift fields or add lines: the last check behind the policy.
 */
function renderLine(fields: readonly string[]): string {
  for (const field of fields) {
    if (/[:\n\r\0]/.test(field))
      throw new RangeError(`a field with a colon, a line end or NUL: ${JSON.stringify(field)}`);
  }
  return fields.join(':');
}

/** A field as the bytes that go into the file. */
export function encodeField(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** A field of the file as text; bytes that are not UTF-8 stay as latin1. */
export function decodeField(bytes: string): string {
  if (isAscii(bytes)) return bytes;
  const raw = Buffer.from(bytes, 'latin1');
  return isUtf8(raw) ? raw.toString('utf8') : bytes;
}

/** Nearly all fields are: the same in UTF-8 and in latin1. */
function isAscii(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- all of ASCII
  return /^[\0-\x7f]*$/.test(text);
}

/** Names in the last field of group(5). */
export function splitMembers(field: string | undefined): string[] {
  return (field ?? '').split(',').filter((member) => member !== '');
}

/** An id as passwd(5) has it; null for anything else. */
export function toId(field: string | undefined): number | null {
  return field !== undefined && /^\d{1,10}$/.test(field) ? Number(field) : null;
}

/** Index of the expiry day in shadow(5). */
export const EXPIRY = 7;
/** The expiry day of a disabled account, which sshd honours with UsePAM no as well. */
export const DISABLED_FIELD = String(DISABLED_DAY);

/** The fields of an account in passwd(5); the password is in shadow(5). */
export function renderPasswd({ name, uid, gid, gecos, dir, shell }: PasswdEntry): string[] {
  return [name, 'x', String(uid), String(gid), encodeField(gecos), encodeField(dir), shell];
}

/** `*`: no password ever matches, and keys work; a leading `!` would lock the account in sshd without PAM. */
export function newShadow(name: string, today: number): string[] {
  return [name, '*', String(today), '0', '99999', '7', '', '', ''];
}

/** Sets the expiry day; fills up a line that is too short, which the shadow tools would call malformed. */
export function withExpiry(fields: readonly string[], day: string): string[] {
  return Array.from({ length: Math.max(9, fields.length) }, (_, index) =>
    index === EXPIRY ? day : (fields[index] ?? ''),
  );
}
