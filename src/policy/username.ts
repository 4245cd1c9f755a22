// From what the store calls a person to a POSIX name, by one stated rule.

export type NameReading = { ok: true; name: string } | { ok: false; code: string; detail: string };

/**
 * The rule: a value with `@` counts only in one of `domains` (compared without case), and its local part is taken;
 * ASCII letters are lowered; a dot becomes `-`; the result must be `[a-z][a-z0-9_-]{0,30}`. Nothing is transliterated,
 * cut or dropped, since two people could then become one.
 */
export function toPosixName(value: string, domains: readonly string[]): NameReading {
  const at = value.lastIndexOf('@');
  const local = at === -1 ? value : value.slice(0, at);
  if (at !== -1) {
    const domain = value.slice(at + 1).toLowerCase();
    if (!domains.some((allowed) => allowed.toLowerCase() === domain)) {
      return {
        ok: false,
        code: 'name-domain',
        detail: `${JSON.stringify(value)} is in no domain of accounts.domains`,
      };
    }
  }
  const name = local.replace(/[A-Z]/g, (letter) => letter.toLowerCase()).replaceAll('.', '-');
  if (/^[a-z][a-z0-9_-]{0,30}$/.test(name)) return { ok: true, name };
  return { ok: false, code: 'name-malformed', detail: `${JSON.stringify(value)} does not make a POSIX name` };
}
