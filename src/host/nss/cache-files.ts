// Renders one generation of the nsscache backend: its files and their indexes, as texts.
import { renderIndex } from './cache-index.ts';

/** The published files, and the columns by which libnss-cache looks up their lines. */
const COLUMNS = {
  passwd: { ixname: 0, ixuid: 2 },
  group: { ixname: 0, ixgid: 2 },
  shadow: { ixname: 0 },
  sshkey: { ixname: 0 },
} as const;

export type NsscacheFile = keyof typeof COLUMNS;
export const NSSCACHE_FILES = Object.keys(COLUMNS) as NsscacheFile[];

/** The texts in latin1, one character a byte; every line is managed. */
export type NsscacheTexts = Readonly<Record<NsscacheFile, string>>;

/** A file of a generation: `passwd.cache`, `passwd.cache.ixname` and so on. */
export interface GenerationFile {
  readonly name: string;
  /** latin1. */
  readonly data: string;
  readonly isSecret: boolean;
}

/** All files of a generation, each index after its file; the order of lines in `texts` counts. */
export function renderGeneration(texts: NsscacheTexts): GenerationFile[] {
  return NSSCACHE_FILES.flatMap((file) => {
    const isSecret = file === 'shadow';
    const name = `${file}.cache`;
    const indexes = Object.entries(COLUMNS[file]).map(([suffix, column]) => ({
      name: `${name}.${suffix}`,
      data: renderIndex(texts[file], column),
      isSecret,
    }));
    return [{ name, data: texts[file], isSecret }, ...indexes];
  });
}

/** Lines sorted by their bytes, so that the text depends on the accounts and not on their order. */
export function sortLines(text: string): string {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines
    .sort((a, b) => (a < b ? -1 : 1))
    .map((line) => `${line}\n`)
    .join('');
}

/**
 * A line of sshkey.cache: `name:['line', 'line']`, as nsscache writes a list of keys, and as its own
 * AuthorizedKeysCommand examples split at `', '` (github.com/google/nsscache, examples/authorized-keys-command.sh
 * and .py). Each entry is a whole line of the key file, so that sshd enforces the expiry there as well.
 * @param keyFile the text of a key file.
 * @throws RangeError for a line that would be read back differently.
 */
export function renderKeyLine(name: string, keyFile: string): string {
  const keys = keyFile.split('\n').filter((line) => line !== '');
  for (const key of keys) {
    if (/[:\r\0'[\]\\]|, /.test(key)) throw new RangeError(`not for sshkey.cache: ${JSON.stringify(key)}`);
  }
  return `${name}:[${keys.map((key) => `'${key}'`).join(', ')}]`;
}

/** The lines of each key file, by name, from sshkey.cache; lines with one bare key are read as well. */
export function readKeyLines(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const rest = line.slice(colon + 1);
    const list = /^\['(.*)'\]$/.exec(rest)?.[1];
    const keys = list === undefined ? [rest] : list.split("', '");
    const name = line.slice(0, colon);
    found.set(name, [...(found.get(name) ?? []), ...keys.filter((key) => key !== '' && key !== '[]')]);
  }
  return found;
}
