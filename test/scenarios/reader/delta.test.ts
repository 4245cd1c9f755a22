import { describe, expect, test, vi } from 'vitest';
import { COREWEAVE, listen } from '../../support/ingest-harness.ts';

const NOW = Math.floor(Date.now() / 1000);

describe('a delta', () => {
  test('asks for what changed only, in two requests once the store was probed', async () => {
    const { hear, requests, createUser, createGroup } = await listen();
    await createGroup('g', [await createUser('alice')]);
    await hear('full');
    await hear('delta');
    await requests();
    const heard = await hear('delta');
    expect(heard).toMatchObject({
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

  test('that brings nobody begins nothing to write', async () => {
    let offset = -3_600_000;
    const ears = await listen({ seedUsers: 3, seedGroups: 1, now: () => Date.now() + offset });
    offset = 0;
    await ears.hear('full');
    const begun = vi.spyOn(ears.mirror, 'openBatch');
    expect(await ears.hear('delta')).toMatchObject({ mode: 'delta', isAnswered: true });
    expect(begun).not.toHaveBeenCalled();
    await ears.createUser('new');
    expect((await ears.hear('delta')).taken.added).toBe(1);
    expect(begun).toHaveBeenCalledOnce();
  });

  test('takes a new person, a deactivation and a new member, and asks by the clock of the store with an overlap', async () => {
    const ears = await listen();
    const alice = await ears.createUser('alice');
    const group = await ears.createGroup('g', [alice]);
    const { serverTime } = await ears.hear('full');
    const bob = await ears.createUser('bob');
    await ears.patch(`/Users/${alice}`, { op: 'Replace', path: 'active', value: 'False' });
    await ears.patch(`/Groups/${group}`, { op: 'Add', path: 'members', value: [{ value: bob }] });
    await ears.requests();
    expect((await ears.hear('delta')).mode).toBe('delta');
    expect(ears.user(alice)?.active).toBe(false);
    expect(ears.people()).toEqual(['alice@example.com', 'bob@example.com']);
    expect(ears.group(group)?.members).toContain(bob);
    const asked = (await ears.requests()).find(
      (line) => line.startsWith('GET /Users') && line.includes('ge "20'),
    );
    expect(serverTime! - Date.parse(/ge "([^"]+)"/.exec(asked ?? '')?.[1] ?? '')).toBe(120_000);
  });

  test('takes nobody for absent whom it does not list, however often', async () => {
    const ears = await listen();
    const alice = await ears.createUser('alice');
    await ears.hear('full');
    await ears.send('DELETE', `/Users/${alice}`);
    for (let n = 0; n < 5; n += 1) expect((await ears.hear('delta')).mode).toBe('delta');
    expect(ears.user(alice)?.absent).toBe(false);
    await ears.hear('full');
    expect(ears.user(alice)?.absent).toBe(true);
  });

  test('confirms nobody by silence', async () => {
    let offset = -3600_000;
    const ears = await listen({ now: () => Date.now() + offset });
    const alice = await ears.createUser('alice');
    offset = 0;
    await ears.hear('full', [], NOW);
    const before = ears.user(alice)?.confirmedAt;
    await ears.hear('delta', [], NOW + 600);
    expect(ears.user(alice)?.confirmedAt).toBe(before);
  });

  test('drops a member whom the group no longer lists as soon as a read of that group says the same', async () => {
    const ears = await listen();
    const [alice, bob] = [await ears.createUser('alice'), await ears.createUser('bob')];
    const group = await ears.createGroup('g', [alice, bob]);
    await ears.hear('full');
    await ears.patch(`/Groups/${group}`, { op: 'Remove', path: `members[value eq "${bob}"]` });
    await ears.hear('delta');
    expect(ears.group(group)?.members).toEqual([alice]);
  });

  test('does not drop members of a list that was cut, however many deltas list it so', async () => {
    const ears = await listen();
    const people = [];
    for (const name of ['a', 'b', 'c', 'd', 'e']) people.push(await ears.createUser(name));
    const group = await ears.createGroup('g', people);
    await ears.hear('full');
    await ears.fault({ kind: 'members-cut', at: 2, path: 'Groups\\?' });
    await ears.fault({
      kind: 'status',
      status: 404,
      path: 'Groups/',
      headers: { 'content-type': 'text/html' },
    });
    for (let n = 0; n < 4; n += 1) await ears.hear('delta');
    expect(ears.group(group)?.members).toHaveLength(5);
  });
});

describe('a delta becomes a full read', () => {
  test('where nothing was ever read whole', async () => {
    const { hear } = await listen();
    expect((await hear('delta')).mode).toBe('full');
  });

  test('where the store ignores the filter', async () => {
    const { hear, fault, createUser } = await listen();
    await createUser('alice');
    await fault({ kind: 'ignored-filter' });
    await hear('full');
    expect((await hear('delta')).mode).toBe('full');
  });

  test('where the store refuses the filter', async () => {
    const { hear, fault, createUser } = await listen();
    await createUser('alice');
    await fault({ kind: 'status', status: 400, path: 'lastModified' });
    await hear('full');
    expect((await hear('delta')).mode).toBe('full');
  });

  test('where the store answers any such filter with nobody', async () => {
    const { hear, fault, createUser } = await listen();
    await createUser('alice');
    await hear('full');
    await fault({ kind: 'empty', path: 'lastModified' });
    expect((await hear('delta')).mode).toBe('full');
  });

  test('where a store that passed the probe ignores the filter later', async () => {
    // Records of an hour ago, and a clock that is right again: none of them belongs into the delta.
    let offset = -3_600_000;
    const ears = await listen({ now: () => Date.now() + offset });
    await ears.createUser('alice');
    offset = 0;
    await ears.hear('full');
    expect((await ears.hear('delta')).mode).toBe('delta');
    await ears.fault({ kind: 'ignored-filter' });
    expect((await ears.hear('delta')).mode).toBe('full');
    await ears.clearFaults();
    expect((await ears.hear('delta')).mode).toBe('full');
  });

  test('where the last full read is a day old', async () => {
    const { hear } = await listen();
    await hear('full', [], NOW - 86_500);
    expect((await hear('delta', [], NOW)).mode).toBe('full');
  });

  test('where the last one was partial, it asks from before that one', async () => {
    const ears = await listen();
    await ears.createUser('alice');
    const { serverTime } = await ears.hear('full');
    await ears.fault({ kind: 'status', status: 404, path: 'Groups\\?.*lastModified ge "20' });
    expect(await ears.hear('delta')).toMatchObject({ mode: 'delta', isAnswered: false });
    await ears.clearFaults();
    await ears.requests();
    await ears.hear('delta');
    const [asked = ''] = await ears.requests();
    expect(Date.parse(/ge "([^"]+)"/.exec(asked)?.[1] ?? '')).toBe(serverTime! - 120_000);
  });
});

describe('a named resource', () => {
  test('is read alone, at once, and its absence acts when the store itself confirms it', async () => {
    const ears = await listen();
    const [alice, bob] = [await ears.createUser('alice'), await ears.createUser('bob')];
    await ears.hear('full');
    await ears.send('DELETE', `/Users/${alice}`);
    await ears.patch(`/Users/${bob}`, { op: 'Replace', path: 'active', value: false });
    await ears.requests();
    const heard = await ears.hear('event', [
      { kind: 'User', id: alice },
      { kind: 'User', id: bob },
      { kind: 'User', id: '../Groups/x?y=z' },
    ]);
    expect(heard).toMatchObject({
      mode: 'event',
      complete: { User: false, Group: false },
      taken: { changed: 1, gone: 1 },
      requests: 3,
    });
    expect(await ears.requests()).toHaveLength(3);
    expect(ears.user(alice)?.absent).toBe(true);
    expect(ears.user(bob)?.active).toBe(false);
  });

  test('of a group drops the members who left', async () => {
    const ears = await listen();
    const [alice, bob] = [await ears.createUser('alice'), await ears.createUser('bob')];
    const group = await ears.createGroup('g', [alice, bob]);
    await ears.hear('full');
    await ears.patch(`/Groups/${group}`, { op: 'Remove', path: `members[value eq "${bob}"]` });
    await ears.requests();
    await ears.hear('event', [{ kind: 'Group', id: group }]);
    expect(await ears.requests()).toEqual([`GET /Groups/${group}`]);
    expect(ears.group(group)?.members).toEqual([alice]);
  });

  test('whose answer is a page of HTML, or of somebody else, changes nothing', async () => {
    const ears = await listen();
    const alice = await ears.createUser('alice', { [COREWEAVE]: { sunkSshKeys: 'ssh-ed25519 AAAA' } });
    await ears.hear('full');
    await ears.send('DELETE', `/Users/${alice}`);
    for (const fault of [
      { kind: 'html', status: 404 },
      { kind: 'html', status: 200 },
      { kind: 'status', status: 410 },
    ]) {
      await ears.fault(fault);
      await ears.hear('event', [{ kind: 'User', id: alice }]);
      await ears.clearFaults();
      expect(ears.user(alice)?.absent).toBe(false);
    }
  });
});
