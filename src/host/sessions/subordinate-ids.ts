// Subordinate uids (subuid(5)): ids that a person can take without being root, so processes under them are theirs.
import { readFileSync } from 'node:fs';
import path from 'node:path';

export interface SubordinateRange {
  /** A name or a uid in digits, as the file has it. */
  readonly owner: string;
  readonly first: number;
  readonly count: number;
}

const LINE = /^([^:]+):(\d{1,10}):(\d{1,10})$/;

/** Ranges of `/etc/subuid`; none where there is no such file. A line of another form grants nothing. */
export function readSubordinateUids(root: string): SubordinateRange[] {
  let text: string;
  try {
    text = readFileSync(path.join(root, 'etc/subuid'), 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    const [, owner = '', first, count] = LINE.exec(line) ?? [];
    return owner === '' ? [] : [{ owner, first: Number(first), count: Number(count) }];
  });
}

/** The owner of a uid, as the file has it; null: it is in no range. */
export function findSubordinateOwner(ranges: readonly SubordinateRange[], uid: number): string | null {
  return ranges.find(({ first, count }) => uid >= first && uid < first + count)?.owner ?? null;
}
