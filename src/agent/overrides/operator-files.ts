// The lists that operators keep outside the database: approved hashes, blocked people, a freeze.
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Paths } from '../../common/paths.ts';
import { parseTimestamp } from '../../common/text/timestamp.ts';
import { locateWritable } from './writable-file.ts';
import { attempt, toHostWrite } from '../../common/system-error.ts';

export interface OperatorFiles {
  /** Hashes of held sets that were approved. */
  readonly approved: ReadonlySet<string>;
  /** Names, userNames, SCIM ids or fingerprints that are blocked. */
  readonly blocked: readonly string[];
  /** The same with what else the lines say. */
  readonly blocks: readonly BlockEntry[];
  /** Epoch seconds until which the node is frozen; 0: it is not. */
  readonly frozenUntil: number;
}

/** One line of the block list: `WORD [ACCOUNT] [until=TIME]  # remark`; an id of other characters is `id=` and percent-encoded. */
export interface BlockEntry {
  /** A SCIM id where the person was known, so that no rename at the store ends the block; else what the line begins with. */
  readonly word: string;
  /** The account's name at that time, which counts where no record has the id; null: the line has none. */
  readonly name: string | null;
  /** Epoch seconds at which it ends by itself; null: with unblock. */
  readonly until: number | null;
}

/**
 * Reads the three files; a missing one is an empty list.
 * @param now epoch seconds: blocks whose time is over are not in it.
 */
export function readOperatorFiles(paths: Paths, now = Math.floor(Date.now() / 1000)): OperatorFiles {
  const blocks = readBlocks(paths.blocked).filter(({ until }) => until === null || until > now);
  return {
    approved: new Set(readList(paths.approved)),
    blocked: blocks.map(({ word }) => word),
    blocks,
    frozenUntil: Number(readList(paths.freeze)[0] ?? 0) || 0,
  };
}

/** Adds an entry with a remark on who did it; false if it was there already. @param more follows it on the line. */
export function addEntry(file: string, word: string, remark: string, more = ''): boolean {
  const entry = encodeWord(word);
  if (readList(file).includes(entry)) return false;
  const before = readText(file);
  const separator = before === '' || before.endsWith('\n') ? '' : '\n';
  const line = `${entry}${more}  # ${remark}`;
  replaceFile(file, `${before}${separator}${line}\n`, `add the line ${JSON.stringify(line)}`);
  return true;
}

/** Every line of the block list, also those whose time is over. A time that cannot be read is no end. */
export function readBlocks(file: string): BlockEntry[] {
  return readText(file)
    .split('\n')
    .flatMap((line) => {
      const [word = '', ...more] = (line.split('#')[0] ?? '').trim().split(/\s+/);
      if (word === '') return [];
      const end = more.find((one) => one.startsWith('until='))?.slice('until='.length);
      const time = end === undefined ? null : parseTimestamp(end);
      const name = more.find((one) => !one.startsWith('until=')) ?? null;
      return [{ word: decodeWord(word), name, until: time === null ? null : Math.floor(time / 1000) }];
    });
}

/**
 * Adds a line to the block list, in place of one with the same word; false if that very line was in force already.
 * @throws AgentError host_write
 */
export function addBlock(file: string, { word, name, until }: BlockEntry, remark: string): boolean {
  const present = readBlocks(file).filter((one) => one.word === word);
  if (present.some((one) => one.until === until)) return false;
  if (present.length > 0) removeEntry(file, word);
  const end = until === null ? '' : ` until=${new Date(until * 1000).toISOString().slice(0, 19)}Z`;
  return addEntry(file, word, remark, `${name === null || name === word ? '' : ` ${name}`}${end}`);
}

/** Takes an entry out, whatever its remark; false if it was not there. */
export function removeEntry(file: string, word: string): boolean {
  const entry = encodeWord(word);
  if (!readList(file).includes(entry)) return false;
  const kept = readText(file)
    .split('\n')
    .filter((line) => firstWord(line) !== entry);
  replaceFile(file, kept.join('\n'), `remove the line of ${entry}`);
  return true;
}

/**
 * What stands behind an entry (who put it there, and when), or its bare file where nothing does; null: no such entry.
 * @param isExact whether case counts, as in ids.
 */
export function findRemark(file: string, word: string, isExact: boolean): string | null {
  const entry = encodeWord(word);
  const fold = (text: string): string => (isExact ? text : text.toLowerCase());
  const line = readText(file)
    .split('\n')
    .find((text) => fold(firstWord(text)) === fold(entry));
  if (line === undefined || entry === '') return null;
  const [, remark = ''] = /#\s*(.*)$/.exec(line) ?? [];
  return remark.trim() === '' ? `${file} lists ${entry}` : `by ${remark.trim()}`;
}

/** A name, userName, SCIM id or fingerprint that a line can begin with as it is. */
export const PLAIN_WORD = /^[A-Za-z0-9][A-Za-z0-9@._:/+=-]{0,255}$/;
const ENCODED = 'id=';

/** Ids may have blanks, `#` or characters that look alike: on the line each is another. */
function encodeWord(word: string): string {
  return (PLAIN_WORD.test(word) && !word.startsWith(ENCODED)) || word === ''
    ? word
    : `${ENCODED}${encodeURIComponent(word)}`;
}

function decodeWord(word: string): string {
  if (!word.startsWith(ENCODED)) return word;
  try {
    return decodeURIComponent(word.slice(ENCODED.length));
  } catch {
    return word;
  }
}

/** Freezes until that instant (epoch seconds). */
export function writeFreeze(file: string, until: number, remark: string): void {
  replaceFile(file, `${until}  # ${remark}\n`, `write ${until}`);
}

/** Ends a freeze; false if there was none. */
export function removeFreeze(file: string): boolean {
  const isThere = readText(file) !== '';
  attempt(`cannot remove ${file}`, () => rmSync(file, { force: true }));
  return isThere;
}

/** Who is acting, for remarks and the history: the person behind sudo if there is one. */
export function operatorName(environment: NodeJS.ProcessEnv = process.env): string {
  const name =
    environment['SUDO_USER'] ??
    environment['LOGNAME'] ??
    environment['USER'] ??
    `uid ${process.getuid?.() ?? '?'}`;
  return name.replace(/[^A-Za-z0-9@._ -]/g, '?').slice(0, 64);
}

/**
 * Replaces a managed file, readable by all, atomically; of a link, what it leads to.
 * @param change what it changes, in the imperative, for a file that can only be changed elsewhere.
 * @throws AgentError host_write, with nothing left behind.
 */
export function replaceFile(file: string, text: string, change: string): void {
  attempt(`cannot write ${file}`, () => {
    const target = locateWritable(file, change);
    const temporary = `${target}.${process.pid}.new`;
    mkdirSync(path.dirname(target), { recursive: true, mode: 0o755 });
    try {
      writeFileSync(temporary, text, { mode: 0o644, flush: true });
      chmodSync(temporary, 0o644);
      renameSync(temporary, target);
    } finally {
      rmSync(temporary, { force: true });
    }
  });
}

/** The first word of each line that is not empty and not a comment. */
function readList(file: string): string[] {
  return readText(file)
    .split('\n')
    .map(firstWord)
    .filter((word) => word !== '' && !word.startsWith('#'));
}

function firstWord(line: string): string {
  return line.trim().split(/\s+/)[0] ?? '';
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw toHostWrite(`cannot read ${file}`, error);
  }
}
