import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import type { ChangeNotice } from '../../../src/protocol/messages.ts';
import { readAnnouncement } from '../../../src/reader/events/event-token.ts';
import { type FetchHarness, listen } from '../../support/ingest-harness.ts';

const PATIENCE = 20_000;

/** What the reader said since it was told to watch. */
function watch(ears: FetchHarness): Omit<ChangeNotice, 'say'>[] {
  const looks: Omit<ChangeNotice, 'say'>[] = [];
  ears.reader.watch(({ mode, resources }) => looks.push({ mode, resources }));
  return looks;
}

/** The stream is open once the reader said to look at what may have happened before. */
async function followed(ears: FetchHarness): Promise<Omit<ChangeNotice, 'say'>[]> {
  const looks = watch(ears);
  await vi.waitFor(() => expect(looks).toEqual([{ mode: 'delta', resources: [] }]), PATIENCE);
  return looks.splice(0) && looks;
}

describe('the events of a store', () => {
  test('name the resource to look at long before the poll would have ended, a deleted one too', async () => {
    const ears = await listen();
    const looks = await followed(ears);
    const started = performance.now();
    const alice = await ears.createUser('alice');
    await vi.waitFor(
      () => expect(looks).toEqual([{ mode: 'event', resources: [{ kind: 'User', id: alice }] }]),
      PATIENCE,
    );
    expect(performance.now() - started).toBeLessThan(15_000);
    await ears.send('DELETE', `/Users/${alice}`);
    await vi.waitFor(() => expect(looks).toHaveLength(2), PATIENCE);
    await ears.hear('event', looks[1]!.resources);
    expect(ears.user(alice)).toBeUndefined();
  });

  test('are acknowledged, and come once', async () => {
    const ears = await listen({ pollWait: 50 });
    const looks = await followed(ears);
    await ears.createGroup('g', []);
    await vi.waitFor(() => expect(looks).toHaveLength(1), PATIENCE);
    await sleep(300);
    expect(looks).toHaveLength(1);
  });

  test('are followed by each node in a stream of its own, below the base URL', async () => {
    const ears = await listen();
    await followed(ears);
    const { body } = await ears.admin('GET', '/requests?method=POST');
    for (const { target } of body.requests as { target: string }[])
      expect(target).toMatch(/^\/scim\/ab1cd2\/SecurityEvents\/[0-9a-f]{16}$/);
  });

  test('are not asked for where the store offers none', async () => {
    const ears = await listen({ settings: { events: false } });
    const looks = watch(ears);
    await sleep(300);
    expect(looks).toEqual([]);
    expect(await ears.requests()).toEqual(['GET /ServiceProviderConfig']);
  });

  test('are never asked for at another place: a redirect is not followed, with or without the token', async () => {
    const [ears, other] = [await listen(), await listen()];
    await ears.fault({
      kind: 'status',
      status: 307,
      method: 'POST',
      headers: { location: `${other.testbed.baseUrl}/SecurityEvents/x` },
    });
    watch(ears);
    await sleep(300);
    expect((await other.admin('GET', '/requests')).body.requests).toEqual([]);
  });

  test('come back after the connection was lost, with a look at what was missed', async () => {
    const ears = await listen({ pollWait: 50 });
    const looks = await followed(ears);
    await ears.fault({ kind: 'reset', method: 'POST', times: 2 });
    await vi.waitFor(() => expect(looks).toEqual([{ mode: 'delta', resources: [] }]), PATIENCE);
    const alice = await ears.createUser('alice');
    await vi.waitFor(() => expect(looks[1]?.resources).toEqual([{ kind: 'User', id: alice }]), PATIENCE);
  });

  test('that are many become a delta, with the names of who was deleted', async () => {
    const ears = await listen({ seedUsers: 60 });
    const { body } = await ears.send('GET', '/Users?count=60');
    const ids = (body.Resources as { id: string }[]).map(({ id }) => id);
    // The stream is open before anybody polls again; a busy machine takes its time for the sixty.
    const looks = await followed(ears);
    await ears.fault({ kind: 'delay', ms: 4000, method: 'POST' });
    await ears.patch(`/Users/${ids[0]!}`, { op: 'replace', path: 'active', value: false });
    await vi.waitFor(() => expect(looks).toHaveLength(1), PATIENCE);
    await Promise.all(
      ids.slice(1).map((id) => ears.patch(`/Users/${id}`, { op: 'replace', path: 'active', value: false })),
    );
    await ears.send('DELETE', `/Users/${ids[5]!}`);
    await vi.waitFor(() => expect(looks.at(-1)?.mode).toBe('delta'), PATIENCE);
    expect(looks.at(-1)?.resources).toEqual([{ kind: 'User', id: ids[5] }]);
  });
});

test('a new token is announced as a reason to look at everything', async () => {
  const ears = await listen();
  const looks = await followed(ears);
  const { body } = await ears.admin('POST', '/tokens', { name: 'next', role: 'read-only' });
  ears.writeToken(body.token as string);
  await vi.waitFor(() => expect(looks).toContainEqual({ mode: 'full', resources: [] }), PATIENCE);
});

describe('an event token', () => {
  const token = (claims: object) => `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.`;
  const about = (uri: unknown) => readAnnouncement(token({ sub_id: { format: 'scim', uri } }));

  test('names a User or a Group by its path, wherever the URI points', () => {
    expect(about('/Users/a%20b')?.resource).toEqual({ kind: 'User', id: 'a b' });
    expect(about('https://elsewhere.example/scim/Groups/7')?.resource).toEqual({ kind: 'Group', id: '7' });
  });

  test.each([
    [null],
    [42],
    [{}],
    ['/Users/'],
    ['/Users/../x'],
    ['/Devices/1'],
    ['/Users/%'],
    ['/Users/a?b=c'],
    [`/Users/${'x'.repeat(5000)}`],
  ])('about %j names nobody', (uri) => {
    expect(about(uri)).toBeNull();
  });

  test.each([[''], ['a'], ['a.b.c'], [null], [{}], [`a.${'A'.repeat(100_000)}.`]])(
    'of %j is none',
    (text) => {
      expect(readAnnouncement(text)).toBeNull();
    },
  );
});
