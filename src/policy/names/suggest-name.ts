// A POSIX name for a person whose user name gives none: a proposal for an operator, never granted by itself.
import { MAX_NAME } from '../identity/username.ts';

/** Letters that have no decomposition into a plain letter and an accent. */
const LETTERS: ReadonlyMap<string, string> = new Map(
  Object.entries({ ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', đ: 'd', ð: 'd', ł: 'l', þ: 'th', ı: 'i' }),
);

/**
 * The part before the `@`; of a guest of Entra (`anna_contoso.com#EXT#@tenant.onmicrosoft.com`) the part before `#EXT#`,
 * and of a plus address the part before the plus. Accents and apostrophes go, all else that is no letter, digit, `-` or
 * `_` becomes `_`.
 * @param isFree whether the name may be granted; a number is added until it is.
 * @returns null if nothing readable is left.
 */
export function suggestName(username: string, isFree: (name: string) => boolean): string | null {
  const [local = ''] = username.split('@');
  const [guest = ''] = local.split(/#ext#/i);
  const [plain = ''] = guest.split('+');
  const letters = Array.from(
    plain.toLowerCase().normalize('NFKD'),
    (letter) => LETTERS.get(letter) ?? letter,
  );
  const name = letters
    .join('')
    .replace(/[\p{M}'’`´]/gu, '')
    .replace(/[^a-z0-9_-]+/g, '_')
    .replace(/^[^a-z]+|[_-]+$/g, '');
  if (name === '') return null;
  for (let number = 1; number < 1000; number += 1) {
    const suffix = number === 1 ? '' : String(number);
    const candidate = `${name.slice(0, MAX_NAME - suffix.length)}${suffix}`;
    if (isFree(candidate)) return candidate;
  }
  return null;
}
