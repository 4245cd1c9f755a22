// The fields of a passwd(5) line that come from the store: GECOS, home and shell, cleaned or refused.
import type { Config } from '../../config/config.ts';

/** Longest GECOS field, in characters: finger(1) and mail programs need no more. */
const MAX_GECOS = 100;
const MAX_HOME = 255;

/**
 * A display name as a GECOS field: what shifts fields (`:` `,` `=`), ends lines, steers terminals or turns the
 * reading direction becomes a blank, blanks are folded, and the rest is cut at 100 characters.
 */
export function cleanGecos(displayName: string | null): string {
  if (displayName === null) return '';
  const clean = displayName
    .slice(0, 1000)
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}:,=\\"&]/gu, ' ')
    .replace(/\s+/gu, ' ')
    .trim();
  return Array.from(clean).slice(0, MAX_GECOS).join('').trim();
}

/** A home directory, or a stable code and one phrase for the operator. */
export type HomeReading =
  | { readonly ok: true; readonly home: string }
  | { readonly ok: false; readonly code: string; readonly detail: string };

/**
 * The home of an account that is not bound yet: what the record says if it says anything, else `accounts.home`.
 * A path from the record is absolute and canonical, of plain characters, and strictly below a prefix.
 */
export function chooseHome(
  fromRecord: string | null,
  name: string,
  rules: Pick<Config['accounts'], 'home' | 'home_prefixes'>,
): HomeReading {
  if (fromRecord === null || fromRecord === '')
    return { ok: true, home: rules.home.replaceAll('%u', () => name) };
  const isCanonical = /^(\/[A-Za-z0-9_@+.-]+)+$/.test(fromRecord) && !/\/\.{1,2}(\/|$)/.test(fromRecord);
  if (!isCanonical || fromRecord.length > MAX_HOME) {
    return {
      ok: false,
      code: 'home-path',
      detail: 'the home directory at the store is not a plain, absolute, canonical path',
    };
  }
  const isBelow = rules.home_prefixes.some((prefix) => {
    const directory = prefix.replace(/\/+$/, '');
    return directory !== '' && fromRecord.startsWith(`${directory}/`);
  });
  if (isBelow) return { ok: true, home: fromRecord };
  return {
    ok: false,
    code: 'home-prefix',
    detail: `the home directory ${fromRecord} at the store is not below accounts.home_prefixes`,
  };
}

/** A home for one person alone: all but a template without `%u`, which is shared on purpose. */
export function isPersonalHome(home: string, template: string): boolean {
  return home !== template;
}

/** Whether a home from the ledger may stand in passwd(5). */
export function isSafeHome(home: string): boolean {
  return /^\/[^:\p{Cc}]*$/u.test(home);
}

/**
 * The shell that the record names, if this node has it in shells(5); else null, and the caller takes the default.
 * @param fromRecord null: the record names none.
 */
export function findShell(fromRecord: string | null, shells: ReadonlySet<string>): string | null {
  if (fromRecord === null || !/^\/[A-Za-z0-9_./+-]+$/.test(fromRecord)) return null;
  return shells.has(fromRecord) ? fromRecord : null;
}
