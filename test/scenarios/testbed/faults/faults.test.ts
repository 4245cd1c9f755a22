// Faults on demand: each does what it says, strikes what it should, and ends.
import { describe, expect, it } from 'vitest';
import { COREWEAVE, connect, type Client } from '../../../support/testbed/client.ts';

async function ids(client: Client, path: string): Promise<string[]> {
  const { body } = await client.send('GET', path);
  return (body.Resources ?? body.resources).map((one: { id: string }) => one.id);
}

/** A testbed with ten users and a group of all. */
async function fill(): Promise<Client & { all: string[]; group: string }> {
  const client = await connect({ seedUsers: 10, seedGroups: 1 });
  const [group = ''] = await ids(client, '/Groups');
  return { ...client, all: await ids(client, '/Users'), group };
}

describe('a fault of pages', () => {
  it('short serves fewer than asked, and says so', async () => {
    const { send, admin } = await fill();
    await admin('POST', '/faults', { kind: 'short', most: 3 });
    const { body } = await send('GET', '/Users?count=10');
    expect(body).toMatchObject({ totalResults: 10, itemsPerPage: 3 });
    expect(body.Resources).toHaveLength(3);
  });

  it('missing leaves records out without saying so', async () => {
    const { send, admin } = await fill();
    await admin('POST', '/faults', { kind: 'missing', by: 2 });
    const { body } = await send('GET', '/Users');
    expect(body.itemsPerPage - body.Resources.length).toBe(2);
  });

  it('doubled serves each user twice', async () => {
    const client = await fill();
    await client.admin('POST', '/faults', { kind: 'doubled' });
    expect(await ids(client, '/Users')).toEqual([...client.all, ...client.all]);
  });

  it('shifted starts every page but the first too early', async () => {
    const client = await fill();
    await client.admin('POST', '/faults', { kind: 'shifted' });
    expect(await ids(client, '/Users?startIndex=1&count=3')).toEqual(client.all.slice(0, 3));
    expect(await ids(client, '/Users?startIndex=4&count=3')).toEqual(client.all.slice(2, 5));
  });

  it('empty says that there is no one, with status 200', async () => {
    const { send, admin } = await fill();
    await admin('POST', '/faults', { kind: 'empty' });
    const answer = await send('GET', '/Users?cursor=&count=2');
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ totalResults: 0, Resources: [] });
    expect(answer.body).not.toHaveProperty('nextCursor');
  });

  it('ignored-filter answers with all users', async () => {
    const client = await fill();
    await client.admin('POST', '/faults', { kind: 'ignored-filter' });
    expect(await ids(client, '/Users?filter=userName eq "nobody"')).toEqual(client.all);
  });

  it('lower-case, no-total, page-total, unstable-total and cursor-loop spoil the envelope', async () => {
    const { send, admin, all } = await fill();
    const spoil = async (fault: object, path = '/Users?count=4'): Promise<Record<string, unknown>> => {
      await admin('POST', '/faults', { ...fault, times: 1 });
      return (await send('GET', path)).body as Record<string, unknown>;
    };
    expect(await spoil({ kind: 'lower-case' })).toMatchObject({ resources: [{ id: all[0] }, {}, {}, {}] });
    expect(await spoil({ kind: 'no-total' })).not.toHaveProperty('totalResults');
    expect(await spoil({ kind: 'page-total' })).toMatchObject({ totalResults: 4 });
    expect(await spoil({ kind: 'cursor-loop' }, '/Users?cursor=')).toMatchObject({ nextCursor: 'again' });
    await admin('POST', '/faults', { kind: 'unstable-total' });
    const totals = [];
    for (let read = 0; read < 3; read += 1) totals.push((await send('GET', '/Users')).body.totalResults);
    expect(totals).toEqual([10, 11, 12]);
  });
});

