// The Entra emulator against the service: its shapes are Entra's, and after the cycles both sides agree.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Directory } from '../../../../src/testbed/identity-provider/directory.ts';
import { runCycle, testConnection } from '../../../../src/testbed/identity-provider/entra/cycle.ts';
import { SSH_KEYS_PATH, isActive } from '../../../../src/testbed/identity-provider/entra/shapes.ts';
import { findSubject, provisionOnDemand } from '../../../../src/testbed/identity-provider/entra/on-demand.ts';
import { changeUser, setGroupScope } from '../../../../src/testbed/identity-provider/directory-verbs.ts';
import { changeMapping } from '../../../../src/testbed/identity-provider/mapping-verbs.ts';
import { findNextTry } from '../../../../src/testbed/identity-provider/entra/quarantine.ts';
import type { JsonObject } from '../../../../src/testbed/protocol/json.ts';
import { COREWEAVE, connect, type Client } from '../../../support/testbed/client.ts';
import { expectGroups, expectInScope, expectMembers } from '../../../support/testbed/expected-scope.ts';
import {
  anyContent,
  describeServed,
  makeDirectory,
  replaceContent,
} from '../../../support/testbed/random-directories.ts';
import { propertyRuns } from '../../../support/property-runs.ts';

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFake alice';

/** What the service was asked to write, in order: method, where, and the operations or the body. */
async function listWrites({ admin }: Client): Promise<[string, unknown][]> {
  const { body } = await admin('GET', '/requests');
  await admin('DELETE', '/requests');
  return body.requests
    .filter(({ method }: { method: string }) => method !== 'GET')
    .map(({ method, target, sent }: Record<string, string>) => {
      const read = sent === null || sent === undefined ? null : (JSON.parse(sent) as JsonObject);
      const where = `${method} /${String(target).split('/')[3]}`;
      return [where, read?.['Operations'] ?? read];
    });
}

const ALICE = {
  object_id: 'a1',
  userPrincipalName: 'alice@example.com',
  displayName: 'Alice',
  givenName: 'Alice',
  mail: 'alice@mail.example',
};
const GROUP = { object_id: 'g1', displayName: 'slurm-users', members: ['alice@example.com'] };

