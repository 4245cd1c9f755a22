// Pushed users as the console speaks of them: names, state, keys, groups, and who is an administrator.
import { ADMIN_POLICY } from '../policy-groups.ts';
import { getAttribute, getValues } from '../protocol/attributes.ts';
import type { Collection, Entry } from '../protocol/resources/collection.ts';
import { isObject, type JsonObject } from '../protocol/json.ts';
import { COREWEAVE_USER_SCHEMA } from '../protocol/discovery/schemas.ts';
import type { Workspace } from '../workspace.ts';

/** An attribute as text; empty where it is absent or no text. */
export function textOf(resource: JsonObject, ...steps: readonly string[]): string {
  const [value] = getValues(resource, steps);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

export function isActive(user: Entry): boolean {
  return getAttribute(user.resource, 'active') !== false;
}

/** The name to show: the display name, else the user name. */
export function nameOf(user: Entry): string {
  return textOf(user.resource, 'displayName') || textOf(user.resource, 'userName');
}

/** Every address by which a person is known, in lower case. */
export function addressesOf(user: Entry): string[] {
  return [...getValues(user.resource, ['userName']), ...getValues(user.resource, ['emails', 'value'])]
    .filter((value) => typeof value === 'string')
    .map((value) => value.toLowerCase());
}

/** All pushed users with this address, as `userName` or e-mail, whatever its case. */
export function findByAddress({ organisation }: Workspace, address: string): readonly Entry[] {
  const wanted = address.toLowerCase();
  return organisation.users.list().filter((user) => addressesOf(user).includes(wanted));
}

/** Users of whose names or addresses some contains the text. */
export function searchUsers({ organisation }: Workspace, text: string): readonly Entry[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return organisation.users.list();
  return organisation.users
    .list()
    .filter((user) => [...addressesOf(user), nameOf(user).toLowerCase()].some((one) => one.includes(wanted)));
}

/** The groups of each user, made anew when a group changed. */
const memberships = new WeakMap<
  Collection,
  { readonly version: number; readonly of: Map<string, Entry[]> }
>();

/** The pushed groups that a user is in. */
export function groupsOf({ organisation: { groups } }: Workspace, id: string): readonly Entry[] {
  let known = memberships.get(groups);
  if (known?.version !== groups.version()) {
    known = { version: groups.version(), of: new Map() };
    for (const group of groups.list()) {
      for (const member of membersOf(group)) {
        const found = known.of.get(member);
        if (found === undefined) known.of.set(member, [group]);
        else found.push(group);
      }
    }
    memberships.set(groups, known);
  }
  return known.of.get(id) ?? [];
}

/** Ids of the members of a pushed group. */
export function membersOf(group: Entry): readonly string[] {
  return getValues(group.resource, ['members', 'value']).filter((value) => typeof value === 'string');
}

/** Whether some pushed group that the user is in carries the administrators' policy. */
export function isAdministrator(workspace: Workspace, id: string): boolean {
  return groupsOf(workspace, id).some((group) =>
    workspace.policyGroups.policiesOf(group.id).includes(ADMIN_POLICY),
  );
}

/** The texts with keys that the identity provider pushed: one, or several, each of one or more lines. */
export function pushedKeysOf(user: Entry): readonly string[] {
  return getValues(user.resource, [COREWEAVE_USER_SCHEMA, 'sunkSshKeys'])
    .map((value) => (isObject(value) ? getAttribute(value, 'value') : value))
    .filter((value) => typeof value === 'string');
}
