// Whatever comes over HTTP: the service answers in SCIM's own form, never fails, and nothing leaks between records.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { propertyRuns } from '../../../support/property-runs.ts';
import { COREWEAVE, connect } from '../../../support/testbed/client.ts';

const NAMES = [
  'userName',
  'USERNAME',
  'active',
  'schemas',
  'members',
  'displayName',
  'id',
  'meta',
  'name',
  'emails',
];

const attribute = fc.oneof(
  fc.constantFrom(
    ...NAMES,
    COREWEAVE,
    COREWEAVE.toUpperCase(),
    `${COREWEAVE}:uid`,
    'constructor',
    'toString',
  ),
  fc.string(),
);
const content = fc.dictionary(attribute, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 6 });
const operations = fc.record({
  Operations: fc.array(
    fc.record(
      {
        op: fc.constantFrom('add', 'Replace', 'remove'),
        path: attribute,
        value: fc.oneof(content, fc.jsonValue()),
      },
      { requiredKeys: ['op'] },
    ),
    { minLength: 1, maxLength: 4 },
  ),
});
const body = fc.oneof(content, operations, fc.jsonValue(), fc.string()) as fc.Arbitrary<unknown>;
const query = fc.oneof(
  fc.constant(''),
  fc
    .tuple(
      fc.constantFrom('filter', 'count', 'startIndex', 'cursor', 'attributes', 'excludedAttributes'),
      fc.string(),
    )
    .map(([name, value]) => `?${name}=${encodeURIComponent(value)}`),
);

describe('the service', () => {
  it('answers anything without failing, refuses in SCIM’s form, and keeps ids as they are', async () => {
    const { send } = await connect();
    const { body: alice } = await send('POST', '/Users', { userName: 'alice@x' });
    const { body: group } = await send('POST', '/Groups', { displayName: 'g' });
    const path = fc.constantFrom(
      '/Users',
      '/Groups',
      `/Users/${alice.id}`,
      `/Groups/${group.id}`,
      '/SecurityEvents',
      '/Schemas',
      '/x',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'POST', 'PUT', 'PATCH'),
        path,
        query,
        body,
        async (method, where, asked, sent) => {
          if (method === 'POST' && where === '/SecurityEvents') return;
          const answer = await send(
            method,
            where + asked,
            method === 'GET' ? undefined : JSON.stringify(sent),
          );
          expect(answer.status).toBeLessThan(500);
          if (answer.status >= 400) {
            expect(answer.body).toMatchObject({
              schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
              status: String(answer.status),
              detail: expect.any(String),
            });
          }
          const { body: now } = await send('GET', `/Users/${alice.id}`);
          expect([now.id, now.meta.created, now[COREWEAVE].uid, typeof now.active]).toEqual([
            alice.id,
            alice.meta.created,
            10000,
            'boolean',
          ]);
        },
      ),
      { numRuns: propertyRuns(400, 50_000) },
    );
    const { body: list } = await send('GET', '/Users?count=1000');
    const uids = list.Resources.map((user: Record<string, { uid: number }>) => user[COREWEAVE]?.uid);
    expect(new Set(uids).size).toBe(uids.length);
  });
});