describe('the Entra emulator', () => {
  it('tests the connection with a filter that finds nothing', async () => {
    const client = await connect();
    const directory = makeDirectory(client, {});
    await testConnection(directory);
    const { body } = await client.admin('GET', '/requests');
    expect(body.requests.map((one: { target: string }) => one.target)).toEqual([
      expect.stringMatching(/\/Users\?filter=userName\+eq\+%22[0-9a-f-]{36}%22$/),
      expect.stringMatching(/\/Groups\?filter=displayName\+eq\+%22[0-9a-f-]{36}%22$/),
    ]);
    await client.admin('POST', '/faults', { kind: 'ignored-filter' });
    await client.send('POST', '/Users', { userName: 'someone' });
    await expect(testConnection(directory)).rejects.toThrow('ignores the filter');
  });

  it('creates, patches the key, adds members, disables and deletes in the default form', async () => {
    const client = await connect();
    const directory = makeDirectory(client, { users: [ALICE], groups: [GROUP] });
    const first = await runCycle(directory);
    expect(first.map(({ object, action, outcome }) => [object, action, outcome])).toEqual([
      ['alice@example.com', 'create', 'success'],
      ['slurm-users', 'update members', 'success'],
    ]);
    const writes = await listWrites(client);
    expect(writes.map(([where]) => where)).toEqual(['POST /Users', 'POST /Groups', 'PATCH /Groups']);
    expect(writes[0]?.[1]).toMatchObject({
      externalId: 'a1',
      active: true,
      phoneNumbers: [],
    });
    expect(writes[0]?.[1]).not.toHaveProperty('addresses');
    expect(writes[1]?.[1]).not.toHaveProperty('members');
    expect(writes[2]?.[1]).toEqual([
      { op: 'Add', path: 'members', value: [{ $ref: null, value: directory.provisioned.users['a1'] }] },
    ]);
    expect(await runCycle(directory)).toEqual([]);
    expect(await listWrites(client)).toEqual([]);

    directory.users[0]!.sunkSshKeys = KEY;
    await runCycle(directory);
    expect(await listWrites(client)).toEqual([
      ['PATCH /Users', [{ op: 'Add', path: SSH_KEYS_PATH, value: KEY }]],
    ]);
    directory.users[0]!.sunkSshKeys = '';
    expect(await runCycle(directory)).toEqual([]);

    directory.users[0]!.deleted = true;
    expect((await runCycle(directory)).map((line) => line.action)).toEqual(['disable']);
    expect(await listWrites(client)).toEqual([
      ['PATCH /Users', [{ op: 'Replace', path: 'active', value: 'False' }]],
    ]);
    directory.users[0]!.deleted = false;
    await runCycle(directory);
    expect(await listWrites(client)).toEqual([
      ['PATCH /Users', [{ op: 'Replace', path: 'active', value: 'True' }]],
    ]);

    directory.users.pop();
    expect((await runCycle(directory)).map((line) => line.action)).toEqual(['delete']);
    expect(await listWrites(client)).toEqual([['DELETE /Users', null]]);
  });

  it('renames a user whose userPrincipalName changed, and disables no one, by command or by hand', async () => {
    const client = await connect();
    const directory = makeDirectory(client, {
      users: [ALICE, { object_id: 'b1', userPrincipalName: 'bob@example.com', manager: 'alice@example.com' }],
      groups: [GROUP],
    });
    directory.application.assigned = ['slurm-users', 'alice@example.com', 'bob@example.com'];
    directory.application.sends_null_addresses = true;
    await runCycle(directory);
    expect((await listWrites(client))[0]?.[1]).toMatchObject({ addresses: null });
    // By the command, which changes every reference at once.
    changeUser(directory, ['set', 'alice@example.com', 'userPrincipalName=ashby@example.com']);
    expect(directory.groups[0]?.members).toEqual(['ashby@example.com']);
    expect(directory.users[1]?.manager).toBe('ashby@example.com');
    expect(() =>
      changeUser(directory, ['set', 'ashby@example.com', 'userPrincipalName=bob@example.com']),
    ).toThrow('there is bob@example.com already');
    expect((await runCycle(directory)).map(({ action }) => action)).toEqual(['update']);
    expect(await listWrites(client)).toEqual([
      ['PATCH /Users', [{ op: 'Replace', path: 'userName', value: 'ashby@example.com' }]],
    ]);
    // By hand, in the name alone: the cycle follows the object id.
    directory.users[0]!.userPrincipalName = 'a.ashby@example.com';
    expect((await runCycle(directory)).map(({ action }) => action)).toEqual(['update']);
    expect(directory.application.assigned).toContain('a.ashby@example.com');
    const { body } = await client.send('GET', '/Users?filter=userName eq "a.ashby@example.com"');
    expect(body.Resources).toMatchObject([{ active: true, id: directory.provisioned.users['a1'] }]);
    const { body: groups } = await client.send('GET', '/Groups');
    expect(groups.Resources[0].members).toHaveLength(1);
  });

  it('speaks the compliant form when the tenant URL asks for it', async () => {
    const client = await connect();
    const directory = makeDirectory(client, { users: [ALICE], groups: [GROUP] }, '/?aadOptscim062020');
    await runCycle(directory);
    await listWrites(client);
    Object.assign(directory.users[0]!, { surname: 'A', mail: 'new@mail.example', accountEnabled: false });
    directory.groups[0]!.members = [];
    directory.application.assigned.push('alice@example.com');
    await runCycle(directory);
    const id = directory.provisioned.users['a1'];
    expect(await listWrites(client)).toEqual([
      [
        'PATCH /Users',
        [
          { op: 'replace', value: { 'name.familyName': 'A', active: false } },
          { op: 'replace', path: 'emails[type eq "work"].value', value: 'new@mail.example' },
        ],
      ],
      ['PATCH /Groups', [{ op: 'remove', path: `members[value eq "${id}"]` }]],
    ]);
  });

  it('sends a new user with the extension that its schemas do not name, and the manager as a bare id', async () => {
    const client = await connect();
    const chief = { object_id: 'c1', userPrincipalName: 'zoe@example.com', displayName: 'Zoe' };
    const directory = makeDirectory(client, {
      users: [{ ...ALICE, sunkSshKeys: KEY, manager: 'zoe@example.com' }, chief],
      groups: [{ ...GROUP, members: ['alice@example.com', 'zoe@example.com'] }],
    });
    expect((await runCycle(directory)).map(({ object, action }) => [object, action])).toEqual([
      ['alice@example.com', 'create'],
      ['zoe@example.com', 'create'],
      ['alice@example.com', 'update'],
      ['slurm-users', 'update members'],
    ]);
    const [first, , manager] = await listWrites(client);
    expect(first?.[1]).toMatchObject({
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User', ENTERPRISE],
      [COREWEAVE]: { sunkSshKeys: KEY },
    });
    const { c1: id } = directory.provisioned.users;
    expect(manager).toEqual(['PATCH /Users', [{ op: 'Add', path: `${ENTERPRISE}:manager`, value: id }]]);
    expect(await runCycle(directory)).toEqual([]);
  });

  it('finds who is there already instead of making a twin', async () => {
    const client = await connect();
    const { body } = await client.send('POST', '/Users', { userName: 'ALICE@example.com' });
    const directory = makeDirectory(client, { users: [ALICE], groups: [GROUP] });
    await runCycle(directory);
    expect(directory.provisioned.users).toEqual({ a1: body.id });
    expect((await client.send('GET', '/Users')).body.totalResults).toBe(1);
  });

  it('matches anew and sends every membership again in an initial cycle, and takes no id from another', async () => {
    const client = await connect();
    const bob = { object_id: 'b1', userPrincipalName: 'bob@example.com', displayName: 'Bob' };
    const directory = makeDirectory(client, {
      users: [ALICE, bob],
      groups: [{ ...GROUP, members: ['alice@example.com', 'bob@example.com'] }],
    });
    await runCycle(directory);
    const { a1: alice, b1: former } = directory.provisioned.users;
    const { id: groupId } = directory.provisioned.groups['g1']!;
    await client.send('PATCH', `/Groups/${groupId}`, { Operations: [{ op: 'remove', path: 'members' }] });
    await client.send('PATCH', `/Users/${former}`, {
      Operations: [{ op: 'replace', path: 'userName', value: 'bob.old@example.com' }],
    });
    const { body: twin } = await client.send('POST', '/Users', { userName: 'bob@example.com' });
    directory.application.watermark = null;
    await runCycle(directory);
    expect(directory.provisioned.users).toEqual({ a1: alice, b1: twin.id });
    const { body: restored } = await client.send('GET', `/Groups/${groupId}`);
    expect(new Set(restored.members.map((one: { value: string }) => one.value))).toEqual(
      new Set([alice, twin.id]),
    );

    Object.assign(directory.users[0]!, { userPrincipalName: 'bob@example.com' });
    directory.users.pop();
    directory.groups[0]!.members = ['bob@example.com'];
    directory.application.watermark = null;
    const log = await runCycle(directory);
    expect(log.map(({ action, status }) => [action, status])).toContainEqual(['export', 409]);
    await runCycle(directory);
    expect((await client.send('GET', `/Users/${alice}`)).body.userName).toBe('bob@example.com');
  });

  it('logs a nested group with the service’s reason, and goes on', async () => {
    const client = await connect();
    const inner = { object_id: 'g2', displayName: 'inner', members: [] };
    const directory = makeDirectory(client, {
      users: [ALICE],
      groups: [inner, { ...GROUP, members: ['alice@example.com', 'inner'] }],
    });
    directory.application.assigned = ['inner', 'slurm-users'];
    const log = await runCycle(directory);
    expect(log.find((line) => line.outcome === 'failure')).toMatchObject({
      object: 'slurm-users',
      status: 400,
      detail: expect.stringContaining('nested groups are not supported'),
    });
    expect(directory.application.provisioning).toBe('on');
  });

  it('sends the users of a group even where a nested group is refused, and stays out of quarantine', async () => {
    const client = await connect();
    const inner = { object_id: 'g2', displayName: 'inner', members: [] };
    const directory = makeDirectory(client, {
      users: [ALICE],
      groups: [inner, { ...GROUP, members: ['inner', 'alice@example.com'] }],
    });
    directory.application.assigned = ['inner', 'slurm-users'];
    await runCycle(directory);
    const { body } = await client.send('GET', '/Groups?filter=displayName eq "slurm-users"');
    expect(body.Resources[0].members).toMatchObject([{ value: directory.provisioned.users['a1'] }]);
    // The only thing that is left to do, and it fails.
    const log = await runCycle(directory);
    expect(log.map(({ outcome, isMemberFailure }) => [outcome, isMemberFailure])).toEqual([
      ['failure', true],
    ]);
    expect(directory.application.provisioning).toBe('on');
  });

  it('leaves out a parent group by the scoping filter of groups, and keeps its users', async () => {
    const client = await connect();
    const inner = { object_id: 'g2', displayName: 'inner', members: ['alice@example.com'] };
    const bob = { object_id: 'b1', userPrincipalName: 'bob@example.com', displayName: 'Bob' };
    const directory = makeDirectory(client, {
      users: [ALICE, bob],
      groups: [inner, { ...GROUP, members: ['inner', 'bob@example.com'] }],
    });
    directory.application.assigned = ['inner', 'slurm-users'];
    await runCycle(directory);
    setGroupScope(directory, ['displayName!=slurm-users']);
    expect((await runCycle(directory)).map(({ action, outcome }) => [action, outcome])).toEqual([
      ['delete', 'success'],
    ]);
    const { body: groups } = await client.send('GET', '/Groups');
    expect(groups.Resources.map((one: { displayName: string }) => one.displayName)).toEqual(['inner']);
    const { body: users } = await client.send('GET', '/Users');
    expect(users.Resources.map((one: { active: boolean }) => one.active)).toEqual([true, true]);
    const [, scope] = await provisionOnDemand(directory, findSubject(directory, 'slurm-users'));
    expect(scope).toMatchObject({ outcome: 'skipped', detail: expect.stringContaining('scoping filter') });
    setGroupScope(directory, ['displayName=inner', 'displayName!=slurm-users']);
    expect(await runCycle(directory)).toEqual([]);
    expect(() => setGroupScope(directory, ['department=R&D'])).toThrow('displayName!=');
  });

  it.each(['', '?aadOptscim062020'])(
    'gets past the department trap once the mapping is deleted, with "%s"',
    async (flag) => {
      const client = await connect({ settings: { departmentStopsGroups: true } });
      const directory = makeDirectory(
        client,
        { users: [{ ...ALICE, department: 'R&D' }], groups: [GROUP] },
        flag,
      );
      expect((await runCycle(directory)).at(-1)).toMatchObject({
        outcome: 'failure',
        detail: expect.stringContaining('has a department'),
      });
      changeMapping(directory, ['delete', 'department']);
      expect((await runCycle(directory)).map(({ action, outcome }) => [action, outcome])).toEqual([
        ['update', 'success'],
        ['update members', 'success'],
      ]);
      expect(await runCycle(directory)).toEqual([]);
    },
  );

  it('goes into quarantine when the service refuses the credentials', async () => {
    const client = await connect();
    const directory = makeDirectory(client, { users: [ALICE], groups: [GROUP] });
    await client.admin('PATCH', '/settings', { enableAutomatedUserProvisioning: false });
    const log = await runCycle(directory);
    expect(log.every((line) => line.status === 403)).toBe(true);
    expect(directory.application.provisioning).toBe('quarantine');
    const waits: number[] = [];
    for (let tries = 0; tries < 4; tries += 1) {
      waits.push(Math.round((findNextTry(directory)! - Date.now()) / 3_600_000));
      await runCycle(directory);
    }
    expect(waits).toEqual([6, 12, 24, 24]);
    await client.admin('PATCH', '/settings', { enableAutomatedUserProvisioning: true });
    await runCycle(directory);
    expect([directory.application.provisioning, findNextTry(directory)]).toEqual(['on', null]);
  });
});

