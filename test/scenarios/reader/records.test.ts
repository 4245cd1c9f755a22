import { describe, expect, test } from 'vitest';
import { COREWEAVE, KEY, startIngestHarness } from '../../support/ingest-harness.ts';

const DAY = 86_400;
const NOW = Math.floor(Date.now() / 1000);

describe('a broken record', () => {
  test.each([
    ['a null extension', { [COREWEAVE]: null }],
    ['no userName', { userName: 7 }],
    ['a uid that is none', { [COREWEAVE]: { uid: 'zero', sunkSshKeys: KEY } }],
    ['a display name beyond measure', { displayName: 'x'.repeat(5000) }],
  ])('with %s harms no other user, and a revocation inside it acts', async (_, set) => {
    const harness = await startIngestHarness({ seedUsers: 3 });
    const alice = await harness.createUser('alice');
    await harness.fetch();
    await harness.fault({ kind: 'record', who: alice, set: { ...set, active: 'False' } });
    expect((await harness.fetch()).complete).toEqual({ User: true, Group: true });
    expect(harness.user(alice)).toMatchObject({
      active: false,
      userName: 'alice@example.com',
      absent: false,
    });
    expect(harness.people()).toHaveLength(4);
  });

  test('keeps its last good values, reports why, and renews nothing', async () => {
    const harness = await startIngestHarness();
    const alice = await harness.createUser('alice', { displayName: 'Alice' });
    await harness.fetch('full', [], NOW - 6 * DAY);
    const before = harness.user(alice);
    await harness.fault({ kind: 'record', who: alice, set: { displayName: { odd: true } } });
    expect((await harness.fetch('full', [], NOW)).ingested).toMatchObject({ quarantined: 1, renewed: 0 });
    expect(harness.user(alice)).toEqual(before);
    expect(harness.state.quarantine()).toMatchObject([
      { kind: 'User', id: alice, findings: [{ detail: expect.stringContaining('displayName') as string }] },
    ]);
    await harness.clearFaults();
    await harness.fetch('full', [], NOW);
    expect(harness.state.quarantine()).toEqual([]);
    expect(harness.user(alice)?.confirmedAt).toBe(NOW);
  });

  test.each([
    ['absent', {}, []],
    ['empty', { sunkSshKeys: '' }, []],
    ['no text', { sunkSshKeys: { odd: 7 } }, []],
    ['others', { sunkSshKeys: [`${KEY} new`] }, [`${KEY} new`]],
  ])('whose keys are %s has the old ones no longer', async (_, extension, keys) => {
    const harness = await startIngestHarness();
    const alice = await harness.createUser('alice');
    await harness.fetch();
    expect(harness.user(alice)?.keys).toEqual([KEY]);
    await harness.fault({ kind: 'record', who: alice, set: { [COREWEAVE]: extension } });
    await harness.fetch();
    expect(harness.user(alice)?.keys).toEqual(keys);
  });
});

test.each(['full', 'delta'] as const)(
  'a malformed member in the answer that drops bob keeps neither bob in nor the others out (%s)',
  async (mode) => {
    const harness = await startIngestHarness();
    const [alice, bob] = [await harness.createUser('alice'), await harness.createUser('bob')];
    const group = await harness.createGroup('g', [alice, bob]);
    await harness.fetch();
    await harness.patch(`/Groups/${group}`, { op: 'Add', path: 'externalId', value: 'x' });
    const set = { members: [{ value: alice }, { value: null }] };
    await harness.fault({ kind: 'record', who: group, set });
    expect((await harness.fetch(mode)).ingested.quarantined).toBe(1);
    expect(harness.group(group)?.members).toEqual([alice]);
    expect(harness.state.quarantine()).toMatchObject([{ findings: [{ code: 'member-malformed' }] }]);
    await harness.clearFaults();
    await harness.fault({ kind: 'record', who: group, set: { members: [{ value: null }, {}] } });
    await harness.fetch();
    expect(harness.group(group)?.members).toEqual([alice]);
    expect(harness.state.quarantine()).toMatchObject([{ findings: [{ code: 'members-malformed' }] }]);
  },
);

test('ids that are not well-formed disable neither of two people, and are reported escaped', async () => {
  const harness = await startIngestHarness();
  const [alice, bob] = [await harness.createUser('alice'), await harness.createUser('bob')];
  await harness.fetch();
  const carol = await harness.createUser('carol');
  const dora = await harness.createUser('dora');
  await harness.fault({ kind: 'record', who: carol, set: { id: 'x\ud800' } });
  await harness.fault({ kind: 'record', who: dora, set: { id: 'x\ud801' } });
  const fetched = await harness.fetch();
  expect(fetched.ingested).toMatchObject({ unreadable: 2, added: 0 });
  expect(fetched.warnings).toMatchObject([
    { code: 'id-malformed', detail: expect.stringContaining('ud800') as string },
  ]);
  expect([harness.user(alice)?.absent, harness.user(bob)?.absent]).toEqual([false, false]);
});

