import { mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readKeyFiles, removeKeyFile, writeKeyFiles } from '../../src/host/authorized-keys.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'key-folder-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const read = (): Record<string, string> => Object.fromEntries(readKeyFiles(folder));

test('a key file is read anew after every change, in place or by rename, at once or long after, even with its old times', async () => {
  writeKeyFiles(folder, [
    { name: 'alice', text: 'one\n' },
    { name: 'bob', text: 'one\n' },
  ]);
  expect(read()).toEqual({ alice: 'one\n', bob: 'one\n' });
  // Of the same length, and within the same tick of the kernel's clock.
  writeFileSync(path.join(folder, 'alice'), 'two\n');
  expect(read()).toEqual({ alice: 'two\n', bob: 'one\n' });
  await sleep(2200);
  expect(read()).toEqual({ alice: 'two\n', bob: 'one\n' });
  writeFileSync(path.join(folder, 'alice'), 'new\n');
  utimesSync(path.join(folder, 'alice'), 1, 1);
  expect(read()).toEqual({ alice: 'new\n', bob: 'one\n' });
  writeKeyFiles(folder, [{ name: 'bob', text: 'new\n' }]);
  expect(read()).toEqual({ alice: 'new\n', bob: 'new\n' });
  removeKeyFile(folder, 'alice');
  symlinkSync('bob', path.join(folder, 'carol'));
  expect(read()).toEqual({ bob: 'new\n', carol: 'new\n' });
  writeFileSync(path.join(folder, 'bob'), 'end\n');
  expect(read()).toEqual({ bob: 'end\n', carol: 'end\n' });
});
