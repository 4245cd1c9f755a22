// Events: what is announced, to which receiver, and how often (RFC 9967, RFC 8936).
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { connect, type Answer } from '../../../support/testbed/client.ts';

interface Token {
  readonly sub_id: { readonly format: string; readonly uri: string };
  readonly events: Record<string, { readonly attributes?: string[] }>;
}

function readTokens({ body }: Answer): Token[] {
  return Object.entries(body.sets as Record<string, string>).map(([jti, token]) => {
    const [header = '', claims = '', signature] = token.split('.');
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({
      typ: 'secevent+jwt',
      alg: 'none',
    });
    expect(signature).toBe('');
    const read = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Token & { jti: string };
    expect(read.jti).toBe(jti);
    return read;
  });
}

const NOW = { returnImmediately: true };

describe('events', () => {
  it('name the resource and what changed, and no content', async () => {
    const { send } = await connect();
    await send('POST', '/SecurityEvents', NOW);
    const { body: user } = await send('POST', '/Users', { userName: 'alice@x', externalId: 'a' });
    const patch = (value: unknown): unknown => ({ Operations: [{ op: 'replace', path: 'active', value }] });
    await send('PATCH', `/Users/${user.id}`, patch(false));
    await send('PATCH', `/Users/${user.id}`, patch(false));
    await send('PATCH', `/Users/${user.id}`, patch(true));
    await send('DELETE', `/Users/${user.id}`);
    const tokens = readTokens(await send('POST', '/SecurityEvents', NOW));
    const urn = 'urn:ietf:params:scim:event:prov';
    expect(tokens.map((token) => Object.keys(token.events))).toEqual([
      [`${urn}:create:notice`],
      [`${urn}:patch:notice`, `${urn}:deactivate`],
      [`${urn}:patch:notice`, `${urn}:activate`],
      [`${urn}:delete`],
    ]);
    expect(tokens[0]?.sub_id).toEqual({ format: 'scim', uri: `/Users/${user.id}`, externalId: 'a' });
    expect(tokens[1]?.events[`${urn}:patch:notice`]).toEqual({ attributes: ['active'] });
  });

  it('come again until they are acknowledged, to each receiver by itself', async () => {
    const { send } = await connect();
    for (const node of ['one', 'two']) await send('POST', `/SecurityEvents/${node}`, NOW);
    await send('POST', '/Groups', { displayName: 'g' });
    const first = await send('POST', '/SecurityEvents/one', NOW);
    const [jti] = Object.keys(first.body.sets);
    expect(Object.keys((await send('POST', '/SecurityEvents/one', NOW)).body.sets)).toEqual([jti]);
    const acknowledged = await send('POST', '/SecurityEvents/one', { ...NOW, ack: [jti] });
    expect(acknowledged.body).toEqual({ sets: {}, moreAvailable: false });
    expect(Object.keys((await send('POST', '/SecurityEvents/two', NOW)).body.sets)).toEqual([jti]);
  });

  it('end a poll that waits, at once', async () => {
    const { send, testbed } = await connect();
    const headers = { authorization: `Bearer ${testbed.readToken}` };
    const waiting = send('POST', '/SecurityEvents', {}, headers);
    await sleep(50);
    const started = performance.now();
    await send('POST', '/Users', { userName: 'alice@x' });
    expect(readTokens(await waiting)).toHaveLength(1);
    // A poll waits 30 s.
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it('end a poll with nothing when its time is up, and come in portions', async () => {
    const { send } = await connect({ pollWait: 30 });
    expect((await send('POST', '/SecurityEvents', {})).body).toEqual({ sets: {}, moreAvailable: false });
    for (const name of ['a', 'b', 'c']) await send('POST', '/Groups', { displayName: name });
    const { body } = await send('POST', '/SecurityEvents', { maxEvents: 2 });
    expect(Object.keys(body.sets)).toHaveLength(2);
    expect(body.moreAvailable).toBe(true);
    expect((await send('POST', '/SecurityEvents', { ack: 'all' })).status).toBe(400);
  });
});
