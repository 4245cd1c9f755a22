// Holds that a file which may skip tests says why: a test that did not run proves nothing.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const TESTS = path.resolve(import.meta.dirname, '..');
const MAY_SKIP = /\b(?:runIf|skipIf|skip)\(/;
/** What prints a reason: functions of test/support, the browser's obstacle, or a line of the file's own. */
const SAYS_WHY =
  /\b(?:hasRoot|hasPrivateNode|describeOnNodes|describeWith|findObstacle)\(|(?:stderr\.write|console\.(?:log|error))\([^;]*\b(?:skipped|not tested|not here|only as root|NIGHTLY)\b/;

test('each file that may skip tests prints the reason', () => {
  const files = readdirSync(TESTS, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.test.ts') && !name.endsWith('skips.test.ts'),
  );
  const mayBeQuiet = files.filter((name) => {
    const text = readFileSync(path.join(TESTS, name), 'utf8');
    return MAY_SKIP.test(text) && !SAYS_WHY.test(text);
  });
  expect(files.length).toBeGreaterThan(300);
  expect(mayBeQuiet).toEqual([]);
});
