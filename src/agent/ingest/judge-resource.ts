// Judges one raw resource field by field: what is sound counts, what is broken is quarantined with its reason.
import type { Config } from '../../config/config.ts';
import { compilePath, type Getter, getProperty, isObject } from '../../protocol/attribute-path.ts';
import type { Finding, GroupRecord, Judged, UserRecord } from '../../protocol/records.ts';

export interface ResourceJudge {
  readUser(raw: unknown, previous: UserRecord | null): Judged<UserRecord>;
  readGroup(raw: unknown, previous: GroupRecord | null): Judged<GroupRecord>;
}

const MAX_TEXT = 1024;
const MAX_KEYS = 1000;
const MAX_KEY_TEXT = 16 * 1024;

/** What a broken field throws, to be caught where the record is put together. */
class Broken extends Error {
  readonly finding: Finding;
  constructor(code: string, detail: string) {
    super(detail);
    this.finding = { code, detail };
  }
}

/** Compiles the attribute paths once; the judge is then used for every record of every sync. */
export function createJudge(attributes: Config['scim']['attributes']): ResourceJudge {
  const at = (path: string | null): Getter => (path === null ? () => undefined : compilePath(path));
  const user = {
    keys: at(attributes.ssh_keys),
    username: at(attributes.username),
    uid: at(attributes.uid),
    gid: at(attributes.gid),
    home: at(attributes.home),
    shell: at(attributes.shell),
  };
  const group = { name: at(attributes.group_name), gid: at(attributes.group_gid) };

  return {
    readUser(raw, previous) {
      const id = readId(raw);
      if (typeof id !== 'string') return id;
      const findings: Finding[] = [];
      const batch = collector(findings, previous);
      const resource = raw as Record<string, unknown>;
      const record = {
        id,
        userName: batch('userName', () => requiredText(getProperty(resource, 'userName'), 'userName')),
        externalId: batch('externalId', () =>
          optionalText(getProperty(resource, 'externalId'), 'externalId'),
        ),
        active: batch('active', () => readActive(getProperty(resource, 'active'))),
        created: batch('created', () => optionalText(meta(resource, 'created'), 'meta.created')),
        displayName: batch('displayName', () =>
          optionalText(getProperty(resource, 'displayName'), 'displayName'),
        ),
        username: batch('username', () => optionalText(user.username(raw), attributes.username)),
        uid: batch('uid', () => optionalId(user.uid(raw), attributes.uid)),
        gid: batch('gid', () => optionalId(user.gid(raw), attributes.gid)),
        home: batch('home', () => optionalText(user.home(raw), attributes.home)),
        shell: batch('shell', () => optionalText(user.shell(raw), attributes.shell)),
        keys: readKeyTexts(user.keys(raw), findings),
      };
      return conclude(id, record, findings);
    },
    readGroup(raw, previous) {
      const id = readId(raw);
      if (typeof id !== 'string') return id;
      const findings: Finding[] = [];
      const batch = collector(findings, previous);
      const resource = raw as Record<string, unknown>;
      const members = batch('members', () => readMembers(getProperty(resource, 'members')));
      const record = {
        id,
        name: batch('name', () => requiredText(group.name(raw), attributes.group_name)),
        externalId: batch('externalId', () =>
          optionalText(getProperty(resource, 'externalId'), 'externalId'),
        ),
        created: batch('created', () => optionalText(meta(resource, 'created'), 'meta.created')),
        gid: batch('gid', () => optionalId(group.gid(raw), attributes.group_gid)),
        members: isList(members) ? members : members?.users,
        nested: isList(members) ? previous?.nested : members?.groups,
      };
      return conclude(id, record, findings);
    },
  };
}

/** A field that is broken keeps its last good value; `undefined` where there is none. */
function collector<R extends object>(findings: Finding[], previous: R | null) {
  return <K extends keyof R, V>(field: K, read: () => V): V | R[K] | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      findings.push(error.finding);
      return previous?.[field];
    }
  };
}

