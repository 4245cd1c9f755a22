// Texts of files, read again only when statx(2) shows that the file changed.
import { readFileSync } from 'node:fs';
import { type FilePlace, type FileStamp, readFileStamp } from './file-stamp.ts';
import { hasCode } from './read-text.ts';

/** What a file held, and its stamp; null: it must be read again. */
export interface StatCache {
  readonly text: string;
  readonly stamp: FileStamp | null;
}

/** The kernel's clock for ctime moves in steps: a file that changed just now could change again within one. */
const STABLE_AFTER_MS = 2000;

/**
 * What the file holds now.
 * @param place where it is (a link is not followed to stamp it), with its whole path.
 * @param known the cached text; the same object is returned where it still holds.
 * @returns null: no such file exists (any more).
 * @throws the system's error
 */
export function readThroughStatCache(
  place: FilePlace & { readonly file: string },
  encoding: 'utf8' | 'latin1',
  known: StatCache | undefined,
): StatCache | null {
  const now = Date.now();
  const stamp = readFileStamp(place, known?.stamp);
  if (stamp === 'missing') return null;
  // The read fails with the reason and the path.
  if (stamp === 'unreadable') return readAnew(place.file, encoding, null);
  if (known !== undefined && stamp === known.stamp) return known;
  const isStable = stamp.isPlain && now - stamp.ctime * 1000 > STABLE_AFTER_MS;
  return readAnew(place.file, encoding, isStable ? stamp : null);
}

/** A file that is removed between stamp and read is missing. */
function readAnew(file: string, encoding: 'utf8' | 'latin1', stamp: FileStamp | null): StatCache | null {
  try {
    return { text: readFileSync(file, encoding), stamp };
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return null;
    throw cause;
  }
}
