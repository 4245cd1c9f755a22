// Holds that a directory of the code can be taken in at a glance.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const REPOSITORY = path.resolve(import.meta.dirname, '../..');
const MOST_FILES = 16;

/** How many files each directory has, its subdirectories not counted. */
function countFiles(root: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const entry of readdirSync(path.join(REPOSITORY, root), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const directory = path.relative(REPOSITORY, entry.parentPath);
    counts.set(directory, (counts.get(directory) ?? 0) + 1);
  }
  return counts;
}

test.each(['src', 'packaging', 'systemd'])(`a directory of %s has at most ${MOST_FILES} files`, (root) => {
  const counts = countFiles(root);
  expect(counts.size).toBeGreaterThan(0);
  expect([...counts].filter(([, count]) => count > MOST_FILES)).toEqual([]);
});