function conclude<R extends { readonly id: string }>(
  id: string,
  record: { [K in keyof R]: R[K] | undefined },
  findings: readonly Finding[],
): Judged<R> {
  const isWhole = Object.values(record).every((value) => value !== undefined);
  if (findings.length === 0 && isWhole) return { kind: 'good', record: record as R, warnings: [] };
  return { kind: 'quarantined', id, record: isWhole ? (record as R) : null, findings };
}

function readId(raw: unknown): string | Judged<never> {
  const id = isObject(raw) ? getProperty(raw, 'id') : undefined;
  if (typeof id === 'string' && id.length > 0 && id.length <= 256 && isPrintable(id)) return id;
  return {
    kind: 'unreadable',
    findings: [{ code: 'id-malformed', detail: 'a resource without a usable id' }],
  };
}

/** A boolean, or the strings that Entra sends. Missing means active: RFC 7643 section 4.1.1 leaves it optional. */
function readActive(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string' && /^(true|false)$/i.test(value)) return value.toLowerCase() === 'true';
  throw new Broken('active-malformed', 'active is neither true nor false');
}

function requiredText(value: unknown, name: string): string {
  const text = optionalText(value, name);
  if (text === null || text === '') throw new Broken('field-missing', `${name} is missing`);
  return text;
}

function optionalText(value: unknown, name: string | null): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') throw new Broken('field-malformed', `${name} is not a string`);
  if (value.length > MAX_TEXT)
    throw new Broken('field-malformed', `${name} is longer than ${MAX_TEXT} characters`);
  return value;
}

function optionalId(value: unknown, name: string | null): number | null {
  if (value === undefined || value === null || value === '') return null;
  const id = typeof value === 'string' && /^(0|[1-9][0-9]{0,9})$/.test(value) ? Number(value) : value;
  if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id > 0xffffffff) {
    throw new Broken('id-malformed', `${name} is not a whole number`);
  }
  return id;
}

/** A string, several lines in it, an array, `{value}`, and arrays of these; anything else is no key, and the old ones go too. */
function readKeyTexts(value: unknown, findings: Finding[]): string[] {
  const texts: string[] = [];
  for (const item of Array.isArray(value) ? value : [value]) {
    const text = isObject(item) ? getProperty(item, 'value') : item;
    if (text === undefined || text === null) continue;
    if (typeof text !== 'string' || text.length > MAX_KEY_TEXT * 10) {
      findings.push({ code: 'keys-malformed', detail: 'the SSH keys are not text; none of them counts' });
      return [];
    }
    for (const line of text.split(/[\r\n]+/)) if (line.trim() !== '') texts.push(line.trim());
  }
  if (texts.length > MAX_KEYS || texts.some((text) => text.length > MAX_KEY_TEXT)) {
    findings.push({
      code: 'keys-malformed',
      detail: `more than ${MAX_KEYS} SSH keys, or one beyond ${MAX_KEY_TEXT} characters`,
    });
    return [];
  }
  return texts;
}

function readMembers(value: unknown): { users: string[]; groups: string[] } {
  if (value === undefined || value === null) return { users: [], groups: [] };
  if (!Array.isArray(value)) throw new Broken('members-malformed', 'members is not an array');
  const users = new Set<string>();
  const groups = new Set<string>();
  for (const item of value) {
    const id = isObject(item) ? getProperty(item, 'value') : undefined;
    if (typeof id !== 'string' || id === '' || id.length > 256)
      throw new Broken('members-malformed', 'a member has no id');
    const type = getProperty(item as Record<string, unknown>, 'type');
    const reference = getProperty(item as Record<string, unknown>, '$ref');
    const isGroup =
      (typeof type === 'string' && type.toLowerCase() === 'group') ||
      (typeof reference === 'string' && reference.includes('/Groups/'));
    (isGroup ? groups : users).add(id);
  }
  return { users: [...users].sort(), groups: [...groups].sort() };
}

function meta(resource: Readonly<Record<string, unknown>>, name: string): unknown {
  const value = getProperty(resource, 'meta');
  return isObject(value) ? getProperty(value, name) : undefined;
}

function isPrintable(text: string): boolean {
  return !/\p{Cc}/u.test(text);
}

/** Array.isArray that also narrows away a readonly array. */
function isList<T>(value: readonly T[] | object | undefined): value is readonly T[] {
  return Array.isArray(value);
}
