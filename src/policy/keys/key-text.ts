// Finds the keys in what a store calls "SSH keys": lines, several keys glued into one line, pasted blocks.
import { Buffer } from 'node:buffer';

/** Something that looks like `type base64`, or text that cannot be one key, and why. Never a secret's text. */
export type Candidate =
  | { readonly kind: 'key'; readonly type: string; readonly base64: string }
  | { readonly kind: 'refused'; readonly code: string; readonly detail: string };

/** Bounds of the text that is read for one person; anything beyond is refused as a whole. */
export const MAX_TEXT = 1024 * 1024;
export const MAX_CANDIDATES = 2000;

const NAME =
  '(?:ssh-(?:ed25519|rsa|dss)|ecdsa-sha2-nistp(?:256|384|521)|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\\.com' +
  '|(?:sk-)?(?:ssh|ecdsa)-[a-z0-9-]{1,32}-cert-v01@openssh\\.com)';
/** A type and the start of a blob, wherever they stand: the first length in a blob is below 2^24, hence AAAA. */
const KEY_START = new RegExp(`${NAME}[ \\t]+AAAA`, 'g');
/** A type and anything, for a line without a sound start. */
const DAMAGED_START = new RegExp(`(?:^|[\\s"',;=])(?=${NAME}[ \\t])`);
const BLOCK_BEGIN = /-{2,5} ?BEGIN ([A-Za-z0-9 ]{0,64}?) ?-{2,5}/;
const BLOCK_END = /-{2,5} ?END [A-Za-z0-9 ]{0,64}?-{2,5}|^Private-MAC:/;
const PUTTY_BEGIN = /^PuTTY-User-Key-File-/;
/** Format characters, such as a zero-width space, which a person who pastes them does not see. */
const INVISIBLE = /\p{Cf}/u;
const BLANK = /^[\s\p{Cf}]*$/u;
const BLOCK_HEADER = /^[A-Za-z-]{1,40}: /;
const BLOCK_LINE = /^[A-Za-z0-9+/]*={0,2}$/;
/** Words of sshd(8), AUTHORIZED_KEYS FILE FORMAT, that restrict or extend a key without a value. */
const OPTION_WORD =
  /(?:^|[\s,])(?:restrict|cert-authority|(?:no-)?(?:pty|user-rc|touch-required|verify-required|(?:agent|port|x11)-forwarding))$/i;

const PRIVATE: Candidate = {
  kind: 'refused',
  code: 'key-private',
  detail:
    'is a PRIVATE key: every reader of the store has it. Remove it there, make a new key pair, and list only the .pub line',
};

const PEM: Candidate = {
  kind: 'refused',
  code: 'key-pem',
  detail: 'is not in the format of OpenSSH; convert it with ssh-keygen -i, and list that one line',
};

function refuse(code: string, detail: string): Candidate {
  return { kind: 'refused', code, detail };
}

/**
 * Splits what a person's record lists into candidates, in the order in which they stand.
 *
 * Several keys in one string are accepted: on lines of their own, or glued, where a second `type AAAA...` stands in
 * what would be the first one's comment (identity providers turn newlines into blanks, commas or `\n`).
 * Text before a key may be options, which are refused and not stripped: a key meant to be restricted must not
 * become free. Hence a glued key is refused too if a quote, `=` or an option's name stands before it.
 */
export function findCandidates(texts: readonly string[]): Candidate[] {
  const found: Candidate[] = [];
  let length = 0;
  let isInBlock = false;
  let isContinued = false;
  for (const text of texts) {
    length += text.length;
    if (length > MAX_TEXT) {
      found.push(refuse('key-too-long', `and what follows is not read: more than ${MAX_TEXT} characters`));
      return found;
    }
    for (const rawLine of text.split(/[\n\r\v\f\u2028\u2029]/)) {
      let line = rawLine.trim();
      if (line === '') continue;
      if (isInBlock) {
        // A header of RFC 4716 section 3.3 goes on in the next line where it ends in a backslash.
        const isHeader: boolean = (isContinued && line.search(KEY_START) === -1) || BLOCK_HEADER.test(line);
        isContinued = isHeader && line.endsWith('\\');
        if (isHeader && !BLOCK_END.test(line)) continue;
        const end = BLOCK_END.exec(line);
        if (end === null && BLOCK_LINE.test(line)) continue;
        if (end !== null) line = line.slice(end.index + end[0].length).trim();
      }
      isInBlock = readLine(line, found);
      if (found.length > MAX_CANDIDATES) {
        found.length = MAX_CANDIDATES;
        found.push(refuse('key-too-long', `and what follows is not read: more than ${MAX_CANDIDATES} keys`));
        return found;
      }
    }
  }
  return found;
}

/** Characters of the shortest sound blob, an Ed25519 key's. */
const HEAD = 68;

/** What `KEY_START` wants before a blob. */
const BLANK_BEFORE: ReadonlySet<string> = new Set([' ', '\t']);

/** How a blob in base64 begins, for `mayHold`. */
export function headOf(base64: string): string {
  return base64.slice(0, HEAD);
}

/**
 * Whether a key of which the blob begins so may be in the text, told without reading it. `findCandidates` gives no sound
 * blob of which this says no: it begins behind a blank.
 */
