// What a login node should be, worked out from the store alone: a second opinion that shares no code with the policy.
import { ACCESS_GROUPS, SUDO_GROUP } from './company.ts';

export interface ModelPerson {
  readonly id: string;
  readonly name: string;
  readonly uid: number;
  /** May log in now. */
  readonly isIn: boolean;
  /** `type base64` of each key that must be served if the person is in: those that no one else lists who is in. */
  readonly keys: readonly string[];
  /** With those that others list who are in: one of them is served such a key, who it is hangs on the node. */
  readonly listed: readonly string[];
}

export interface TrueGroup {
  readonly name: string;
  readonly gid: number;
  /** Names of those who are in, sorted. */
  readonly members: readonly string[];
}

export interface ReferenceModel {
  /** Each user who may have an account, by SCIM id. */
  readonly people: ReadonlyMap<string, ModelPerson>;
  readonly groups: readonly TrueGroup[];
  readonly sudoGid: number | null;
}

const EXTENSION = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeave';

interface Served {
  id: string;
  userName: string;
  displayName: string;
  active: boolean;
  members?: { value: string }[];
  [extension: `urn:${string}`]: { uid?: number; gid?: number; sunkSshKeys?: string | string[] } | undefined;
}

/** Reads the store whole; no fault is set meanwhile. */
export async function readReferenceModel(store: {
  baseUrl: string;
  readToken: string;
}): Promise<ReferenceModel> {
  const [users, groups] = await Promise.all([list(store, 'Users'), list(store, 'Groups')]);
  const allowed = new Set(
    groups
      .filter(({ displayName }) => (ACCESS_GROUPS as readonly string[]).includes(displayName))
      .flatMap(({ members }) => (members ?? []).map(({ value }) => value)),
  );
  const people = new Map<string, ModelPerson>();
  for (const user of users) {
    const [name = ''] = user.userName.split('@');
    const uid = user[`${EXTENSION}User`]?.uid;
    if (!/^p\d{4,}$/.test(name) || uid === undefined) continue;
    const listed = [...soundKeys(user)].sort();
    people.set(user.id, {
      id: user.id,
      name,
      uid,
      isIn: user.active && allowed.has(user.id),
      keys: listed,
      listed,
    });
  }
  const contested = new Set(findRivals(people.values()).keys());
  for (const [id, person] of people)
    people.set(id, { ...person, keys: person.listed.filter((key) => !contested.has(key)) });
  const made = groups.filter(
    ({ displayName }) =>
      displayName === SUDO_GROUP ||
      displayName.startsWith('team-') ||
      (ACCESS_GROUPS as readonly string[]).includes(displayName),
  );
  return {
    people,
    groups: made
      .map((group) => ({
        name: group.displayName,
        gid: gidOf(group),
        members: (group.members ?? [])
          .flatMap(({ value }) => people.get(value) ?? [])
          .filter(({ isIn }) => isIn)
          .map(({ name }) => name)
          .sort(compare),
      }))
      .sort((a, b) => compare(a.name, b.name)),
    sudoGid: made.filter(({ displayName }) => displayName === SUDO_GROUP).map(gidOf)[0] ?? null,
  };
}

/** Those who are in, by key, of each key that several of them list. */
export function findRivals(people: Iterable<ModelPerson>): Map<string, ModelPerson[]> {
  const byKey = new Map<string, ModelPerson[]>();
  for (const person of people)
    for (const key of person.isIn ? person.listed : []) byKey.set(key, [...(byKey.get(key) ?? []), person]);
  return new Map([...byKey].filter(([, rivals]) => rivals.length > 1));
}

function gidOf(group: Served): number {
  return group[`${EXTENSION}Group`]?.gid ?? Number.NaN;
}

/** The company makes sound keys of one kind only. */
function soundKeys(user: Served): Set<string> {
  const keys = [user[`${EXTENSION}User`]?.sunkSshKeys ?? []].flat();
  return new Set(keys.flatMap((text) => /^(ssh-ed25519 [A-Za-z0-9+/=]+)( |$)/.exec(text)?.[1] ?? []));
}

async function list(
  store: { baseUrl: string; readToken: string },
  kind: 'Users' | 'Groups',
): Promise<Served[]> {
  const all: Served[] = [];
  for (;;) {
    const response = await fetch(`${store.baseUrl}/${kind}?startIndex=${all.length + 1}&count=1000`, {
      headers: { authorization: `Bearer ${store.readToken}` },
    });
    const { Resources, totalResults } = (await response.json()) as {
      Resources: Served[];
      totalResults: number;
    };
    all.push(...Resources);
    if (all.length === totalResults) return all;
    if (Resources.length === 0)
      throw new Error(`${all.length} ${kind} came of ${totalResults}, without a fault`);
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
