import { expect, test } from 'vitest';
import { suggestName } from '../../../../src/policy/names/suggest-name.ts';

const suggest = (username: string) => suggestName(username, () => true);

test.each([
  // The part before the @, before the plus, and of a guest of Entra before #EXT#.
  ['anna.smith@example.com', 'anna_smith'],
  ['anna+cluster@example.com', 'anna'],
  ['anna_contoso.com#EXT#@tenant.onmicrosoft.com', 'anna_contoso_com'],
  ['anna#ext#@tenant.onmicrosoft.com', 'anna'],
  // Accents and apostrophes go, letters without a decomposition are spelled.
  ['José.Núñez@example.com', 'jose_nunez'],
  ["o'brien@example.com", 'obrien'],
  ['d’arc@example.com', 'darc'],
  ['Weiß', 'weiss'],
  ['ærø', 'aero'],
  ['œuvre', 'oeuvre'],
  ['đorđe', 'dorde'],
  ['ðíða', 'dida'],
  ['łukasz', 'lukasz'],
  ['þór', 'thor'],
  ['ıl', 'il'],
  // Whatever else becomes one underscore, and stands neither first nor last.
  ['a . b', 'a_b'],
  ['1234anna', 'anna'],
  ['anna--', 'anna'],
  ['anna_.', 'anna'],
  ['a-b_c', 'a-b_c'],
  ['a1-2b', 'a1-2b'],
])('%s comes out as %s', (username, name) => expect(suggest(username)).toBe(name));

test.each(['', '@example.com', '123', '李', '+tag@example.com'])('%j gives no name', (username) =>
  expect(suggest(username)).toBeNull(),
);

test('a name is cut at what a name may have, with its number', () => {
  const long = 'a'.repeat(40);
  expect(suggest(long)).toBe('a'.repeat(31));
  expect(suggestName(long, (name) => name.endsWith('12'))).toBe(`${'a'.repeat(29)}12`);
});

test('a name is looked for under a thousand numbers', () => {
  expect(suggestName('anna', (name) => name === 'anna999')).toBe('anna999');
  expect(suggestName('anna', (name) => name === 'anna1000')).toBeNull();
});
