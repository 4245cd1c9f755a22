// The three ways in which identity providers change a user come to the same, and values come back as sent.
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { isPresent } from '../../../../src/testbed/protocol/attributes.ts';
import type { Json, JsonObject } from '../../../../src/testbed/protocol/json.ts';
import { createOrganisation } from '../../../../src/testbed/protocol/resources/organisation.ts';
import { propertyRuns } from '../../../support/property-runs.ts';

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const COREWEAVE = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser';
const numRuns = propertyRuns(300, 20_000);

/** What Entra maps, by the path of the target; nested as a PUT has it, and flat as a PATCH has it. */
const PATHS: Record<string, (value: Json) => JsonObject> = {
  displayName: (value) => ({ displayName: value }),
  title: (value) => ({ title: value }),
  'name.givenName': (value) => ({ name: { givenName: value } }),
  'name.familyName': (value) => ({ name: { familyName: value } }),
  [`${ENTERPRISE}:employeeNumber`]: (value) => ({ [ENTERPRISE]: { employeeNumber: value } }),
  [`${COREWEAVE}:sunkSshKeys`]: (value) => ({ [COREWEAVE]: { sunkSshKeys: value } }),
};

type Directory = Record<string, string>;
const directory: fc.Arbitrary<Directory> = fc.dictionary(
  fc.constantFrom(...Object.keys(PATHS)),
  fc.string({ minLength: 1 }),
);

/** The nested form of a user's attributes. */
function nest(attributes: Directory): JsonObject {
  const nested: JsonObject = {};
  for (const [path, value] of Object.entries(attributes)) {
    for (const [name, inner] of Object.entries(PATHS[path]?.(value) ?? {})) {
      const before = nested[name];
      nested[name] =
        typeof before === 'object' && typeof inner === 'object'
          ? { ...(before as JsonObject), ...(inner as JsonObject) }
          : inner;
    }
  }
  return nested;
}

function changes(before: Directory, after: Directory): { set: [string, string][]; gone: string[] } {
  return {
    set: Object.entries(after).filter(([path, value]) => before[path] !== value),
    gone: Object.keys(before).filter((path) => !(path in after)),
  };
}

/** Each client’s requests that lead from one state to the other. */
const CLIENTS: Record<
  string,
  (before: Directory, after: Directory, active: boolean) => { put?: JsonObject; patch?: Json[] }
> = {
  entra: (before, after, active) => {
    const { set, gone } = changes(before, after);
    return {
      patch: [
        ...set.map(([path, value]) => ({ op: path in before ? 'Replace' : 'Add', path, value })),
        ...gone.map((path) => ({ op: 'Remove', path })),
        { op: 'Replace', path: 'active', value: active ? 'True' : 'False' },
      ],
    };
  },
  'entra with aadOptscim062020': (before, after, active) => {
    const { set, gone } = changes(before, after);
    return {
      patch: [
        { op: 'replace', value: { active, ...Object.fromEntries(set) } },
        ...gone.map((path) => ({ op: 'remove', path })),
      ],
    };
  },
  'okta by PATCH': (before, after, active) => {
    const { set, gone } = changes(before, after);
    const value = { id: 'ignored', active, ...nest(Object.fromEntries(set)) };
    return { patch: [{ op: 'replace', value }, ...gone.map((path) => ({ op: 'remove', path }))] };
  },
  'okta by PUT': (_, after, active) => ({
    put: {
      id: 'ignored',
      meta: { created: 'x' },
      groups: [{ value: 'g' }],
      userName: 'alice@x',
      active,
      password: 'p',
      ...nest(after),
    },
  }),
};

it.each(Object.keys(CLIENTS))(
  '%s leads from any state to any other, and values come back as sent',
  (client) => {
    fc.assert(
      fc.property(directory, directory, fc.boolean(), (before, after, active) => {
        const organisation = createOrganisation();
        const { id } = organisation.create('User', { userName: 'alice@x', ...nest(before) });
        const { put, patch } = CLIENTS[client]!(before, after, active);
        if (put !== undefined) organisation.replace('User', id, put);
        if (patch !== undefined) organisation.patch('User', id, { Operations: patch });
        const { schemas: _, meta: __, ...served } = organisation.read('User', id).resource;
        const extension = nest(after)[COREWEAVE] ?? {};
        expect(served).toEqual({
          ...nest(after),
          id,
          userName: 'alice@x',
          active,
          [COREWEAVE]: { ...(extension as JsonObject), uid: 10000 },
        });
      }),
      { numRuns },
    );
  },
);

it('any value of an attribute that the service does not know comes back as sent', () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 3 }).filter((value) => !JSON.stringify(value).includes('__proto__')),
      (value) => {
        const sent = value as Json;
        const { resource } = createOrganisation().create('User', { userName: 'a', custom: sent });
        const isUnassigned = !isPresent(sent) && typeof sent !== 'string';
        if (isUnassigned) expect(isPresent(resource['custom'] ?? null)).toBe(false);
        else expect(prune(resource['custom'] ?? null)).toEqual(prune(sent));
      },
    ),
    { numRuns },
  );
});

/** Without what means "unassigned": null, and lists and objects with nothing in them. */
function prune(value: Json): Json {
  if (Array.isArray(value))
    return value
      .map(prune)
      .filter((item) => item !== null && JSON.stringify(item) !== '[]' && JSON.stringify(item) !== '{}');
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, inner]) => [name, prune(inner)] as const)
      .filter(
        ([, inner]) => inner !== null && JSON.stringify(inner) !== '[]' && JSON.stringify(inner) !== '{}',
      ),
  );
}
