// The SCIM service over HTTP, as identity providers and login nodes meet it.
import { request as httpRequest } from 'node:http';
import { describe, expect, it } from 'vitest';
import { COREWEAVE, GROUP_SCHEMA, USER_SCHEMA, connect } from '../../support/testbed/client.ts';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFakeFakeFakeFakeFakeFakeFakeFakeFakeFakeFake alice';

describe('a user', () => {
  it('is created as Entra does it and served with its location, uid and extension', async () => {
    const { send, testbed } = await connect();
    const created = await send('POST', '/Users', {
      schemas: [USER_SCHEMA, 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'],
      externalId: 'alice',
      userName: 'alice@example.com',
      active: 'True',
      displayName: null,
      emails: [],
      name: { givenName: 'Alice' },
      [COREWEAVE]: { sunkSshKeys: KEY },
    });
    expect(created.status).toBe(201);
    expect(created.headers.get('content-type')).toBe('application/scim+json');
    expect(created.headers.get('location')).toBe(`${testbed.baseUrl}/Users/${created.body.id}`);
    expect(created.body.meta).toMatchObject({
      resourceType: 'User',
      location: created.headers.get('location'),
    });
    expect(created.body).toMatchObject({
      schemas: [USER_SCHEMA, COREWEAVE],
      active: true,
      externalId: 'alice',
      [COREWEAVE]: { sunkSshKeys: KEY, uid: 10000 },
    });
    expect(created.body).not.toHaveProperty('displayName');
    const read = await send('GET', `/Users/${created.body.id}`);
    expect(read.body).toEqual(created.body);
  });

  it('keeps its uid for good, and no one else ever gets it', async () => {
    const { send } = await connect();
    const one = await send('POST', '/Users', { userName: 'one@x' });
    await send('DELETE', `/Users/${one.body.id}`);
    const two = await send('POST', '/Users', { userName: 'one@x', [COREWEAVE]: { uid: 0 } });
    expect(two.body[COREWEAVE].uid).toBe(10001);
    const put = await send('PUT', `/Users/${two.body.id}`, {
      id: 'other',
      userName: 'one@x',
      [COREWEAVE]: { uid: 1 },
    });
    expect(put.body).toMatchObject({ id: two.body.id, [COREWEAVE]: { uid: 10001 } });
    const shouted = await send('PUT', `/Users/${two.body.id}`, {
      userName: 'one@x',
      [COREWEAVE.toUpperCase()]: { UID: 0, sunkSshKeys: 'k' },
    });
    expect(shouted.body[COREWEAVE]).toEqual({ sunkSshKeys: 'k', uid: 10001 });
    const refused = await send('PATCH', `/Users/${two.body.id}`, {
      Operations: [{ op: 'replace', path: `${COREWEAVE}:uid`, value: 1 }],
    });
    expect(refused.body).toMatchObject({ status: '400', scimType: 'mutability' });
  });

  it('serves its uid where the options say', async () => {
    const { send } = await connect({
      uidPath: 'urn:example:posix:uidNumber',
      gidPath: 'gidNumber',
      firstUid: 5,
    });
    const user = await send('POST', '/Users', { userName: 'a@x' });
    expect(user.body['urn:example:posix']).toEqual({ uidNumber: 5 });
    expect(user.body.schemas).toContain('urn:example:posix');
    const group = await send('POST', '/Groups', { displayName: 'g' });
    expect(group.body.gidNumber).toBe(20000);
  });

  it('is refused when its userName is taken, whatever the case', async () => {
    const { send } = await connect();
    await send('POST', '/Users', { userName: 'alice@x' });
    const twin = await send('POST', '/Users', { userName: 'ALICE@x' });
    expect(twin.status).toBe(409);
    expect(twin.body).toMatchObject({ status: '409', scimType: 'uniqueness' });
    const bob = await send('POST', '/Users', { userName: 'bob@x' });
    const renamed = await send('PUT', `/Users/${bob.body.id}`, { userName: 'Alice@X' });
    expect(renamed.status).toBe(409);
    expect((await send('GET', `/Users/${bob.body.id}`)).body.userName).toBe('bob@x');
  });

  it('is disabled by Entra’s text "False", and a PUT without it does not enable it again', async () => {
    const { send } = await connect();
    const { body } = await send('POST', '/Users', { userName: 'alice@x' });
    expect(body.active).toBe(true);
    const patched = await send('PATCH', `/Users/${body.id}`, {
      Operations: [{ op: 'Replace', path: 'active', value: 'False' }],
    });
    expect(patched.body.active).toBe(false);
    const put = await send('PUT', `/Users/${body.id}`, { userName: 'alice@x' });
    expect(put.body.active).toBe(false);
    const removed = await send('PATCH', `/Users/${body.id}`, {
      Operations: [{ op: 'remove', path: 'active' }],
    });
    expect(removed.body.active).toBe(false);
  });

  it('keeps lastModified when nothing changes, and moves it when something does', async () => {
    let now = Date.parse('2026-01-01T00:00:00Z');
    const { send } = await connect({ now: () => now });
    const { body } = await send('POST', '/Users', { userName: 'alice@x' });
    now += 1000;
    const change = (value: string): unknown => ({ Operations: [{ op: 'replace', path: 'title', value }] });
    const first = await send('PATCH', `/Users/${body.id}`, change('Dr'));
    expect(first.body.meta).toMatchObject({
      created: '2026-01-01T00:00:00.000Z',
      lastModified: '2026-01-01T00:00:01.000Z',
    });
    now += 1000;
    const again = await send('PATCH', `/Users/${body.id}`, change('Dr'));
    expect(again.body.meta.lastModified).toBe('2026-01-01T00:00:01.000Z');
  });

  it('that is deleted is gone everywhere: 404, no conflict, no membership', async () => {
    const { send } = await connect();
    const { body: user } = await send('POST', '/Users', { userName: 'alice@x' });
    const { body: group } = await send('POST', '/Groups', {
      displayName: 'g',
      members: [{ value: user.id }],
    });
    expect((await send('DELETE', `/Users/${user.id}`)).status).toBe(204);
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
      const body = method === 'GET' || method === 'DELETE' ? undefined : {};
      expect((await send(method, `/Users/${user.id}`, body)).body).toMatchObject({ status: '404' });
    }
    expect((await send('GET', `/Groups/${group.id}`)).body).not.toHaveProperty('members');
    expect((await send('POST', '/Users', { userName: 'alice@x' })).status).toBe(201);
  });
});