describe('a fault of answers', () => {
  it.each([
    ['a number', 'seconds', /^7$/],
    ['a date', 'date', /^Thu, 01 Jan 2026 00:00:07 GMT$/],
  ])('429 comes with Retry-After as %s', async (_, retryAfterForm, expected) => {
    const { send, admin } = await connect({ now: () => Date.parse('2026-01-01T00:00:00Z') });
    await admin('POST', '/faults', { kind: 'status', status: 429, retryAfter: 7, retryAfterForm });
    const answer = await send('GET', '/Users');
    expect(answer.status).toBe(429);
    expect(answer.headers.get('retry-after')).toMatch(expected);
    expect(answer.body.status).toBe('429');
  });

  it('status may be any, with headers of its own and without Retry-After', async () => {
    const { send, admin } = await connect();
    for (const status of [401, 403, 429, 500, 503]) {
      await admin('POST', '/faults', { kind: 'status', status, times: 1, headers: { 'x-fault': 'yes' } });
      const answer = await send('GET', '/Users');
      expect([answer.status, answer.headers.get('x-fault'), answer.headers.get('retry-after')]).toEqual([
        status,
        'yes',
        null,
      ]);
    }
    expect((await send('GET', '/Users')).status).toBe(200);
  });

  it('html, error-200, not-json and media-type are no lists', async () => {
    const { send, admin } = await connect();
    const spoil = async (fault: object): ReturnType<typeof send> => {
      await admin('POST', '/faults', { ...fault, times: 1 });
      return send('GET', '/Users');
    };
    const html = await spoil({ kind: 'html' });
    expect([html.status, html.headers.get('content-type'), html.body]).toEqual([
      200,
      'text/html; charset=utf-8',
      null,
    ]);
    expect((await spoil({ kind: 'html', status: 404 })).status).toBe(404);
    const error = await spoil({ kind: 'error-200' });
    expect([error.status, error.body.schemas[0]]).toEqual([
      200,
      'urn:ietf:params:scim:api:messages:2.0:Error',
    ]);
    const broken = await spoil({ kind: 'not-json' });
    expect([broken.headers.get('content-type'), broken.body]).toEqual(['application/scim+json', null]);
    expect((await spoil({ kind: 'media-type', type: 'text/plain' })).headers.get('content-type')).toBe(
      'text/plain',
    );
  });

  it('giant and deep make a page too much to read', async () => {
    const { send, admin } = await fill();
    await admin('POST', '/faults', { kind: 'giant', bytes: 3_000_000, times: 1 });
    const giant = await send('GET', '/Users');
    expect(giant.text.length).toBeGreaterThan(3_000_000);
    expect(giant.body.totalResults).toBe(10);
    await admin('POST', '/faults', { kind: 'deep', levels: 3000, times: 1 });
    expect((await send('GET', '/Users')).text).toContain('['.repeat(3000));
  });

  it('clock sets the Date header off', async () => {
    const { send, admin } = await connect();
    await admin('POST', '/faults', { kind: 'clock', seconds: -3600 });
    const date = Date.parse((await send('GET', '/Users')).headers.get('date') ?? '');
    expect(Math.abs(Date.now() - 3_600_000 - date)).toBeLessThan(5000);
  });
});

describe('a fault of records', () => {
  it('members-odd puts members without an id among the true ones; standing moves no lastModified', async () => {
    const { send, admin, all } = await fill();
    const members = all.slice(0, 2).map((value) => ({ value }));
    const schemas = ['urn:ietf:params:scim:schemas:core:2.0:Group'];
    const { body } = await send('POST', '/Groups', { schemas, displayName: 'odd', members });
    await admin('POST', '/faults', { kind: 'members-odd' });
    const odd = (await send('GET', `/Groups/${body.id}`)).body as { members: { value?: unknown }[] };
    expect(odd.members.map(({ value }) => value)).toEqual([null, ...all.slice(0, 2), undefined, '']);

    await admin('POST', '/faults', { kind: 'standing' });
    await send('PATCH', `/Users/${all[0]}`, {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'Replace', path: 'displayName', value: 'another' }],
    });
    const found = (await send('GET', `/Users/${all[0]}`)).body as { meta: Record<string, string> };
    expect(found.meta['lastModified']).toBe(found.meta['created']);
    const since = new Date(Date.now() + 3_600_000).toISOString();
    const changed = await send('GET', `/Users?filter=meta.lastModified gt "${since}"`);
    expect(changed.body).toMatchObject({ totalResults: 0 });
  });

  it('members-cut serves the first members only, or none, in lists and alone', async () => {
    const { send, admin, group } = await fill();
    await admin('POST', '/faults', { kind: 'members-cut', at: 4 });
    expect((await send('GET', '/Groups')).body.Resources[0].members).toHaveLength(4);
    await admin('POST', '/faults', { kind: 'members-cut', at: 0 });
    expect((await send('GET', `/Groups/${group}`)).body.members).toEqual([]);
  });

  it('record serves one person otherwise than they are, and no one else', async () => {
    const { send, admin, all } = await fill();
    const who = 'user000003@example.com';
    await admin('POST', '/faults', {
      kind: 'record',
      who,
      set: { [COREWEAVE]: null, active: 'False' },
      unset: ['userName'],
    });
    const { body } = await send('GET', '/Users');
    expect(body.Resources[2]).toMatchObject({ id: all[2], [COREWEAVE]: null, active: 'False' });
    expect(body.Resources[2]).not.toHaveProperty('userName');
    expect(body.Resources[3]).toMatchObject({ active: true, userName: 'user000004@example.com' });
  });
});

