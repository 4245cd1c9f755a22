// The XML parsers that the rehearsal's sign-in uses: one version alone, which gets fixes.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

test('every library uses the xmldom that this repository chose, under whatever name it asks for it', () => {
  const lock = JSON.parse(
    readFileSync(path.resolve(import.meta.dirname, '../../../package-lock.json'), 'utf8'),
  ) as { packages: Record<string, { version?: string; name?: string; integrity?: string }> };
  const found = Object.entries(lock.packages).filter(([name]) => name.endsWith('/xmldom'));
  const [chosen] = found.flatMap(([name, entry]) => (name === 'node_modules/@xmldom/xmldom' ? [entry] : []));
  expect(chosen?.version).toMatch(/^0\.8\.(?:1[3-9]|[2-9]\d)$/);
  for (const [name, { name: alias = '@xmldom/xmldom', version, integrity }] of found)
    expect([name, alias, version, integrity]).toEqual([
      name,
      '@xmldom/xmldom',
      chosen?.version,
      chosen?.integrity,
    ]);
  expect(found.map(([name]) => name)).toEqual([
    'node_modules/@xmldom/xmldom',
    'node_modules/samlp/node_modules/@auth0/xmldom',
  ]);
});