describe('an absence', () => {
  test.each(['User', 'Group'] as const)(
    'of a %s acts at once when the store itself confirms it',
    async (kind) => {
      const harness = await startIngestHarness();
      const id = kind === 'User' ? await harness.createUser('alice') : await harness.createGroup('g', []);
      await harness.fetch();
      await harness.send('DELETE', `/${kind}s/${id}`);
      await harness.fetch();
      expect((kind === 'User' ? harness.user(id) : harness.group(id))?.absent).toBe(true);
    },
  );

  test('that the store contradicts never acts, however often the list repeats it', async () => {
    const harness = await startIngestHarness({ settings: { cursorPaging: false } });
    const alice = await harness.createUser('alice');
    await harness.fetch();
    await harness.fault({ kind: 'empty', path: 'Users' });
    for (let n = 0; n < 4; n += 1) await harness.fetch();
    expect(harness.user(alice)?.absent).toBe(false);
  });

  test('that a page of HTML seems to confirm acts with the second complete sync, and not before', async () => {
    const harness = await startIngestHarness();
    const alice = await harness.createUser('alice');
    await harness.fetch();
    await harness.send('DELETE', `/Users/${alice}`);
    await harness.fault({ kind: 'html', status: 404, path: 'Users/' });
    await harness.fetch();
    expect(harness.user(alice)?.absent).toBe(false);
    await harness.fetch();
    expect(harness.user(alice)?.absent).toBe(true);
  });

  test('of a member whose list was cut is none, and a member who left is removed', async () => {
    const harness = await startIngestHarness({ seedUsers: 150 });
    const { body } = await harness.send('GET', '/Users?count=200');
    const people = (body.Resources as { id: string }[]).map(({ id }) => id);
    const group = await harness.createGroup('g', people);
    await harness.fetch();
    await harness.fault({ kind: 'members-cut', at: 100, path: 'Groups\\?' });
    for (let n = 0; n < 3; n += 1) await harness.fetch();
    expect(harness.group(group)?.members).toHaveLength(150);
    await harness.patch(`/Groups/${group}`, { op: 'remove', path: `members[value eq "${people[149]!}"]` });
    await harness.fetch();
    expect(harness.group(group)?.members).toHaveLength(149);
  });

  test('cannot be hidden behind others that change: users that a wrong list lacks are looked up at random', async () => {
    const harness = await startIngestHarness({ seedUsers: 120 });
    const alice = await harness.createUser('alice');
    await harness.fetch();
    await harness.send('DELETE', `/Users/${alice}`);
    // More than can be asked for one by one are missing from the list, and the store still has them.
    await harness.fault({ kind: 'empty', path: 'Users\\?' });
    // Five of twelve are asked for in each sync: that she is never among them has a chance of 1 in 10^9.
    for (let n = 0; n < 40 && harness.user(alice)?.absent === false; n += 1) {
      const fetched = await harness.fetch();
      const detail = expect.stringMatching(/^the list of Users lacks \d+ that the store has/) as string;
      expect(fetched.problems).toEqual([{ code: 'list-contradicted', detail }]);
    }
    expect(harness.user(alice)?.absent).toBe(true);
    // The list lacked every user in each of these syncs, and was proven wrong each time.
    expect(harness.people()).toHaveLength(120);
  });

  test('of a member counts in no sync whose list cuts the members of any group', async () => {
    const harness = await startIngestHarness({ seedUsers: 3 });
    const { body } = await harness.send('GET', '/Users?count=3');
    const people = (body.Resources as { id: string }[]).map(({ id }) => id);
    const groups = [await harness.createGroup('g', people), await harness.createGroup('h', people)];
    await harness.fetch();
    await harness.fault({ kind: 'members-cut', at: 1, path: 'Groups\\?' });
    await harness.fault({ kind: 'html', status: 404, path: `Groups/${groups[0]!}` });
    for (let n = 0; n < 3; n += 1)
      expect((await harness.fetch()).warnings).toContainEqual(
        expect.objectContaining({ code: 'list-contradicted' }),
      );
    expect(groups.map((group) => harness.group(group)?.members.length)).toEqual([3, 3]);
  });
});

test.each([-400, 400])(
  'a clock that is %i s off confirms no user, and the sync reports it',
  async (seconds) => {
    const harness = await startIngestHarness();
    const alice = await harness.createUser('alice');
    await harness.fault({ kind: 'clock', seconds });
    const fetched = await harness.fetch();
    expect(fetched.problems).toMatchObject([{ code: 'clock-skew' }]);
    expect(harness.user(alice)?.confirmedAt).toBe(0);
  },
);

test('an attribute path that matches no user in a complete sync is a warning that names it', async () => {
  const attributes = `  attributes: { ssh_keys: "urn:example:1.0:ext:keys.value", home: name.familyName, uid: null }`;
  const harness = await startIngestHarness({ seedUsers: 2 }, { scim: attributes });
  expect((await harness.fetch()).warnings).toEqual([
    {
      code: 'path-unmatched',
      detail: 'scim.attributes.ssh_keys: no User has urn:example:1.0:ext:keys.value',
    },
  ]);
});

test('filters and parameters of the configuration are sent as they are, in a delta too', async () => {
  const scim = `  users: { filter: 'userName sw "a"', parameters: { tenant: "x y" } }`;
  const harness = await startIngestHarness({}, { scim });
  await harness.createUser('alice');
  await harness.createUser('bob');
  await harness.fetch();
  expect(harness.people()).toEqual(['alice@example.com']);
  await harness.requests();
  expect((await harness.fetch('delta')).mode).toBe('delta');
  const [asked = ''] = (await harness.requests()).filter((line) => line.includes('ge "20'));
  expect(asked).toContain('tenant=x y');
  expect(asked).toContain('filter=(userName sw "a") and (meta.lastModified ge');
});