/** What the service must hold, as the directory and what was provisioned say. */
async function expectAgreement(client: Client, directory: Directory): Promise<void> {
  const { provisioned } = directory;
  const inScope = expectInScope(directory);
  const { body: users } = await client.send('GET', '/Users?count=1000');
  expect(users.Resources.map((user: { id: string }) => user.id).sort()).toEqual(
    Object.values(provisioned.users).sort(),
  );
  for (const user of directory.users) {
    const served = users.Resources.find(
      (one: { id: string }) => one.id === provisioned.users[user.object_id],
    );
    if (inScope.includes(user) && isActive(user)) expect(served).toBeDefined();
    if (served === undefined) continue;
    expect(served.active).toBe(inScope.includes(user) && isActive(user));
    if (!inScope.includes(user)) continue;
    expect(served).toMatchObject(describeServed(user));
    const manager = directory.users.find((one) => one.userPrincipalName === user.manager);
    const managerId = manager === undefined ? undefined : provisioned.users[manager.object_id];
    if (managerId !== undefined) expect(served[ENTERPRISE].manager).toEqual({ value: managerId });
  }
  const { body: groups } = await client.send('GET', '/Groups?count=1000');
  const expected = expectGroups(directory).map((one) => ({
    name: one.displayName,
    members: expectMembers(directory, one)
      .flatMap((member) => provisioned.users[member.object_id] ?? [])
      .sort(),
  }));
  const found = groups.Resources.map(
    ({ displayName, members = [] }: { displayName: string; members?: { value: string }[] }) => ({
      name: displayName,
      members: members.map((member) => member.value).sort(),
    }),
  );
  const byName = (one: { name: string }, other: { name: string }): number =>
    one.name.localeCompare(other.name);
  expect(found.sort(byName)).toEqual(expected.sort(byName));
}

