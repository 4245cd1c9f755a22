// What the README claims to have, held to what there is.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const README = readFileSync(path.join(import.meta.dirname, '../README.md'), 'utf8');

describe('the security tests of the README', () => {
  const [, chapter = ''] = /^## Security tests$(.*?)^## /ms.exec(README) ?? [];
  const rows = [...chapter.matchAll(/^\| (?<concern>.+?) \| `(?<file>.+?)` \| (?<name>.+?) \|$/gm)].map(
    ({ groups }) => groups as { concern: string; file: string; name: string },
  );

  test('are many', () => expect(rows.length).toBeGreaterThan(20));

  test.each(rows)('$concern: $file has that test', ({ file, name }) => {
    expect(readFileSync(path.join(import.meta.dirname, file), 'utf8')).toContain(name);
  });
});
