// The XML parsers that the rehearsal's sign-in uses: one version alone, which gets fixes.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

test('every library uses the xmldom that this repository chose', () => {
  const lock = JSON.parse(
    readFileSync(path.resolve(import.meta.dirname, '../../../package-lock.json'), 'utf8'),
  ) as { packages: Record<string, { version?: string }> };
  const found = Object.entries(lock.packages).filter(([name]) =>
    /node_modules\/(?:@xmldom\/)?xmldom$/.test(name),
  );
  expect(found.map(([name]) => name)).toEqual(['node_modules/@xmldom/xmldom']);
  expect(found[0]?.[1].version).toMatch(/^0\.8\.(?:1[3-9]|[2-9]\d)$/);
});