export function mayHold(text: string, heads: ReadonlySet<string>): boolean {
  for (let at = text.indexOf('AAAA'); at !== -1; at = text.indexOf('AAAA', at + 1))
    if (BLANK_BEFORE.has(text.charAt(at - 1)) && heads.has(text.slice(at, at + HEAD))) return true;
  return false;
}

/** Adds what one line holds; true if a block of several lines (PEM, SSH2, PuTTY) begins in it and does not end. */
function readLine(line: string, found: Candidate[]): boolean {
  let rest = line;
  while (found.length <= MAX_CANDIDATES) {
    const begin = BLOCK_BEGIN.exec(rest) ?? PUTTY_BEGIN.exec(rest);
    if (begin === null) return readBareLine(rest, found);
    readBareLine(rest.slice(0, begin.index).trim(), found);
    found.push(begin[1] === undefined || /PRIVATE/i.test(begin[1]) ? PRIVATE : PEM);
    rest = rest.slice(begin.index + begin[0].length);
    const end = BLOCK_END.exec(rest);
    if (end === null) return true;
    rest = rest.slice(end.index + end[0].length).trim();
  }
  return false;
}

/** The same for a line without the first line of a block; the middle of one may begin here all the same. */
function readBareLine(line: string, found: Candidate[]): boolean {
  if (BLANK.test(line) || line.startsWith('#')) return false;
  if (isPrivateBlob(line)) {
    found.push(PRIVATE);
    return true;
  }
  const starts = [...line.matchAll(KEY_START)].map((match) => match.index);
  if (starts.length === 0) {
    const damaged = DAMAGED_START.exec(line);
    if (damaged === null) found.push(refuse('key-format', describeStranger(line)));
    else starts.push(damaged.index + damaged[0].length);
  }
  for (const [index, start] of starts.entries()) {
    const before = line.slice(index === 0 ? 0 : starts[index - 1], start);
    if (index === 0 && before.trim() !== '' && BLANK.test(before)) {
      found.push(refuse('key-format', `${HAS_INVISIBLE}, before its type`));
      return false;
    }
    const mayBeOptions = index === 0 ? before.trim() !== '' : looksLikeOptions(before);
    if (mayBeOptions) {
      found.push(refuse('key-options', 'has text before the key; options are refused, list the bare key'));
      return false;
    }
    found.push(readSegment(line.slice(start, starts[index + 1])));
  }
  return false;
}

/** `type base64 comment`, where a separator glued to the blob is no part of it: of a list, the last key has one too. */
function readSegment(segment: string): Candidate {
  const [, type = '', token = '', comment = ''] = /^([^ \t]+)[ \t]+(\S*)(.*)$/s.exec(segment) ?? [];
  if (isPrivateBlob(comment.trim())) return PRIVATE;
  if (INVISIBLE.test(token)) return refuse('key-base64', HAS_INVISIBLE);
  return { kind: 'key', type, base64: comment.trim() === '' ? stripSeparators(token) : token };
}

/** By hand, for a regular expression would take quadratic time on a megabyte of commas. */
function stripSeparators(token: string): string {
  let end = token.length;
  for (;;) {
    if (/^[,;|]$/.test(token.charAt(end - 1))) end -= 1;
    else if (/^\\[nrt]$/.test(token.slice(Math.max(end - 2, 0), end))) end -= 2;
    else return token.slice(0, end);
  }
}

/** What stands between two keys of one line is the first one's blob and comment, or the second one's options. */
function looksLikeOptions(between: string): boolean {
  const afterBlob = between.replace(/^[^ \t]+[ \t]+[A-Za-z0-9+/]*={0,2}/, '').trimEnd();
  return /["=]/.test(afterBlob) || OPTION_WORD.test(afterBlob);
}

/** Private keys whose first line is lost: openssh-key-v1, or DER that starts with a version (RFC 8017, 5915, 5958). */
function isPrivateBlob(line: string): boolean {
  if (/b3BlbnNzaC1rZXktdjE|PRIVATE KEY-/.test(line)) return true;
  if (!/^M[A-Za-z0-9+/]{39}/.test(line)) return false;
  const der = Buffer.from(line.slice(0, 40), 'base64');
  if (der[0] !== 0x30) return false;
  const content = 2 + ((der[1] ?? 0) > 0x80 ? (der[1] ?? 0) - 0x80 : 0);
  return der[content] === 2 && der[content + 1] === 1 && (der[content + 2] ?? 9) <= 1;
}

const HAS_INVISIBLE =
  'holds an invisible character, such as a zero-width space: copied from a web page? Paste the line anew';

function describeStranger(line: string): string {
  if (/^[A-Za-z0-9+/]{20,}={0,2}$/.test(line)) {
    return 'is base64 without a type before it: part of a key that was broken into lines?';
  }
  if (/^\d+ \d+ \d{50,}/.test(line)) return 'is a key of SSH protocol 1, which nothing accepts any more';
  if (/[^\t\x20-\x7e]/.test(line)) {
    return 'holds characters that no key has, such as a no-break space or a typographic quote: copied from a web page?';
  }
  return 'is not a public key; a key starts with its type, such as ssh-ed25519';
}
