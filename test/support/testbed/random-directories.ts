// Directories of any content for the emulators' properties, connected to a service of the test.
import * as fc from 'fast-check';
import {
  directorySchema,
  type Directory,
  type Person,
} from '../../../src/testbed/identity-provider/directory.ts';
import { DEFAULT_MAPPINGS, SSH_KEYS_PATH } from '../../../src/testbed/identity-provider/entra/shapes.ts';
import { COREWEAVE, type Client } from './client.ts';

/** A directory whose application is set up for the client's service. @param flag after the tenant URL. */
export function makeDirectory({ testbed }: Client, content: object, flag = ''): Directory {
  return directorySchema.parse({
    application: {
      tenant_url: testbed.baseUrl + flag,
      secret_token: testbed.token,
      provisioning: 'on',
      mappings: { ...DEFAULT_MAPPINGS, sunkSshKeys: SSH_KEYS_PATH },
      assigned: ['slurm-users'],
    },
    ...content,
  });
}

const NAMES = ['ann', 'bob', 'cat', 'dan'];
const GROUPS = ['slurm-users', 'admins', 'other'];
const IN_RESEARCH = fc.constant({ attribute: 'department', equals: 'R&D' });

const person = (name: string): fc.Arbitrary<object | null> =>
  fc.option(
    fc.record({
      object_id: fc.constant(`u-${name}`),
      userPrincipalName: fc.constantFrom(`${name}@example.com`, `${name}.new@example.com`),
      displayName: fc.string({ minLength: 1 }),
      mail: fc.constantFrom(`${name}@a.example`, `${name}@b.example`),
      department: fc.constantFrom('R&D', 'Sales'),
      manager: fc.constantFrom('', ...NAMES.map((other) => `${other}@example.com`)),
      sunkSshKeys: fc.constantFrom('key one', 'key two\nkey three'),
      accountEnabled: fc.boolean(),
      deleted: fc.boolean(),
      deleted_at: fc.constantFrom(null, '2020-01-01T00:00:00.000Z', '2120-01-01T00:00:00.000Z'),
    }),
  );
const group = (displayName: string): fc.Arbitrary<object | null> =>
  fc.option(
    fc.record({
      object_id: fc.constant(`g-${displayName}`),
      displayName: fc.constant(displayName),
      members: fc.subarray(NAMES.flatMap((name) => [`${name}@example.com`, `${name}.new@example.com`])),
      dynamic: fc.option(IN_RESEARCH, { freq: 4 }),
    }),
  );

export interface Content {
  readonly users: readonly object[];
  readonly groups: readonly object[];
  readonly assigned: readonly string[];
  readonly scope: object | null;
}

/** People and groups that come and go, are renamed, disabled, deleted, assigned and scoped. */
export const anyContent: fc.Arbitrary<Content> = fc.record({
  users: fc.tuple(...NAMES.map(person)).map((all) => all.filter((one) => one !== null)),
  groups: fc.tuple(...GROUPS.map(group)).map((all) => all.filter((one) => one !== null)),
  assigned: fc.subarray([...GROUPS, 'ann@example.com', 'bob@example.com']),
  scope: fc.option(IN_RESEARCH, { freq: 2 }),
});

/** The same application, and what it provisioned, with other people and groups. */
export function replaceContent(
  { application, provisioned }: Directory,
  { users, groups, assigned, scope }: Content,
): Directory {
  return directorySchema.parse({
    application: { ...application, assigned, scoping_filter: scope },
    users,
    groups,
    provisioned,
  });
}

/** What the service must serve of a user who is in scope. */
export function describeServed(user: Person): object {
  return {
    userName: user.userPrincipalName,
    displayName: user.displayName,
    emails: [{ type: 'work', value: user.mail }],
    [COREWEAVE]: { sunkSshKeys: user.sunkSshKeys },
  };
}
