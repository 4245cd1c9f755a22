// The index files of libnss-cache: beside each file of nsscache, the offset of each key's line.

/** Digits of an offset; a larger file gets more. */
const DIGITS = 8;

/**
 * The index of `text` over one column (fields apart by colons): sorted lines of equal length, each the key, NUL, the
 * line's offset in digits, NULs up to the longest key's length, and a newline. libnss-cache uses the first line's
 * length for all, does a binary search with strcmp(3), and reads the offset with sscanf(3) (its nss_cache.c).
 * Of several lines with one key the first counts. Texts are latin1, one character a byte, so that offsets are bytes.
 */
export function renderIndex(text: string, column: number): string {
  const offsets = new Map<string, number>();
  let longest = 0;
  for (let start = 0; start < text.length;) {
    const end = text.indexOf('\n', start);
    const stop = end === -1 ? text.length : end;
    const key = text.slice(start, stop).split(':')[column] ?? '';
    if (key !== '' && !offsets.has(key)) {
      offsets.set(key, start);
      longest = Math.max(longest, key.length);
    }
    start = stop + 1;
  }
  const digits = Math.max(DIGITS, String(text.length).length);
  return [...offsets]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([key, offset]) =>
        `${key}\0${String(offset).padStart(digits, '0')}${'\0'.repeat(longest - key.length)}\n`,
    )
    .join('');
}
