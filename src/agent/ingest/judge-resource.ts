// Judges one raw resource field by field: what is sound counts, what is broken is quarantined with its reason.
import type { Config } from '../../config/config.ts';
import { compilePath, type Getter, getProperty } from '../../protocol/attribute-path.ts';
import { createNameReader } from '../../protocol/record-names.ts';
import type { Finding, GroupRecord, Judged, ResourceKind, UserRecord } from '../../protocol/records.ts';
import {
  Broken,
  optionalId,
  optionalText,
  readActive,
  readId,
  readKeyTexts,
  readMembers,
  readMeta,
  requiredText,
} from './resource-fields.ts';

export interface ResourceJudge {
  readUser(raw: unknown, previous: UserRecord | null): Judged<UserRecord>;
  readGroup(raw: unknown, previous: GroupRecord | null): Judged<GroupRecord>;
  /** By which names an operator may ask for it, while it is in quarantine. */
  readNames(kind: ResourceKind, raw: unknown): string[];
}

/** The warning about a user who stays inactive because the store no longer says. */
export const ACTIVE_MISSING = 'active-missing';

type Attributes = Config['scim']['attributes'];

/** Compiles the attribute paths once; the judge is then used for every record of every sync. */
export function createJudge(attributes: Attributes): ResourceJudge {
  return {
    readUser: createUserJudge(attributes),
    readGroup: createGroupJudge(attributes),
    readNames: createNameReader(attributes),
  };
}

/** An attribute that is not configured is never there. */
function at(path: string | null): Getter {
  return path === null ? () => undefined : compilePath(path);
}

function createUserJudge(attributes: Attributes): ResourceJudge['readUser'] {
  const user = {
    keys: at(attributes.ssh_keys),
    username: at(attributes.username),
    uid: at(attributes.uid),
    gid: at(attributes.gid),
    home: at(attributes.home),
    shell: at(attributes.shell),
  };
  return (raw, previous) => {
    const id = readId(raw);
    if (typeof id !== 'string') return id;
    const findings: Finding[] = [];
    const warnings: Finding[] = [];
    const field = collector(findings, previous);
    const own = (name: string): unknown => getProperty(raw as Record<string, unknown>, name);
    const created = (): unknown => readMeta(raw as Record<string, unknown>, 'created');
    const active = field('active', () => readActive(own('active')));
    const record = {
      id,
      userName: field('userName', () => requiredText(own('userName'), 'userName')),
      externalId: field('externalId', () => optionalText(own('externalId'), 'externalId')),
      active: active === null ? keepActive(previous, warnings) : active,
      created: field('created', () => optionalText(created(), 'meta.created')),
      displayName: field('displayName', () => optionalText(own('displayName'), 'displayName')),
      username: field('username', () => optionalText(user.username(raw), attributes.username)),
      uid: field('uid', () => optionalId(user.uid(raw), attributes.uid)),
      gid: field('gid', () => optionalId(user.gid(raw), attributes.gid)),
      home: field('home', () => optionalText(user.home(raw), attributes.home)),
      shell: field('shell', () => optionalText(user.shell(raw), attributes.shell)),
      keys: readKeyTexts(user.keys(raw), findings),
    };
    return conclude(id, record, findings, warnings);
  };
}

function createGroupJudge(attributes: Attributes): ResourceJudge['readGroup'] {
  const group = { name: at(attributes.group_name), gid: at(attributes.group_gid) };
  return (raw, previous) => {
    const id = readId(raw);
    if (typeof id !== 'string') return id;
    const findings: Finding[] = [];
    const field = collector(findings, previous);
    const own = (name: string): unknown => getProperty(raw as Record<string, unknown>, name);
    const created = (): unknown => readMeta(raw as Record<string, unknown>, 'created');
    const members = field('members', () => readMembers(own('members'), findings));
    const record = {
      id,
      name: field('name', () => requiredText(group.name(raw), attributes.group_name)),
      externalId: field('externalId', () => optionalText(own('externalId'), 'externalId')),
      created: field('created', () => optionalText(created(), 'meta.created')),
      gid: field('gid', () => optionalId(group.gid(raw), attributes.group_gid)),
      members: isList(members) ? members : members?.users,
      nested: isList(members) ? previous?.nested : members?.groups,
    };
    return conclude(id, record, findings);
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

/** Of a user that the store sends without `active`: the last explicit value; a new user is active. */
function keepActive(previous: UserRecord | null, warnings: Finding[]): boolean {
  const kept = previous?.active ?? true;
  if (!kept) warnings.push({ code: ACTIVE_MISSING, detail: 'active is missing: still inactive, as before' });
  return kept;
}

function conclude<R extends { readonly id: string }>(
  id: string,
  record: { [K in keyof R]: R[K] | undefined },
  findings: readonly Finding[],
  warnings: readonly Finding[] = [],
): Judged<R> {
  const isWhole = Object.values(record).every((value) => value !== undefined);
  if (findings.length === 0 && isWhole) return { kind: 'good', record: record as R, warnings };
  return { kind: 'quarantined', id, record: isWhole ? (record as R) : null, findings };
}

/** Array.isArray that also narrows away a readonly array. */
function isList<T>(value: readonly T[] | object | undefined): value is readonly T[] {
  return Array.isArray(value);
}
