import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import type { ChangeNotice } from '../../../src/protocol/messages.ts';
import { readAnnouncement } from '../../../src/reader/events/event-token.ts';
import { type IngestHarness, startIngestHarness } from '../../support/ingest-harness.ts';

const PATIENCE = 20_000;

/** The notices of the reader since it was told to watch. */
function watch(harness: IngestHarness): Omit<ChangeNotice, 'say'>[] {
  const notices: Omit<ChangeNotice, 'say'>[] = [];
  harness.reader.watch(({ mode, resources }) => notices.push({ mode, resources }));
  return notices;
}

/** The stream is open once the reader asked for a delta, for what may have happened before. */
async function followed(harness: IngestHarness): Promise<Omit<ChangeNotice, 'say'>[]> {
  const notices = watch(harness);
  await vi.waitFor(() => expect(notices).toEqual([{ mode: 'delta', resources: [] }]), PATIENCE);
  return notices.splice(0) && notices;
}

describe('the events of a store', () => {
  test('name the changed resource long before the poll would have ended, a deleted one too', async () => {
    const harness = await startIngestHarness();
    const notices = await followed(harness);
    const started = performance.now();
    const alice = await harness.createUser('alice');
    await vi.waitFor(
      () => expect(notices).toEqual([{ mode: 'event', resources: [{ kind: 'User', id: alice }] }]),
      PATIENCE,
    );
    expect(performance.now() - started).toBeLessThan(15_000);
    await harness.send('DELETE', `/Users/${alice}`);
    await vi.waitFor(() => expect(notices).toHaveLength(2), PATIENCE);
    await harness.fetch('event', notices[1]!.resources);
    expect(harness.user(alice)).toBeUndefined();
  });

  test('are acknowledged, and come once', async () => {
    const harness = await startIngestHarness({ pollWait: 50 });
    const notices = await followed(harness);
    await harness.createGroup('g', []);
    await vi.waitFor(() => expect(notices).toHaveLength(1), PATIENCE);
    await sleep(300);
    expect(notices).toHaveLength(1);
  });

  test('are followed by each node in a stream of its own, below the base URL', async () => {
    const harness = await startIngestHarness();
    await followed(harness);
    const { body } = await harness.admin('GET', '/requests?method=POST');
    for (const { target } of body.requests as { target: string }[])
      expect(target).toMatch(/^\/scim\/ab1cd2\/SecurityEvents\/[0-9a-f]{16}$/);
  });

  test('are not asked for where the store offers none', async () => {
    const harness = await startIngestHarness({ settings: { events: false } });
    const notices = watch(harness);
    await sleep(300);
    expect(notices).toEqual([]);
    expect(await harness.requests()).toEqual(['GET /ServiceProviderConfig']);
  });

  test('are never asked for at another place: a redirect is not followed, with or without the token', async () => {
    const [harness, other] = [await startIngestHarness(), await startIngestHarness()];
    await harness.fault({
      kind: 'status',
      status: 307,
      method: 'POST',
      headers: { location: `${other.testbed.baseUrl}/SecurityEvents/x` },
    });
    watch(harness);
    await sleep(300);
    expect((await other.admin('GET', '/requests')).body.requests).toEqual([]);
  });

  test('resume after the connection was lost, with a delta for what was missed', async () => {
    const harness = await startIngestHarness({ pollWait: 50 });
    const notices = await followed(harness);
    await harness.fault({ kind: 'reset', method: 'POST', times: 2 });
    await vi.waitFor(() => expect(notices).toEqual([{ mode: 'delta', resources: [] }]), PATIENCE);
    const alice = await harness.createUser('alice');
    await vi.waitFor(() => expect(notices[1]?.resources).toEqual([{ kind: 'User', id: alice }]), PATIENCE);
  });

  test('that are many become a delta, with the names of who was deleted', async () => {
    const harness = await startIngestHarness({ seedUsers: 60 });
    const { body } = await harness.send('GET', '/Users?count=60');
    const ids = (body.Resources as { id: string }[]).map(({ id }) => id);
    // The stream is open before the next poll; a busy machine needs a while for the sixty.
    const notices = await followed(harness);
    await harness.fault({ kind: 'delay', ms: 4000, method: 'POST' });
    await harness.patch(`/Users/${ids[0]!}`, { op: 'replace', path: 'active', value: false });
    await vi.waitFor(() => expect(notices).toHaveLength(1), PATIENCE);
    await Promise.all(
      ids
        .slice(1)
        .map((id) => harness.patch(`/Users/${id}`, { op: 'replace', path: 'active', value: false })),
    );
    await harness.send('DELETE', `/Users/${ids[5]!}`);
    await vi.waitFor(() => expect(notices.at(-1)?.mode).toBe('delta'), PATIENCE);
    expect(notices.at(-1)?.resources).toEqual([{ kind: 'User', id: ids[5] }]);
  });
});

test('a new token is announced as a reason for a full read', async () => {
  const harness = await startIngestHarness();
  const notices = await followed(harness);
  const { body } = await harness.admin('POST', '/tokens', { name: 'next', role: 'read-only' });
  harness.writeToken(body.token as string);
  await vi.waitFor(() => expect(notices).toContainEqual({ mode: 'full', resources: [] }), PATIENCE);
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
  ])('about %j names no resource', (uri) => {
    expect(about(uri)).toBeNull();
  });

  test.each([[''], ['a'], ['a.b.c'], [null], [{}], [`a.${'A'.repeat(100_000)}.`]])(
    'of %j is none',
    (text) => {
      expect(readAnnouncement(text)).toBeNull();
    },
  );
});
