import { describe, expect, test, vi } from 'vitest';
import { COREWEAVE, startIngestHarness } from '../../support/ingest-harness.ts';

const NOW = Math.floor(Date.now() / 1000);

describe('a delta', () => {
  test('asks for what changed only, in two requests once the store was probed', async () => {
    const { fetch, requests, createUser, createGroup } = await startIngestHarness();
    await createGroup('g', [await createUser('alice')]);
    await fetch('full');
    await fetch('delta');
    await requests();
    const fetched = await fetch('delta');
    expect(fetched).toMatchObject({
      mode: 'delta',
      requests: 2,
      isAnswered: true,
      complete: { User: false, Group: false },
    });
    expect(await requests()).toEqual([
      expect.stringMatching(/^GET \/Users\?.*filter=meta\.lastModified ge "20/),
      expect.stringMatching(/^GET \/Groups\?.*filter=meta\.lastModified ge "20/),
    ]);
  });

  test('that lists no resource writes nothing', async () => {
    let offset = -3_600_000;
    const harness = await startIngestHarness({ seedUsers: 3, seedGroups: 1, now: () => Date.now() + offset });
    offset = 0;
    await harness.fetch('full');
    const begun = vi.spyOn(harness.state, 'openBatch');
    expect(await harness.fetch('delta')).toMatchObject({ mode: 'delta', isAnswered: true });
    expect(begun).not.toHaveBeenCalled();
    await harness.createUser('new');
    expect((await harness.fetch('delta')).ingested.added).toBe(1);
    expect(begun).toHaveBeenCalledOnce();
  });

  test('ingests a new user, a deactivation and a new member, and asks by the clock of the store with an overlap', async () => {
    const harness = await startIngestHarness();
    const alice = await harness.createUser('alice');
    const group = await harness.createGroup('g', [alice]);
    const { serverTime } = await harness.fetch('full');
    const bob = await harness.createUser('bob');
    await harness.patch(`/Users/${alice}`, { op: 'Replace', path: 'active', value: 'False' });
    await harness.patch(`/Groups/${group}`, { op: 'Add', path: 'members', value: [{ value: bob }] });
    await harness.requests();
    expect((await harness.fetch('delta')).mode).toBe('delta');
    expect(harness.user(alice)?.active).toBe(false);
    expect(harness.people()).toEqual(['alice@example.com', 'bob@example.com']);
    expect(harness.group(group)?.members).toContain(bob);
    const asked = (await harness.requests()).find(
      (line) => line.startsWith('GET /Users') && line.includes('ge "20'),
    );
    expect(serverTime! - Date.parse(/ge "([^"]+)"/.exec(asked ?? '')?.[1] ?? '')).toBe(420_000);
  });

  test('never marks an unlisted user absent, however often', async () => {
    const harness = await startIngestHarness();
    const alice = await harness.createUser('alice');
    await harness.fetch('full');
    await harness.send('DELETE', `/Users/${alice}`);
    for (let n = 0; n < 5; n += 1) expect((await harness.fetch('delta')).mode).toBe('delta');
    expect(harness.user(alice)?.absent).toBe(false);
    await harness.fetch('full');
    expect(harness.user(alice)?.absent).toBe(true);
  });

  test('confirms no user that it does not list', async () => {
    let offset = -3600_000;
    const harness = await startIngestHarness({ now: () => Date.now() + offset });
    const alice = await harness.createUser('alice');
    offset = 0;
    await harness.fetch('full', [], NOW);
    const before = harness.user(alice)?.confirmedAt;
    await harness.fetch('delta', [], NOW + 600);
    expect(harness.user(alice)?.confirmedAt).toBe(before);
  });

  test('drops a member that the group no longer lists as soon as a read of that group says the same', async () => {
    const harness = await startIngestHarness();
    const [alice, bob] = [await harness.createUser('alice'), await harness.createUser('bob')];
    const group = await harness.createGroup('g', [alice, bob]);
    await harness.fetch('full');
    await harness.patch(`/Groups/${group}`, { op: 'Remove', path: `members[value eq "${bob}"]` });
    await harness.fetch('delta');
    expect(harness.group(group)?.members).toEqual([alice]);
  });

  test('does not drop members of a list that was cut, however many deltas list it so', async () => {
    const harness = await startIngestHarness();
    const people = [];
    for (const name of ['a', 'b', 'c', 'd', 'e']) people.push(await harness.createUser(name));
    const group = await harness.createGroup('g', people);
    await harness.fetch('full');
    await harness.fault({ kind: 'members-cut', at: 2, path: 'Groups\\?' });
    await harness.fault({
      kind: 'status',
      status: 404,
      path: 'Groups/',
      headers: { 'content-type': 'text/html' },
    });
    for (let n = 0; n < 4; n += 1) await harness.fetch('delta');
    expect(harness.group(group)?.members).toHaveLength(5);
  });
});

describe('a delta becomes a full read', () => {
  test('where nothing was ever read whole', async () => {
    const { fetch } = await startIngestHarness();
    expect((await fetch('delta')).mode).toBe('full');
  });

  test('where the store ignores the filter', async () => {
    const { fetch, fault, createUser } = await startIngestHarness();
    await createUser('alice');
    await fault({ kind: 'ignored-filter' });
    await fetch('full');
    expect((await fetch('delta')).mode).toBe('full');
  });

  test('where the store refuses the filter', async () => {
    const { fetch, fault, createUser } = await startIngestHarness();
    await createUser('alice');
    await fault({ kind: 'status', status: 400, path: 'lastModified' });
    await fetch('full');
    expect((await fetch('delta')).mode).toBe('full');
  });

  test('where the store answers any such filter with an empty list', async () => {
    const { fetch, fault, createUser } = await startIngestHarness();
    await createUser('alice');
    await fetch('full');
    await fault({ kind: 'empty', path: 'lastModified' });
    expect((await fetch('delta')).mode).toBe('full');
  });

  test('where a store that passed the probe ignores the filter later', async () => {
    // Records of an hour ago, and a clock that is right again: none of them belongs into the delta.
    let offset = -3_600_000;
    const harness = await startIngestHarness({ now: () => Date.now() + offset });
    await harness.createUser('alice');
    offset = 0;
    await harness.fetch('full');
    expect((await harness.fetch('delta')).mode).toBe('delta');
    await harness.fault({ kind: 'ignored-filter' });
    expect((await harness.fetch('delta')).mode).toBe('full');
    await harness.clearFaults();
    expect((await harness.fetch('delta')).mode).toBe('full');
  });

  test('where the last full read is a day old', async () => {
    const { fetch } = await startIngestHarness();
    await fetch('full', [], NOW - 86_500);
    expect((await fetch('delta', [], NOW)).mode).toBe('full');
  });

  test('where the last one was partial, it asks from before that one', async () => {
    const harness = await startIngestHarness();
    await harness.createUser('alice');
    const { serverTime } = await harness.fetch('full');
    await harness.fault({ kind: 'status', status: 404, path: 'Groups\\?.*lastModified ge "20' });
    expect(await harness.fetch('delta')).toMatchObject({ mode: 'delta', isAnswered: false });
    await harness.clearFaults();
    await harness.requests();
    await harness.fetch('delta');
    const [asked = ''] = await harness.requests();
    expect(Date.parse(/ge "([^"]+)"/.exec(asked)?.[1] ?? '')).toBe(serverTime! - 420_000);
  });
});

describe('a clock of the store', () => {
  /** Deactivates a person while `Date` is off by `date` seconds, and `meta.lastModified` by `stamp`. */
  async function revoke(date: number, stamp: number) {
    let offset = -3_600_000;
    const harness = await startIngestHarness({ now: () => Date.now() + offset });
    const alice = await harness.createUser('alice');
    offset = stamp * 1000;
    await harness.fault({ kind: 'clock', seconds: date - stamp });
    await harness.fetch('full');
    await harness.fetch('delta');
    await harness.patch(`/Users/${alice}`, { op: 'Replace', path: 'active', value: 'False' });
    return { harness, alice, fetched: await harness.fetch('delta') };
  }

  test.each([
    [290, 290],
    [-290, -290],
    [200, 0],
    [290, 0],
    [-290, 0],
    [0, -290],
    [0, 290],
  ])('that is %i s off, and %i s in its records, delays no revocation', async (date, stamp) => {
    const { harness, alice, fetched } = await revoke(date, stamp);
    expect(fetched.mode).toBe('delta');
    expect(harness.user(alice)?.active).toBe(false);
  });

  test('that was in 2099 opens no window', async () => {
    const harness = await startIngestHarness();
    const alice = await harness.createUser('alice');
    await harness.fetch('full');
    await harness.fault({ kind: 'clock', seconds: 73 * 365 * 86_400 });
    for (let n = 0; n < 3; n += 1)
      expect((await harness.fetch('delta')).problems).toMatchObject([{ code: 'clock-skew' }]);
    await harness.clearFaults();
    await harness.patch(`/Users/${alice}`, { op: 'Replace', path: 'active', value: 'False' });
    expect((await harness.fetch('delta')).mode).toBe('delta');
    expect(harness.user(alice)?.active).toBe(false);
  });

  test('in 2099 whose window is stored already, as of an earlier release, opens none', async () => {
    const harness = await startIngestHarness();
    const alice = await harness.createUser('alice');
    const fetched = await harness.fetch('full');
    const n = harness.state.beginSync(NOW);
    harness.state.endSync(n, { startedAt: NOW, fetched: { ...fetched, serverTime: 4e12 } }, []);
    await harness.patch(`/Users/${alice}`, { op: 'Replace', path: 'active', value: 'False' });
    await harness.fetch('delta');
    expect(harness.user(alice)?.active).toBe(false);
  });
});

describe('a store whose meta.lastModified', () => {
  test.each([
    ['stands still', 0],
    ['runs backwards', -3600],
  ])('%s is noticed by the next full read, and its deltas are not used for a day', async (_, seconds) => {
    let clock: () => number = () => Date.now() - 3_600_000;
    const harness = await startIngestHarness({ now: () => clock() });
    const [alice, bob] = [await harness.createUser('alice'), await harness.createUser('bob')];
    const group = await harness.createGroup('g', [alice, bob]);
    const still = clock() + seconds * 1000;
    clock = () => Date.now();
    await harness.fetch('full', [], NOW);
    clock = () => still;
    await harness.patch(`/Users/${alice}`, { op: 'Replace', path: 'active', value: 'False' });
    clock = () => Date.now();
    expect((await harness.fetch('delta', [], NOW + 60)).mode).toBe('delta');
    expect(harness.user(alice)?.active).toBe(true);
    const found = await harness.fetch('full', [], NOW + 120);
    expect(found).toMatchObject({ ingested: { missed: 1 } });
    expect(found.warnings).toMatchObject([{ code: 'deltas-missed' }]);
    clock = () => still;
    await harness.patch(`/Users/${bob}`, { op: 'Replace', path: 'active', value: 'False' });
    await harness.patch(`/Groups/${group}`, { op: 'Remove', path: `members[value eq "${alice}"]` });
    clock = () => Date.now();
    expect(await harness.fetch('delta', [], NOW + 180)).toMatchObject({
      mode: 'full',
      ingested: { missed: 2 },
    });
    expect(harness.user(bob)?.active).toBe(false);
    expect(harness.group(group)?.members).toEqual([bob]);
    // A day later, and read whole again, deltas are tried anew.
    await harness.fetch('full', [], NOW + 86_700);
    expect(await harness.fetch('delta', [], NOW + 86_760)).toMatchObject({ mode: 'delta', warnings: [] });
  });

  test('is missing in all records is no such store', async () => {
    const harness = await startIngestHarness();
    const alice = await harness.createUser('alice');
    await harness.fetch('full');
    await harness.fault({ kind: 'record', who: alice, unset: ['meta'] });
    await harness.patch(`/Users/${alice}`, { op: 'Replace', path: 'active', value: 'False' });
    expect(await harness.fetch('full')).toMatchObject({ ingested: { missed: 0 }, warnings: [] });
  });
});

describe('a named resource', () => {
  test('is read alone, at once, and its absence acts when the store itself confirms it', async () => {
    const harness = await startIngestHarness();
    const [alice, bob] = [await harness.createUser('alice'), await harness.createUser('bob')];
    await harness.fetch('full');
    await harness.send('DELETE', `/Users/${alice}`);
    await harness.patch(`/Users/${bob}`, { op: 'Replace', path: 'active', value: false });
    await harness.requests();
    const fetched = await harness.fetch('event', [
      { kind: 'User', id: alice },
      { kind: 'User', id: bob },
      { kind: 'User', id: '../Groups/x?y=z' },
    ]);
    expect(fetched).toMatchObject({
      mode: 'event',
      complete: { User: false, Group: false },
      ingested: { changed: 1, gone: 1 },
      requests: 3,
    });
    expect(await harness.requests()).toHaveLength(3);
    expect(harness.user(alice)?.absent).toBe(true);
    expect(harness.user(bob)?.active).toBe(false);
  });

  test('of a group drops the members who left', async () => {
    const harness = await startIngestHarness();
    const [alice, bob] = [await harness.createUser('alice'), await harness.createUser('bob')];
    const group = await harness.createGroup('g', [alice, bob]);
    await harness.fetch('full');
    await harness.patch(`/Groups/${group}`, { op: 'Remove', path: `members[value eq "${bob}"]` });
    await harness.requests();
    await harness.fetch('event', [{ kind: 'Group', id: group }]);
    expect(await harness.requests()).toEqual([`GET /Groups/${group}`]);
    expect(harness.group(group)?.members).toEqual([alice]);
  });

  test('whose answer is a page of HTML, or another resource, changes nothing', async () => {
    const harness = await startIngestHarness();
    const alice = await harness.createUser('alice', { [COREWEAVE]: { sunkSshKeys: 'ssh-ed25519 AAAA' } });
    await harness.fetch('full');
    await harness.send('DELETE', `/Users/${alice}`);
    for (const fault of [
      { kind: 'html', status: 404 },
      { kind: 'html', status: 200 },
      { kind: 'status', status: 410 },
    ]) {
      await harness.fault(fault);
      await harness.fetch('event', [{ kind: 'User', id: alice }]);
      await harness.clearFaults();
      expect(harness.user(alice)?.absent).toBe(false);
    }
  });
});