describe('a fault of the connection', () => {
  it('delay and drip let the client wait, and the answer is whole', async () => {
    const { send, admin } = await fill();
    await admin('POST', '/faults', { kind: 'delay', ms: 60, times: 1 });
    await admin('POST', '/faults', { kind: 'drip', ms: 100, times: 1 });
    const started = performance.now();
    const { body } = await send('GET', '/Users');
    expect(performance.now() - started).toBeGreaterThan(140);
    expect(body.Resources).toHaveLength(10);
  });

  it('cut and reset end the connection too early', async () => {
    const { send, admin } = await fill();
    await admin('POST', '/faults', { kind: 'cut', times: 1 });
    await expect(send('GET', '/Users')).rejects.toThrow('terminated');
    await admin('POST', '/faults', { kind: 'reset', times: 1 });
    await expect(send('GET', '/Users')).rejects.toThrow('fetch failed');
    expect((await send('GET', '/Users')).status).toBe(200);
  });
});

describe('faults', () => {
  it('strike what their path and method name, as often as they say, and can be listed and cleared', async () => {
    const { send, admin } = await fill();
    const { body: first } = await admin('POST', '/faults', {
      kind: 'status',
      status: 503,
      path: '/Groups$',
      times: 2,
    });
    await admin('POST', '/faults', { kind: 'status', status: 500, method: 'POST' });
    await admin('POST', '/faults', { kind: 'status', status: 418, path: 'userName eq "x"' });
    expect((await send('GET', '/Users')).status).toBe(200);
    expect((await send('GET', '/Users?filter=userName+eq+%22x%22')).status).toBe(418);
    expect((await send('POST', '/Users', { userName: 'new@x' })).status).toBe(500);
    expect((await send('GET', '/Groups')).status).toBe(503);
    expect((await send('GET', '/Groups')).status).toBe(503);
    expect((await send('GET', '/Groups')).status).toBe(200);
    const { body } = await admin('GET', '/faults');
    expect(body.faults[0]).toMatchObject({
      id: first.id,
      left: 0,
      struck: 2,
      fault: { kind: 'status', status: 503 },
    });
    expect((await admin('DELETE', `/faults/${first.id}`)).status).toBe(204);
    expect((await admin('DELETE', `/faults/${first.id}`)).status).toBe(404);
    await admin('DELETE', '/faults');
    expect((await admin('GET', '/faults')).body.faults).toEqual([]);
    expect((await send('POST', '/Users', { userName: 'newer@x' })).status).toBe(201);
  });

  it.each([
    [{ kind: 'nonsense' }],
    [{ kind: 'short' }],
    [{ kind: 'delay', ms: -1 }],
    [{ kind: 'status', status: 99 }],
    [{ kind: 'doubled', path: '(' }],
    [{ kind: 'doubled', times: 0 }],
    [{ kind: 'doubled', extra: 1 }],
  ])('that make no sense are refused: %o', async (fault) => {
    const { admin } = await connect();
    expect((await admin('POST', '/faults', fault)).status).toBe(400);
    expect((await admin('GET', '/faults')).body.faults).toEqual([]);
  });
});
