// What the service says of itself, and the switches of the organisation.
import { describe, expect, it } from 'vitest';
import { COREWEAVE, connect } from '../../../support/testbed/client.ts';

describe('the service', () => {
  it('says what it offers and what not', async () => {
    const { send } = await connect({ maxPageSize: 500 });
    const { body } = await send('GET', '/ServiceProviderConfig');
    expect(body).toMatchObject({
      patch: { supported: true },
      bulk: { supported: false },
      sort: { supported: false },
      etag: { supported: false },
      filter: { supported: true, maxResults: 500 },
      pagination: { cursor: true, index: true, defaultPaginationMethod: 'index', maxPageSize: 500 },
      securityEvents: { asyncRequest: 'none' },
    });
    expect(body.securityEvents.eventUris).toContain('urn:ietf:params:scim:event:prov:patch:notice');
  });

  it('stops offering cursors and events when they are switched off', async () => {
    const { send, admin } = await connect({ seedUsers: 3 });
    await admin('PATCH', '/settings', { cursorPaging: false, events: false });
    const { body } = await send('GET', '/ServiceProviderConfig');
    expect(body.pagination.cursor).toBe(false);
    expect(body.securityEvents.eventUris).toEqual([]);
    const list = await send('GET', '/Users?cursor=&count=1');
    expect(list.body).not.toHaveProperty('nextCursor');
    expect((await send('POST', '/SecurityEvents', {})).status).toBe(404);
  });

  it('describes its types and schemas, each also alone', async () => {
    const { send, testbed } = await connect();
    const types = await send('GET', '/ResourceTypes');
    expect(types.body.Resources.map((type: { endpoint: string }) => type.endpoint)).toEqual([
      '/Users',
      '/Groups',
    ]);
    const schemas = await send('GET', '/Schemas');
    expect(schemas.body.totalResults).toBe(5);
    for (const { id, meta } of schemas.body.Resources) {
      expect(meta.location).toBe(`${testbed.baseUrl}/Schemas/${id}`);
      expect((await send('GET', `/Schemas/${id}`)).body.id).toBe(id);
    }
    expect(
      schemas.body.Resources.find((schema: { id: string }) => schema.id === COREWEAVE).attributes,
    ).toMatchObject([
      { name: 'sunkSshKeys', caseExact: true },
      { name: 'uid', mutability: 'readOnly', type: 'integer' },
    ]);
    expect((await send('GET', '/Schemas/urn:none')).status).toBe(404);
    expect((await send('GET', '/Schemas?filter=id+pr')).status).toBe(403);
    expect((await send('POST', '/Schemas', {})).status).toBe(404);
  });
});

describe('a switch that is off', () => {
  it.each([
    ['enableScimApi', 'Enable SCIM API', [403, 403]],
    ['enableAutomatedUserProvisioning', 'Enable Automated User Provisioning', [403, 200]],
    ['enableSunkUserProvisioning', 'Enable SUNK User Provisioning', [200, 403]],
  ])('%s refuses those that it concerns, by its name', async (name, label, [pushed, read]) => {
    const { send, admin, testbed } = await connect();
    await admin('PATCH', '/settings', { [name]: false });
    const pushing = await send('GET', '/Users');
    const reading = await send('GET', '/Users', undefined, { authorization: `Bearer ${testbed.readToken}` });
    expect([pushing.status, reading.status]).toEqual([pushed, read]);
    expect(pushing.text + reading.text).toContain(`\\"${label}\\" is off on SCIM Configuration`);
    await admin('PATCH', '/settings', { [name]: true });
    expect((await send('GET', '/Users')).status).toBe(200);
  });

  it('cannot be switched on before SSO is deployed', async () => {
    const { admin } = await connect({
      settings: { ssoDeployed: false, enableAutomatedUserProvisioning: false },
    });
    const early = await admin('PATCH', '/settings', { enableAutomatedUserProvisioning: true });
    expect(early.status).toBe(409);
    expect(early.body.detail).toContain('Deploy SSO');
    const both = await admin('PATCH', '/settings', {
      ssoDeployed: true,
      enableAutomatedUserProvisioning: true,
    });
    expect(both.body).toMatchObject({ enableAutomatedUserProvisioning: true });
    expect((await admin('PATCH', '/settings', { nonsense: true })).status).toBe(400);
  });
});

describe('a named token', () => {
  it('is shown once, shows its last use, and works until it is revoked', async () => {
    const { send, admin } = await connect();
    const issued = await admin('POST', '/tokens', { name: 'second', role: 'read-only' });
    expect(issued.status).toBe(201);
    expect((await admin('POST', '/tokens', { name: 'second', role: 'read-only' })).status).toBe(409);
    const headers = { authorization: `Bearer ${issued.body.token}` };
    expect((await send('GET', '/Users', undefined, headers)).status).toBe(200);
    const listed = await admin('GET', '/tokens');
    expect(listed.text).not.toContain(issued.body.token);
    expect(listed.body.tokens.find((token: { name: string }) => token.name === 'second')).toMatchObject({
      role: 'read-only',
      lastUsed: expect.any(String),
    });
    expect((await admin('DELETE', '/tokens/second')).status).toBe(204);
    expect((await send('GET', '/Users', undefined, headers)).status).toBe(401);
    expect((await admin('DELETE', '/tokens/second')).status).toBe(404);
    expect((await admin('POST', '/tokens', { name: 'x', role: 'root' })).status).toBe(400);
  });
});
