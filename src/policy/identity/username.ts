// From what the store calls a person, or a group, to a POSIX name, or to the reason why there is none.

/** A POSIX name, or a stable code and one phrase for the operator. */
export type NameReading =
  | { readonly ok: true; readonly name: string }
  | { readonly ok: false; readonly code: string; readonly detail: string };

/** Longest name: utmp(5) has 32 bytes and useradd(8) takes 32, but some tools count the NUL. */
export const MAX_NAME = 31;

/**
 * Makes an account's name from the attribute `scim.attributes.username`, by this rule:
 *
 * 1. Only printable ASCII without blanks is taken. Nothing is transliterated: two people could become one.
 * 2. A value with one `@` is an address: its domain must be one of `accounts.domains` (case does not count),
 *    and the part before the `@` is used. A value without `@` is used whole. More than one `@` is refused.
 * 3. A plus sign is refused: `alice+x` and `alice` reach the same person.
 * 4. Capitals become small, and each dot becomes `_` (`Anna.Smith` is `anna_smith`).
 * 5. The result starts with a letter, continues with letters, digits, `-` and `_`, and has at most 31
 *    characters. Nothing is cut off and nothing else is replaced: other characters are refused.
 *
 * @param value null if the store has none.
 * @param domains `accounts.domains`, in small letters (see `foldDomains`).
 */
export function readUsername(value: string | null, domains: ReadonlySet<string>): NameReading {
  if (value === null || value === '')
    return refuse('name-missing', 'the store has no user name for this person');
  if (!/^[\x21-\x7e]+$/.test(value)) {
    return refuse('name-characters', 'the user name has blanks or characters outside ASCII');
  }
  const at = value.indexOf('@');
  if (at !== value.lastIndexOf('@')) return refuse('name-characters', 'the user name has more than one @');
  if (at >= 0 && !domains.has(value.slice(at + 1).toLowerCase())) {
    return refuse('name-domain', 'the domain of the user name is not in accounts.domains');
  }
  const local = at >= 0 ? value.slice(0, at) : value;
  if (local.includes('+')) return refuse('name-plus', 'the user name is a plus address');
  return checkName(local.toLowerCase().replaceAll('.', '_'), 'user name');
}

/**
 * Makes a Unix group's name from the group's name at the store: only printable ASCII and spaces; capitals become
 * small, each dot and each space becomes `_`; then as for accounts. Two groups that come out alike are refused.
 */
export function readGroupName(value: string): NameReading {
  if (!/^[\x20-\x7e]+$/.test(value)) {
    return refuse('name-characters', 'the group name has characters outside ASCII');
  }
  return checkName(value.toLowerCase().replace(/[. ]/g, '_'), 'group name');
}

/** Whether a name from the ledger may stand in passwd(5): imported names may be older than our rule. */
export function isSafeName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/.test(name);
}

/** `accounts.domains`, as `readUsername` wants them. */
export function foldDomains(domains: readonly string[]): ReadonlySet<string> {
  return new Set(domains.map((domain) => domain.toLowerCase().replace(/^@/, '')));
}

function checkName(name: string, what: string): NameReading {
  if (name.length > MAX_NAME) {
    return refuse('name-length', `the ${what} has more than ${MAX_NAME} characters`);
  }
  if (!/^[a-z]/.test(name)) return refuse('name-start', `the ${what} does not start with a letter`);
  if (!/^[a-z0-9_-]+$/.test(name)) {
    return refuse('name-characters', `the ${what} has characters other than letters, digits, - _ and dots`);
  }
  return { ok: true, name };
}

function refuse(code: string, detail: string): NameReading {
  return { ok: false, code, detail };
}