describe.each(['', '?aadOptscim062020'])('after cycles over any directories, with "%s"', (flag) => {
  it('the service holds exactly what the directory says, and another cycle writes nothing', async () => {
    const client = await connect();
    const version = fc.record({ content: anyContent, isRestarted: fc.boolean(), onDemand: fc.nat(2) });
    await fc.assert(
      fc.asyncProperty(fc.array(version, { minLength: 1, maxLength: 3 }), async (versions) => {
        let directory = makeDirectory(client, {}, flag);
        for (const { content, isRestarted, onDemand } of versions) {
          directory = replaceContent(directory, content);
          if (isRestarted) directory.application.watermark = null;
          for (const { userPrincipalName } of directory.users.slice(0, onDemand)) {
            const steps = await provisionOnDemand(directory, findSubject(directory, userPrincipalName));
            expect(steps.filter((step) => step.outcome === 'failure')).toEqual([]);
          }
          const log = await runCycle(directory);
          expect(log.filter((line) => line.outcome === 'failure')).toEqual([]);
          await expectAgreement(client, directory);
          expect(await runCycle(directory)).toEqual([]);
        }
        directory.users = [];
        directory.application.assigned = [];
        await runCycle(directory);
        expect((await client.send('GET', '/Users?count=0')).body.totalResults).toBe(0);
      }),
      { numRuns: propertyRuns(60, 1000) },
    );
  }, 300_000);
});
