// The fields of a raw resource, one by one: what the store sent as a value, or why it is none.
import { sayCount } from '../../common/text/count-noun.ts';
import { getProperty, isObject } from '../../protocol/attribute-path.ts';
import type { Finding, Judged } from '../../protocol/records.ts';

const MAX_TEXT = 1024;
const MAX_SHOWN = 80;
const MAX_KEYS = 1000;
const MAX_KEY_TEXT = 16 * 1024;
/** Of all keys of one user, in characters: reading hostile ones takes a tenth of a second. */
const MAX_KEYS_TEXT = 10 * MAX_KEY_TEXT;

/** The finding about members that are left out while the others count. */
export const MEMBER_MALFORMED = 'member-malformed';

/** What a broken field throws, to be caught where the record is put together. */
export class Broken extends Error {
  readonly finding: Finding;
  /** @param value what was sent; undefined: nothing, or what may be secret. */
  constructor(code: string, detail: string, value?: unknown) {
    super(detail);
    this.finding = { code, detail, ...(value === undefined ? {} : { value: showValue(value) }) };
  }
}

/** An id, or the verdict on a resource that has none. */
export function readId(raw: unknown): string | Judged<never> {
  const id = isObject(raw) ? getProperty(raw, 'id') : undefined;
  if (isUsableId(id)) return id;
  const shown = id === undefined ? '' : `: ${showValue(id)}`;
  return {
    kind: 'unreadable',
    findings: [{ code: 'id-malformed', detail: `a resource without a usable id${shown}` }],
  };
}

/**
 * An id is compared and stored byte by byte. One that is not well-formed, or lost characters on its way (U+FFFD), would
 * become the same as another.
 */
function isUsableId(id: unknown): id is string {
  return (
    typeof id === 'string' &&
    id.length > 0 &&
    id.length <= 256 &&
    id.isWellFormed() &&
    !/[\p{Cc}\ufffd]/u.test(id)
  );
}

/** A value of the store as JSON, cut; what shows it escapes it. */
function showValue(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN).toWellFormed()}…` : text;
}

/**
 * A boolean, or the strings that Entra sends. null: the store sent none, as RFC 7643 section 4.1.1 allows; null and
 * missing are the same (section 2.5).
 */
export function readActive(value: unknown): boolean | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string' && /^(true|false)$/i.test(value)) return value.toLowerCase() === 'true';
  throw new Broken('active-malformed', 'active is neither true nor false', value);
}

export function requiredText(value: unknown, name: string): string {
  const text = optionalText(value, name);
  if (text === null || text === '') throw new Broken('field-missing', `${name} is missing`, value);
  return text;
}

export function optionalText(value: unknown, name: string | null): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') throw new Broken('field-malformed', `${name} is not a string`, value);
  if (value.length > MAX_TEXT)
    throw new Broken('field-malformed', `${name} is longer than ${MAX_TEXT} characters`, value);
  return value;
}

export function optionalId(value: unknown, name: string | null): number | null {
  if (value === undefined || value === null || value === '') return null;
  const id = typeof value === 'string' && /^(0|[1-9][0-9]{0,9})$/.test(value) ? Number(value) : value;
  if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id > 0xffffffff) {
    throw new Broken('id-malformed', `${name} is not a whole number`, value);
  }
  return id;
}

/** A string, several lines in it, an array, `{value}`, and arrays of these; anything else is no key, and the old ones go too. */
export function readKeyTexts(value: unknown, findings: Finding[]): string[] {
  const texts: string[] = [];
  for (const item of Array.isArray(value) ? value : [value]) {
    const text = isObject(item) ? getProperty(item, 'value') : item;
    if (text === undefined || text === null) continue;
    if (typeof text !== 'string' || text.length > MAX_KEYS_TEXT) {
      findings.push({ code: 'keys-malformed', detail: 'the SSH keys are not text; none of them counts' });
      return [];
    }
    for (const line of text.split(/[\r\n]+/)) if (line.trim() !== '') texts.push(line.trim());
  }
  const total = texts.reduce((sum, text) => sum + text.length, 0);
  if (texts.length > MAX_KEYS || total > MAX_KEYS_TEXT || texts.some((text) => text.length > MAX_KEY_TEXT)) {
    findings.push({
      code: 'keys-malformed',
      detail: `more than ${MAX_KEYS} SSH keys, one beyond ${MAX_KEY_TEXT} characters, or all of them beyond ${MAX_KEYS_TEXT}`,
    });
    return [];
  }
  return texts;
}

/**
 * Ids of the users and of the nested groups, each once and in order. An entry without a usable id is left out and
 * reported; where no entry has one, all of it is broken.
 */
export function readMembers(value: unknown, findings: Finding[]): { users: string[]; groups: string[] } {
  if (value === undefined || value === null) return { users: [], groups: [] };
  if (!Array.isArray(value)) throw new Broken('members-malformed', 'members is not an array', value);
  const users = new Set<string>();
  const groups = new Set<string>();
  const malformed: unknown[] = [];
  for (const item of value) {
    const id = isObject(item) ? getProperty(item, 'value') : undefined;
    if (!isUsableId(id)) {
      malformed.push(item);
      continue;
    }
    const type = getProperty(item as Record<string, unknown>, 'type');
    const reference = getProperty(item as Record<string, unknown>, '$ref');
    const isGroup =
      (typeof type === 'string' && type.toLowerCase() === 'group') ||
      (typeof reference === 'string' && reference.includes('/Groups/'));
    (isGroup ? groups : users).add(id);
  }
  if (malformed.length > 0) {
    const which = `${malformed.length} of ${sayCount(value.length, 'member')} has no usable id, such as ${showValue(malformed[0])}`;
    if (malformed.length === value.length) throw new Broken('members-malformed', which);
    findings.push({ code: MEMBER_MALFORMED, detail: `${which}: left out, the others count` });
  }
  return { users: [...users].sort(), groups: [...groups].sort() };
}

/** An attribute of `meta` (RFC 7643 section 3.1). */
export function readMeta(resource: Readonly<Record<string, unknown>>, name: string): unknown {
  const value = getProperty(resource, 'meta');
  return isObject(value) ? getProperty(value, name) : undefined;
}
