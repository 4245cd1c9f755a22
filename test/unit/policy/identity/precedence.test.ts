import { expect, test } from 'vitest';
import { compare } from '../../../../src/common/text/compare.ts';
import { compareClaims } from '../../../../src/policy/identity/precedence.ts';

const order = (...created: (string | null)[]): (string | null)[] =>
  created
    .map((time, index) => ({ scimId: `u-${index}`, created: time }))
    .sort(compareClaims)
    .map((claim) => claim.created);

test('the user who was created earlier comes first, as an instant and not as a text', () => {
  const noon = '2026-01-01T12:00:00Z';
  expect(order(noon, '2026-01-01T12:30:00+01:00')).toEqual(['2026-01-01T12:30:00+01:00', noon]);
  expect(order(noon, '2026-01-01T11:59Z', '2025-12-31T23:00:00.5-02:00')).toEqual([
    '2025-12-31T23:00:00.5-02:00',
    '2026-01-01T11:59Z',
    noon,
  ]);
});

test.each([
  null,
  '',
  '2020',
  '2020-01-01',
  ' 2020-01-01T00:00:00Z',
  '2020-01-01T00:00:00Z or so',
  '1 Jan 2020',
  '2020-99-01T00:00:00Z',
])('a time that is none comes last: %j', (odd) => {
  expect(order(odd, '2026-01-01T00:00:00Z')).toEqual(['2026-01-01T00:00:00Z', odd]);
});

test('of the same time the smaller SCIM id comes first, by code units', () => {
  const claim = (scimId: string) => ({ scimId, created: null });
  expect(compareClaims(claim('a'), claim('b'))).toBe(-1);
  expect(compareClaims(claim('b'), claim('a'))).toBe(1);
  expect(compareClaims(claim('a'), claim('a'))).toBe(0);
  expect(['é', 'z', 'Z', 'a'].sort(compare)).toEqual(['Z', 'a', 'z', 'é']);
});
