// The Okta emulator against the service: everything by PUT, no user deleted, and both sides agree.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isActive } from '../../../../src/testbed/identity-provider/entra/shapes.ts';
import { runOktaCycle } from '../../../../src/testbed/identity-provider/okta/cycle.ts';
import { COREWEAVE, connect } from '../../../support/testbed/client.ts';
import { expectGroups, expectInScope, expectMembers } from '../../../support/testbed/expected-scope.ts';
import {
  anyContent,
  describeServed,
  makeDirectory,
  replaceContent,
} from '../../../support/testbed/random-directories.ts';
import { propertyRuns } from '../../../support/property-runs.ts';

const ALICE = {
  object_id: 'a1',
  userPrincipalName: 'alice@example.com',
  displayName: 'Alice',
  mail: 'a@example.com',
};
const GROUP = { object_id: 'g1', displayName: 'slurm-users', members: ['alice@example.com'] };

describe('the Okta emulator', () => {
  it('creates with a placeholder password, puts every change back with what it read, and never deletes a user', async () => {
    const client = await connect();
    const directory = makeDirectory(client, { users: [ALICE], groups: [GROUP] });
    expect((await runOktaCycle(directory)).map((line) => line.action)).toEqual(['create', 'create']);
    expect(await runOktaCycle(directory)).toEqual([]);
    directory.users[0]!.sunkSshKeys = 'ssh-ed25519 A';
    expect((await runOktaCycle(directory)).map((line) => line.action)).toEqual(['update']);
    directory.users[0]!.accountEnabled = false;
    expect((await runOktaCycle(directory)).map((line) => line.action)).toEqual(['deactivate', 'update']);
    directory.users.pop();
    directory.application.assigned = [];
    await runOktaCycle(directory);
    const { body } = await client.send('GET', '/Users');
    expect(body.Resources).toMatchObject([
      { active: false, [COREWEAVE]: { sunkSshKeys: 'ssh-ed25519 A', uid: 10000 } },
    ]);
    const { body: log } = await client.admin('GET', '/requests');
    const writes = log.requests.filter((one: { method: string }) => one.method !== 'GET');
    expect(writes.map((one: { method: string }) => one.method)).toEqual([
      'POST',
      'POST',
      'PUT',
      'PUT',
      'PUT',
      'DELETE',
    ]);
    expect(writes[0].sent).toContain('"password":"(left out)"');
    expect(JSON.parse(writes[2].sent)).toMatchObject({
      id: expect.any(String),
      meta: { resourceType: 'User' },
      active: true,
    });
    expect(writes[5].target).toMatch(/\/Groups\//);
  });

  it('renames by object id, and keeps the memberships', async () => {
    const client = await connect();
    const directory = makeDirectory(client, { users: [ALICE], groups: [GROUP] });
    await runOktaCycle(directory);
    directory.users[0]!.userPrincipalName = 'ashby@example.com';
    expect((await runOktaCycle(directory)).map((line) => line.action)).toEqual(['update']);
    const { body } = await client.send('GET', '/Users');
    expect(body.Resources).toMatchObject([{ userName: 'ashby@example.com', active: true }]);
    const { body: groups } = await client.send('GET', '/Groups');
    expect(groups.Resources[0].members).toHaveLength(1);
  });

  it('logs a refusal and goes on with the next', async () => {
    const client = await connect();
    const directory = makeDirectory(client, { users: [ALICE], groups: [GROUP] });
    await client.admin('POST', '/faults', { kind: 'status', status: 500, method: 'POST', path: 'Users' });
    const log = await runOktaCycle(directory);
    expect(log.map(({ outcome, status }) => [outcome, status])).toEqual([
      ['failure', 500],
      ['success', null],
    ]);
  });
});

it('after pushes of any directories the service holds exactly what the directory says', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyContent, { minLength: 1, maxLength: 3 }), async (versions) => {
      const client = await connect();
      let directory = makeDirectory(client, {});
      for (const content of versions) {
        directory = replaceContent(directory, content);
        expect((await runOktaCycle(directory)).filter((line) => line.outcome === 'failure')).toEqual([]);
        expect(await runOktaCycle(directory)).toEqual([]);
        const { body: served } = await client.send('GET', '/Users');
        const wanted = expectInScope(directory).filter(isActive);
        const active = served.Resources.filter((user: { active: boolean }) => user.active);
        expect(active).toHaveLength(wanted.length);
        for (const person of wanted) {
          expect(
            active.find((user: { id: string }) => user.id === directory.provisioned.users[person.object_id]),
          ).toMatchObject(describeServed(person));
        }
        const { body: list } = await client.send('GET', '/Groups');
        const found = list.Resources.map((one: { displayName: string; members?: { value: string }[] }) => ({
          name: one.displayName,
          members: new Set((one.members ?? []).map((member) => member.value)),
        }));
        const expected = expectGroups(directory).map((one) => ({
          name: one.displayName,
          members: new Set(
            expectMembers(directory, one)
              .filter((person) => wanted.includes(person))
              .map((person) => directory.provisioned.users[person.object_id]),
          ),
        }));
        expect(found).toHaveLength(expected.length);
        expect(found).toEqual(expect.arrayContaining(expected));
      }
      await client.testbed.close();
    }),
    { numRuns: propertyRuns(40, 1000) },
  );
}, 300_000);