describe('a group', () => {
  it('takes members that are users, and says which one is a group and what to do', async () => {
    const { send } = await connect();
    const { body: user } = await send('POST', '/Users', { userName: 'alice@x' });
    const { body: inner } = await send('POST', '/Groups', { displayName: 'inner' });
    const { body: group } = await send('POST', '/Groups', {
      schemas: [GROUP_SCHEMA, 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group'],
      displayName: 'outer',
    });
    expect(group['urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveGroup']).toEqual({
      gid: 20001,
    });
    const add = (value: string): unknown => ({
      Operations: [{ op: 'Add', path: 'members', value: [{ value }] }],
    });
    expect((await send('PATCH', `/Groups/${group.id}`, add(user.id))).status).toBe(204);
    const nested = await send('PATCH', `/Groups/${group.id}`, add(inner.id));
    expect(nested.status).toBe(400);
    expect(nested.body.detail).toMatch(
      new RegExp(`${inner.id} \\(inner\\).*leaf groups.*scoping filter.*dynamic group`),
    );
    expect((await send('PATCH', `/Groups/${group.id}`, add('nobody'))).status).toBe(400);
    const mistyped = { displayName: 'x', members: [{ value: user.id, type: 'group' }] };
    expect((await send('POST', '/Groups', mistyped)).body.detail).toContain('is a group');
    const found = async (id: string): Promise<number> =>
      (await send('GET', `/Groups?filter=members[value eq "${id}"]`)).body.totalResults as number;
    expect([await found(user.id), await found(user.id.toUpperCase())]).toEqual([1, 0]);
    const read = await send('GET', `/Groups/${group.id}`);
    expect(read.body.members).toEqual([{ value: user.id, type: 'User' }]);
    const without = await send('GET', `/Groups/${group.id}?excludedAttributes=members`);
    expect(without.body).not.toHaveProperty('members');
    expect(without.body.displayName).toBe('outer');
  });
});

describe('a list', () => {
  it('answers Entra’s test of the connection with an empty list', async () => {
    const { send } = await connect();
    const probe = await send('GET', '/Users?filter=userName+eq+%220f1d%22&unknown=1');
    expect(probe.status).toBe(200);
    expect(probe.body).toEqual({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
      totalResults: 0,
      itemsPerPage: 0,
      startIndex: 1,
      Resources: [],
    });
  });

  it('comes in pages by index, in a stable order', async () => {
    const { send } = await connect({ seedUsers: 7, maxPageSize: 3 });
    const names: string[] = [];
    for (const startIndex of [1, 4, 7]) {
      const { body } = await send('GET', `/Users?startIndex=${startIndex}&count=100`);
      expect(body.totalResults).toBe(7);
      expect(body.itemsPerPage).toBe(body.Resources.length);
      names.push(...body.Resources.map((user: { userName: string }) => user.userName));
    }
    expect(names).toEqual(Array.from({ length: 7 }, (_, index) => `user00000${index + 1}@example.com`));
    expect((await send('GET', '/Users?count=0')).body).toMatchObject({ totalResults: 7, Resources: [] });
    expect((await send('GET', '/Users?startIndex=-3&count=-1')).body).toMatchObject({
      startIndex: 1,
      Resources: [],
    });
    expect((await send('GET', '/Users?count=x')).status).toBe(400);
  });

  it('comes in pages by cursor, which misses and repeats no one while people come and go', async () => {
    const { send } = await connect({ seedUsers: 10 });
    const first = await send('GET', '/Users?cursor=&count=4');
    const [gone, , , last] = first.body.Resources;
    await send('DELETE', `/Users/${gone.id}`);
    await send('DELETE', `/Users/${last.id}`);
    const second = await send('GET', `/Users?cursor=${first.body.nextCursor}&count=4`);
    await send('POST', '/Users', { userName: 'late@x' });
    const third = await send('GET', `/Users?cursor=${second.body.nextCursor}&count=4`);
    const names = [first, second, third].flatMap(({ body }) =>
      body.Resources.map((user: { userName: string }) => user.userName),
    );
    expect(names).toEqual([
      ...Array.from(
        { length: 10 },
        (_, index) => `user0000${String(index + 1).padStart(2, '0')}@example.com`,
      ),
      'late@x',
    ]);
    expect(first.body.nextCursor).toMatch(/^[A-Za-z0-9._~-]+$/);
    expect(third.body).not.toHaveProperty('nextCursor');
    expect(first.body).not.toHaveProperty('startIndex');
  });

  it('refuses a cursor that is made up, of another query, or too old', async () => {
    let now = Date.now();
    const { send } = await connect({ seedUsers: 3, now: () => now, cursorTimeout: 60 });
    const { body } = await send('GET', '/Users?cursor=&count=1');
    expect((await send('GET', '/Users?cursor=x')).body.scimType).toBe('invalidCursor');
    expect((await send('GET', `/Users?cursor=${body.nextCursor}&filter=active+eq+true`)).body.scimType).toBe(
      'invalidCursor',
    );
    expect((await send('GET', `/Users?cursor=${body.nextCursor}&startIndex=1`)).status).toBe(400);
    now += 62_000;
    expect((await send('GET', `/Users?cursor=${body.nextCursor}`)).body.scimType).toBe('expiredCursor');
  });

  it('gives no cursor that is about to expire, however often the page was read', async () => {
    let now = Date.now();
    const { send } = await connect({ seedUsers: 3, now: () => now, cursorTimeout: 60 });
    await send('GET', '/Users?cursor=&count=1');
    now += 40_000;
    const { body } = await send('GET', '/Users?cursor=&count=1');
    now += 40_000;
    expect((await send('GET', `/Users?cursor=${body.nextCursor}&count=1`)).status).toBe(200);
  });

  it('answers the queries of CoreWeave’s own example for nsscache, for login nodes', async () => {
    const { send, admin, testbed } = await connect({ seedUsers: 4 });
    const { body } = await send('GET', '/Users');
    const ids: string[] = body.Resources.map((user: { id: string }) => user.id);
    await send('PATCH', `/Users/${ids[0]}`, {
      Operations: [{ op: 'Replace', path: 'active', value: 'False' }],
    });
    const members = ids.slice(0, 2).map((value) => ({ value }));
    await send('POST', '/Groups', { displayName: 'admin', members });
    const read = (path: string): ReturnType<typeof send> =>
      send('GET', path, undefined, { authorization: `Bearer ${testbed.readToken}` });
    const list = async (path: string): Promise<string[]> =>
      (await read(path)).body.Resources.map((user: { id: string }) => user.id);
    expect(await list('/Users?filter=active%20eq%20%22true%22')).toEqual(ids.slice(1));
    expect(await list('/Users?filter=active%20ne%20%22True%22')).toEqual(ids.slice(0, 1));
    expect(await list('/Users?groups=admin&filter=active%20eq%20%22true%22&startIndex=1')).toEqual([ids[1]]);
    expect(await list('/Users?groups=ADMIN')).toEqual(ids.slice(0, 2));
    expect(await list('/Users?groups=none')).toEqual([]);
    // A membership that changes counts at once.
    const { body: groups } = await send('GET', '/Groups');
    const [{ id }] = groups.Resources;
    await send('PATCH', `/Groups/${id}`, {
      Operations: [{ op: 'remove', path: `members[value eq "${ids[0]}"]` }],
    });
    expect(await list('/Users?groups=admin')).toEqual([ids[1]]);
    const { body: first } = await read('/Users?groups=admin&cursor=&count=1');
    expect(first.Resources).toHaveLength(1);
    // The identity provider's parameters that no one knows are passed over.
    expect((await send('GET', '/Users?groups=admin')).body.totalResults).toBe(4);

    await admin('PATCH', '/settings', { memberNames: true });
    const named = async (): Promise<unknown> => (await read('/Groups')).body.Resources[0].members;
    expect(await named()).toEqual([
      { value: ids[1], type: 'User', display: 'user000002@example.com', userName: 'user000002@example.com' },
    ]);
    await send('PATCH', `/Users/${ids[1]}`, {
      Operations: [{ op: 'replace', path: 'userName', value: 'new@x' }],
    });
    expect(await named()).toMatchObject([{ userName: 'new@x' }]);
    expect((await send('GET', '/Groups')).body.Resources[0].members).toEqual([
      { value: ids[1], type: 'User' },
    ]);
  });

  it('shows what changed since a time', async () => {
    let now = Date.parse('2026-01-01T00:00:00Z');
    const { send } = await connect({ seedUsers: 3, now: () => now });
    const { body } = await send('GET', '/Users');
    now += 5000;
    await send('PATCH', `/Users/${body.Resources[1].id}`, {
      Operations: [{ op: 'add', path: 'title', value: 'x' }],
    });
    const since = await send('GET', '/Users?filter=meta.lastModified gt "2026-01-01T00:00:04Z"');
    expect(since.body.Resources.map((user: { id: string }) => user.id)).toEqual([body.Resources[1].id]);
    expect(
      (await send('GET', '/Users?filter=meta.lastModified ge "2026-01-01T00:00:05Z"')).body.totalResults,
    ).toBe(1);
    expect(
      (await send('GET', '/Users?filter=meta.lastModified gt "2026-01-01T00:00:05Z"')).body.totalResults,
    ).toBe(0);
  });

  it('returns only the attributes that were asked for', async () => {
    const { send } = await connect({ seedUsers: 1 });
    const { body } = await send(
      'GET',
      `/Users?attributes=USERNAME,name.givenName,emails.value,${COREWEAVE}:uid,nonsense`,
    );
    const [user] = body.Resources;
    expect(user).toEqual({
      schemas: [USER_SCHEMA, COREWEAVE],
      id: user.id,
      userName: 'user000001@example.com',
      name: { givenName: 'Seeded' },
      emails: [{ value: 'user000001@example.com' }],
      [COREWEAVE]: { uid: 10000 },
    });
    const excluded = await send(
      'GET',
      `/Users?excludedAttributes=id,meta,emails,name.givenName,${COREWEAVE}`,
    );
    expect(Object.keys(excluded.body.Resources[0])).toEqual([
      'schemas',
      'id',
      'externalId',
      'userName',
      'displayName',
      'name',
      'active',
    ]);
    expect((await send('GET', '/Users?attributes=id&excludedAttributes=id')).status).toBe(400);
  });
});

describe('the authorisation', () => {
  it('lets in only bearers of a token, and readers only to read', async () => {
    const { send, testbed } = await connect();
    for (const authorization of ['', 'Bearer x', `Basic ${testbed.token}`, `Bearer ${testbed.token} x`]) {
      const answer = await send('GET', '/Users', undefined, { authorization });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
      expect(answer.body.schemas).toEqual(['urn:ietf:params:scim:api:messages:2.0:Error']);
    }
    const headers = { authorization: `Bearer ${testbed.readToken}` };
    expect((await send('GET', '/Users', undefined, headers)).status).toBe(200);
    expect((await send('POST', '/Users', { userName: 'a' }, headers)).status).toBe(403);
  });

  it('answers whatever it does not know with a SCIM error', async () => {
    const { send } = await connect();
    expect((await send('GET', '/v2/Users')).body.detail).toContain('no /v2');
    expect((await send('GET', '/Users/a/b')).body.status).toBe('404');
    expect((await send('GET', '/Users/%ff')).body.status).toBe('404');
    expect((await send('POST', '/Bulk', {})).body.status).toBe('501');
    expect((await send('DELETE', '/Users')).body.status).toBe('405');
    expect((await send('POST', '/Users', '<x/>', { 'content-type': 'text/xml' })).body.status).toBe('415');
    expect((await send('GET', '/Users?filter=userName')).body.scimType).toBe('invalidFilter');
  });

  it.each([
    ['a prototype', '{"userName":"a","__proto__":{"isAdmin":true}}', 400],
    ['a prototype deeper down', '{"userName":"a","name":{"__proto__":{}}}', 400],
    ['deep nesting', `{"userName":"a","x":${'['.repeat(5000)}${']'.repeat(5000)}}`, 400],
    ['bad UTF-8', Uint8Array.from([0x7b, 0xff, 0x7d]), 400],
    ['bad UTF-8 in a value', Buffer.from('{"userName":"\xe9"}', 'latin1'), 400],
    ['no JSON', '{', 400],
    ['a list', '[]', 400],
    ['a name twice in different case', '{"userName":"a","USERNAME":"b"}', 400],
    ['a part twice in different case', '{"userName":"a","name":{"givenName":"a","GivenName":"b"}}', 400],
    ['no name', '{"userName":""}', 400],
    ['an active that is neither', '{"userName":"a","active":"maybe"}', 400],
    ['ten megabytes', `{"userName":"${'a'.repeat(10_000_000)}"}`, 413],
  ])('refuses a body with %s and changes nothing', async (_, body, status) => {
    const { send } = await connect();
    const answer = await send('POST', '/Users', body);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
      status: String(status),
    });
    expect((await send('GET', '/Users')).body.totalResults).toBe(0);
  });

  it('answers headers beyond reading with a SCIM error', async () => {
    const { testbed } = await connect();
    const [status, text] = await new Promise<[number | undefined, string]>((resolve, reject) => {
      const request = httpRequest(`${testbed.baseUrl}/Users`, {
        headers: { 'x-filter': 'x'.repeat(100_000) },
      });
      request.on('error', reject);
      request.on('response', (response) => {
        let received = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (received += chunk));
        response.on('end', () => resolve([response.statusCode, received]));
      });
      request.end();
    });
    expect(status).toBe(431);
    expect(JSON.parse(text)).toMatchObject({ status: '431' });
  });

  it('records requests for the admin address, without their tokens', async () => {
    const { send, admin, testbed } = await connect();
    await send('GET', '/Users?count=1');
    await send('POST', '/Users', { userName: '' });
    const { body, text } = await admin('GET', '/requests');
    expect(body.requests).toMatchObject([
      {
        method: 'GET',
        target: '/scim/ab1cd2/Users?count=1',
        status: 200,
        token: 'provisioning',
        detail: null,
      },
      { method: 'POST', status: 400, detail: expect.stringContaining('userName is required') },
    ]);
    expect(text).not.toContain(testbed.token);
    await send('POST', '/Users', { userName: 'okta@x', password: 'Pl4ceh"older' });
    const posts = await admin('GET', '/requests?method=POST&last=1');
    expect(posts.body.requests).toMatchObject([
      {
        status: 201,
        sent: '{"userName":"okta@x","password":"(left out)"}',
        answered: expect.stringContaining('"id"'),
      },
    ]);
    expect((await admin('GET', '/requests?failed=true')).body.requests).toHaveLength(1);
    expect((await admin('GET', '/requests?token=login-nodes')).body.requests).toEqual([]);
    expect((await fetch(testbed.adminUrl.replace(/.$/, 'x'))).status).toBe(404);
  });
});
