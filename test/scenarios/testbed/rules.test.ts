// CoreWeave's own rules: names that are taken, the department mapping, keys that people add themselves.
import { describe, expect, it } from 'vitest';
import { COREWEAVE, connect } from '../../support/testbed/client.ts';

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

describe('a legacy organisation', () => {
  it('refuses a pushed group with a default group’s name, and the steps that it tells work', async () => {
    const { send, admin } = await connect({ settings: { legacyDefaultGroups: true } });
    const refused = await send('POST', '/Groups', { displayName: 'Admin' });
    expect(refused.status).toBe(409);
    expect(refused.body.detail).toMatch(/new group.*attach.*delete the default group.*push/);
    expect((await admin('DELETE', '/policy-groups/admin')).body.detail).toContain(
      'attach it to another group first',
    );
    await admin('POST', '/policy-groups', { name: 'cluster-admins', policies: ['admin-policy'] });
    expect((await admin('DELETE', '/policy-groups/admin')).status).toBe(204);
    expect((await send('POST', '/Groups', { displayName: 'admin' })).status).toBe(201);
    const { body } = await admin('GET', '/policy-groups');
    expect(body.groups.map((group: { name: string }) => group.name)).toEqual([
      'metrics',
      'read',
      'write',
      'billing_viewer',
      'cluster-admins',
    ]);
    expect((await admin('POST', '/policy-groups', { name: 'read' })).status).toBe(409);
    expect((await admin('DELETE', '/policy-groups/none')).status).toBe(404);
  });

  it('refuses renaming to such a name too, and another organisation does not', async () => {
    const { send, admin } = await connect();
    const { body } = await send('POST', '/Groups', { displayName: 'metrics' });
    await admin('PATCH', '/settings', { legacyDefaultGroups: true });
    const other = await send('POST', '/Groups', { displayName: 'fine' });
    const rename = { Operations: [{ op: 'replace', value: { displayName: 'write' } }] };
    expect((await send('PATCH', `/Groups/${other.body.id}`, rename)).status).toBe(409);
    expect((await send('GET', `/Groups/${body.id}`)).status).toBe(200);
  });
});

describe('the department mapping', () => {
  it('stops a group while it is on, and the refusal and the log say why', async () => {
    const { send, admin } = await connect({ settings: { departmentStopsGroups: true } });
    const { body: user } = await send('POST', '/Users', {
      userName: 'alice@x',
      [ENTERPRISE]: { department: 'R&D' },
    });
    const { body: group } = await send('POST', '/Groups', { displayName: 'g' });
    const add = { Operations: [{ op: 'Add', path: 'members', value: [{ value: user.id }] }] };
    const stopped = await send('PATCH', `/Groups/${group.id}`, add);
    expect(stopped.status).toBe(400);
    const { body } = await admin('GET', '/requests');
    expect(body.requests.at(-1).detail).toMatch(/group g is not synchronised.*"alice@x" has a department/);
    await send('PATCH', `/Users/${user.id}`, {
      Operations: [{ op: 'Remove', path: `${ENTERPRISE}:department` }],
    });
    expect((await send('PATCH', `/Groups/${group.id}`, add)).status).toBe(204);
  });

  it('does not stand in the way of a deletion', async () => {
    const { send, admin } = await connect();
    const ids: string[] = [];
    for (const userName of ['a', 'b']) {
      ids.push((await send('POST', '/Users', { userName, [ENTERPRISE]: { department: 'd' } })).body.id);
    }
    const { body: group } = await send('POST', '/Groups', {
      displayName: 'g',
      members: ids.map((value) => ({ value })),
    });
    await admin('PATCH', '/settings', { departmentStopsGroups: true });
    expect((await send('DELETE', `/Users/${ids[0]}`)).status).toBe(204);
    expect((await send('GET', `/Groups/${group.id}`)).body.members).toEqual([
      { value: ids[1], type: 'User' },
    ]);
  });
});

describe('a key that a person adds in the console', () => {
  it('reaches the login nodes beside the pushed one, and the identity provider sees only its own', async () => {
    const { send, admin, testbed } = await connect();
    const { body: user } = await send('POST', '/Users', {
      userName: 'alice@x',
      [COREWEAVE]: { sunkSshKeys: 'ssh-ed25519 A' },
    });
    const reader = { authorization: `Bearer ${testbed.readToken}` };
    const readKeys = async (): Promise<unknown> =>
      (await send('GET', `/Users/${user.id}`, undefined, reader)).body[COREWEAVE].sunkSshKeys;
    expect(await readKeys()).toBe('ssh-ed25519 A');
    await send('GET', '/Users', undefined, reader);
    await admin('PUT', `/users/${user.id}/keys`, { keys: ['ssh-ed25519 B'] });
    expect(await readKeys()).toEqual(['ssh-ed25519 A', 'ssh-ed25519 B']);
    const list = await send('GET', '/Users', undefined, reader);
    expect(list.body.Resources[0][COREWEAVE].sunkSshKeys).toHaveLength(2);
    expect((await send('GET', '/Users')).body.Resources[0][COREWEAVE].sunkSshKeys).toBe('ssh-ed25519 A');
    const replace = {
      Operations: [{ op: 'Replace', path: `${COREWEAVE}:sunkSshKeys`, value: 'ssh-ed25519 C' }],
    };
    await send('PATCH', `/Users/${user.id}`, replace);
    expect(await readKeys()).toEqual(['ssh-ed25519 C', 'ssh-ed25519 B']);
    await admin('PUT', `/users/${user.id}/keys`, { keys: [] });
    expect(await readKeys()).toBe('ssh-ed25519 C');
    expect((await admin('PUT', '/users/none/keys', { keys: [] })).status).toBe(404);
    expect((await admin('PUT', `/users/${user.id}/keys`, { keys: 'x' })).status).toBe(400);
  });

  it('is announced and counts as a change', async () => {
    let now = Date.parse('2026-01-01T00:00:00Z');
    const { send, admin } = await connect({ now: () => now });
    const { body: user } = await send('POST', '/Users', { userName: 'alice@x' });
    await send('POST', '/SecurityEvents', { returnImmediately: true });
    now += 1000;
    await admin('PUT', `/users/${user.id}/keys`, { keys: ['ssh-ed25519 B'] });
    expect(
      (await send('GET', '/Users?filter=meta.lastModified gt "2026-01-01T00:00:00Z"')).body.totalResults,
    ).toBe(1);
    expect(
      Object.keys((await send('POST', '/SecurityEvents', { returnImmediately: true })).body.sets),
    ).toHaveLength(1);
  });
});
