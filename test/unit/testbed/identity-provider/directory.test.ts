// The directory file: whatever is written is read again, and what is not understood is refused by name.
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { loadDirectory, saveDirectory } from '../../../../src/testbed/identity-provider/directory.ts';
import { makeSampleDirectory } from '../../../../src/testbed/identity-provider/sample-directory.ts';
import { anyText } from '../../../support/records/any-text.ts';

const scratch = mkdtempSync(join(tmpdir(), 'directory-'));
const file = join(scratch, 'directory.yaml');
afterAll(() => rmSync(scratch, { recursive: true }));

it('holds any text as it is, and is for its owner alone, since a token is in it', () => {
  fc.assert(
    fc.property(
      anyText.filter((text) => text !== ''),
      fc.string(),
      (text, other) => {
        const directory = makeSampleDirectory();
        directory.application.secret_token = other;
        directory.application.assigned = [text];
        directory.users[0]!.displayName = text;
        directory.groups[0]!.members = [other];
        saveDirectory(file, directory);
        expect(loadDirectory(file)).toEqual(directory);
      },
    ),
    { numRuns: 200 },
  );
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

it.each([
  ['users:\n  - nonsense: 1\n', 'nonsense'],
  ['application:\n  provisioning: maybe\n', 'provisioning'],
  ['groups: {}\n', 'groups'],
  ['a: [', 'directory.yaml'],
])('is refused with the name of what is wrong: %j', (text, name) => {
  writeFileSync(file, text);
  expect(() => loadDirectory(file)).toThrow(name);
});

it('that is missing is asked for by the command that writes it', () => {
  expect(() => loadDirectory(join(scratch, 'none.yaml'))).toThrow(/none\.yaml: the command init writes one/);
});
