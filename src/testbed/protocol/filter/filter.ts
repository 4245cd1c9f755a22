// Filters in words to a tree: the grammar of RFC 7644 section 3.4.2.2, read by recursive descent.
import { PATH_CHARACTERS, splitAttributePath, type Steps } from '../attribute-path.ts';
import { ScimError, type ScimType } from '../scim-error.ts';

export type Comparison = 'eq' | 'ne' | 'co' | 'sw' | 'ew' | 'gt' | 'ge' | 'lt' | 'le';
export type Operand = string | number | boolean | null;

export type Filter =
  | { readonly kind: 'compare'; readonly path: Steps; readonly op: Comparison; readonly value: Operand }
  | { readonly kind: 'present'; readonly path: Steps }
  | { readonly kind: 'and' | 'or'; readonly terms: readonly Filter[] }
  | { readonly kind: 'not'; readonly term: Filter }
  /** `emails[type eq "work"]`: one value that fulfils all of it. */
  | { readonly kind: 'values'; readonly path: Steps; readonly filter: Filter };

const COMPARISONS: readonly string[] = ['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'];
const ORDERED: readonly string[] = ['gt', 'ge', 'lt', 'le'];
const TEXTUAL: readonly string[] = ['co', 'sw', 'ew'];

const MAX_LENGTH = 16_384;
const MAX_DEPTH = 40;

/**
 * Reads a whole filter.
 * @throws ScimError 400 invalidFilter that names the position; also for filters beyond 16 KiB or 40 levels.
 */
export function parseFilter(text: string): Filter {
  const reader = createReader(text, 'invalidFilter');
  const filter = readOr(reader, 0, true);
  if (reader.at < text.length) fail(reader, 'the end');
  return filter;
}

/** Where a parser stands in its text; path.ts reads the part in brackets with the same one. */
export interface Reader {
  readonly text: string;
  readonly scimType: ScimType;
  at: number;
}

/** Starts reading; `scimType` is what a refusal is called. */
export function createReader(text: string, scimType: ScimType): Reader {
  if (text.length > MAX_LENGTH) {
    throw new ScimError(400, scimType, `longer than ${MAX_LENGTH} characters`);
  }
  return { text, scimType, at: 0 };
}

export function fail(reader: Reader, expected: string): never {
  const found = reader.text.slice(reader.at, reader.at + 20);
  const where = found === '' ? 'the end' : JSON.stringify(found);
  throw new ScimError(
    400,
    reader.scimType,
    `expected ${expected} at character ${reader.at + 1}, found ${where}`,
  );
}

/** What stands between `[` and `]`: a filter in which no further brackets may stand. */
export function readBracketed(reader: Reader): Filter {
  expect(reader, '[');
  const filter = readOr(reader, 1, false);
  expect(reader, ']');
  return filter;
}

/** Reads an attribute path, which ends where its characters end. */
export function readPath(reader: Reader): Steps {
  skipSpace(reader);
  PATH_CHARACTERS.lastIndex = reader.at;
  const [text] = PATH_CHARACTERS.exec(reader.text) ?? [];
  const steps = text === undefined ? null : splitAttributePath(text);
  if (text === undefined || steps === null) return fail(reader, 'an attribute');
  reader.at += text.length;
  return steps;
}

function readOr(reader: Reader, depth: number, bracketsAllowed: boolean): Filter {
  return readChain(reader, 'or', () => readAnd(reader, depth, bracketsAllowed));
}

function readAnd(reader: Reader, depth: number, bracketsAllowed: boolean): Filter {
  return readChain(reader, 'and', () => readTerm(reader, depth, bracketsAllowed));
}

function readChain(reader: Reader, word: 'and' | 'or', readOne: () => Filter): Filter {
  const first = readOne();
  const terms = [first];
  while (takeWord(reader, word)) terms.push(readOne());
  return terms.length === 1 ? first : { kind: word, terms };
}

function readTerm(reader: Reader, depth: number, bracketsAllowed: boolean): Filter {
  if (depth > MAX_DEPTH) throw new ScimError(400, reader.scimType, `nested deeper than ${MAX_DEPTH} levels`);
  const start = reader.at;
  const isNot = takeWord(reader, 'not');
  skipSpace(reader);
  if (reader.text[reader.at] === '(') {
    reader.at += 1;
    const term = readOr(reader, depth + 1, bracketsAllowed);
    expect(reader, ')');
    return isNot ? { kind: 'not', term } : term;
  }
  // An attribute may be called `not`.
  reader.at = start;
  const path = readPath(reader);
  if (reader.text[reader.at] === '[') {
    if (!bracketsAllowed) fail(reader, 'an operator (brackets do not nest)');
    return readSelected(reader, path, readBracketed(reader));
  }
  return readComparison(reader, path);
}

/**
 * What follows a value path: Entra looks people up by `emails[type eq "work"].value eq "..."`, which the RFC's
 * grammar does not have, and which can only mean that one value fulfils both.
 */
function readSelected(reader: Reader, path: Steps, filter: Filter): Filter {
  if (reader.text[reader.at] !== '.') return { kind: 'values', path, filter };
  reader.at += 1;
  const sub = readPath(reader);
  if (sub.length !== 1) fail(reader, 'one sub-attribute');
  return { kind: 'values', path, filter: { kind: 'and', terms: [filter, readComparison(reader, sub)] } };
}

function readComparison(reader: Reader, path: Steps): Filter {
  const start = (skipSpace(reader), reader.at);
  const word = takeLetters(reader).toLowerCase();
  if (word === 'pr') return { kind: 'present', path };
  if (!COMPARISONS.includes(word)) {
    reader.at = start;
    return fail(reader, 'an operator');
  }
  const op = word as Comparison;
  const value = readOperand(reader);
  const orderless = typeof value === 'boolean' || value === null;
  if ((ORDERED.includes(op) && orderless) || (TEXTUAL.includes(op) && typeof value !== 'string')) {
    throw new ScimError(400, reader.scimType, `${op} cannot compare with ${JSON.stringify(value)}`);
  }
  return { kind: 'compare', path, op, value };
}

function readOperand(reader: Reader): Operand {
  const start = (skipSpace(reader), reader.at);
  const literal = /"(?:[^"\\]|\\.)*"|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/iy;
  literal.lastIndex = start;
  const [text] = literal.exec(reader.text) ?? [];
  if (text === undefined) return fail(reader, 'a value');
  try {
    const value = JSON.parse(text.startsWith('"') ? text : text.toLowerCase()) as Operand;
    reader.at += text.length;
    return value;
  } catch {
    return fail(reader, 'a JSON value');
  }
}

function takeWord(reader: Reader, word: string): boolean {
  const start = (skipSpace(reader), reader.at);
  if (takeLetters(reader).toLowerCase() === word && !/[a-z0-9_$:.[-]/i.test(reader.text[reader.at] ?? '')) {
    return true;
  }
  reader.at = start;
  return false;
}

function takeLetters(reader: Reader): string {
  const letters = /[a-z]*/iy;
  letters.lastIndex = reader.at;
  const [word = ''] = letters.exec(reader.text) ?? [];
  reader.at += word.length;
  return word;
}

/** The look for a further `and` or `or` has skipped the blanks already. */
function expect(reader: Reader, character: string): void {
  if (reader.text[reader.at] !== character) fail(reader, `"${character}"`);
  reader.at += 1;
}

function skipSpace(reader: Reader): void {
  while (reader.text[reader.at] === ' ') reader.at += 1;
}
