import { describe, expect, test } from 'vitest';
import { COREWEAVE, KEY, listen } from '../../support/ingest-harness.ts';

const DAY = 86_400;
const NOW = Math.floor(Date.now() / 1000);

describe('a broken record', () => {
  test.each([
    ['a null extension', { [COREWEAVE]: null }],
    ['no userName', { userName: 7 }],
    ['a uid that is none', { [COREWEAVE]: { uid: 'zero', sunkSshKeys: KEY } }],
    ['a display name beyond measure', { displayName: 'x'.repeat(5000) }],
  ])('with %s harms nobody else, and a revocation inside it acts', async (_, set) => {
    const ears = await listen({ seedUsers: 3 });
    const alice = await ears.createUser('alice');
    await ears.hear();
    await ears.fault({ kind: 'record', who: alice, set: { ...set, active: 'False' } });
    expect((await ears.hear()).complete).toEqual({ User: true, Group: true });
    expect(ears.user(alice)).toMatchObject({ active: false, userName: 'alice@example.com', absent: false });
    expect(ears.people()).toHaveLength(4);
  });

  test('keeps its last good values, says why, and renews nothing', async () => {
    const ears = await listen();
    const alice = await ears.createUser('alice', { displayName: 'Alice' });
    await ears.hear('full', [], NOW - 6 * DAY);
    const before = ears.user(alice);
    await ears.fault({ kind: 'record', who: alice, set: { displayName: { odd: true } } });
    expect((await ears.hear('full', [], NOW)).taken).toMatchObject({ quarantined: 1, renewed: 0 });
    expect(ears.user(alice)).toEqual(before);
    expect(ears.mirror.quarantine()).toMatchObject([
      { kind: 'User', id: alice, findings: [{ detail: expect.stringContaining('displayName') as string }] },
    ]);
    await ears.clearFaults();
    await ears.hear('full', [], NOW);
    expect(ears.mirror.quarantine()).toEqual([]);
    expect(ears.user(alice)?.confirmedAt).toBe(NOW);
  });

  test.each([
    ['absent', {}, []],
    ['empty', { sunkSshKeys: '' }, []],
    ['no text', { sunkSshKeys: { odd: 7 } }, []],
    ['others', { sunkSshKeys: [`${KEY} new`] }, [`${KEY} new`]],
  ])('whose keys are %s has the old ones no longer', async (_, extension, keys) => {
    const ears = await listen();
    const alice = await ears.createUser('alice');
    await ears.hear();
    expect(ears.user(alice)?.keys).toEqual([KEY]);
    await ears.fault({ kind: 'record', who: alice, set: { [COREWEAVE]: extension } });
    await ears.hear();
    expect(ears.user(alice)?.keys).toEqual(keys);
  });
});

describe('an absence', () => {
  test.each(['User', 'Group'] as const)(
    'of a %s acts at once when the store itself confirms it',
    async (kind) => {
      const ears = await listen();
      const id = kind === 'User' ? await ears.createUser('alice') : await ears.createGroup('g', []);
      await ears.hear();
      await ears.send('DELETE', `/${kind}s/${id}`);
      await ears.hear();
      expect((kind === 'User' ? ears.user(id) : ears.group(id))?.absent).toBe(true);
    },
  );

  test('that the store contradicts never acts, however often the list repeats it', async () => {
    const ears = await listen({ settings: { cursorPaging: false } });
    const alice = await ears.createUser('alice');
    await ears.hear();
    await ears.fault({ kind: 'empty', path: 'Users' });
    for (let pass = 0; pass < 4; pass += 1) await ears.hear();
    expect(ears.user(alice)?.absent).toBe(false);
  });

  test('that a page of HTML seems to confirm acts with the second complete pass, and not before', async () => {
    const ears = await listen();
    const alice = await ears.createUser('alice');
    await ears.hear();
    await ears.send('DELETE', `/Users/${alice}`);
    await ears.fault({ kind: 'html', status: 404, path: 'Users/' });
    await ears.hear();
    expect(ears.user(alice)?.absent).toBe(false);
    await ears.hear();
    expect(ears.user(alice)?.absent).toBe(true);
  });

  test('of a member whose list was cut is none, and one that left is gone', async () => {
    const ears = await listen({ seedUsers: 150 });
    const { body } = await ears.send('GET', '/Users?count=200');
    const people = (body.Resources as { id: string }[]).map(({ id }) => id);
    const group = await ears.createGroup('g', people);
    await ears.hear();
    await ears.fault({ kind: 'members-cut', at: 100, path: 'Groups\\?' });
    for (let pass = 0; pass < 3; pass += 1) await ears.hear();
    expect(ears.group(group)?.members).toHaveLength(150);
    await ears.patch(`/Groups/${group}`, { op: 'remove', path: `members[value eq "${people[149]!}"]` });
    await ears.hear();
    expect(ears.group(group)?.members).toHaveLength(149);
  });

  test('cannot be hidden behind others that come and go: whom a wrong list lacks is asked for by lot', async () => {
    const ears = await listen({ seedUsers: 120 });
    const alice = await ears.createUser('alice');
    await ears.hear();
    await ears.send('DELETE', `/Users/${alice}`);
    // More than can be asked for one by one are missing from the list, and the store still has them.
    await ears.fault({ kind: 'empty', path: 'Users\\?' });
    // Five of twelve are asked for in each pass: that she is never among them has a chance of 1 in 10^9.
    for (let pass = 0; pass < 40 && ears.user(alice)?.absent === false; pass += 1) {
      const heard = await ears.hear();
      const detail = expect.stringMatching(/^the list of Users lacks \d+ that the store has/) as string;
      expect(heard.problems).toEqual([{ code: 'list-contradicted', detail }]);
    }
    expect(ears.user(alice)?.absent).toBe(true);
    // The list said the same of everybody in each of these passes, and was proven wrong each time.
    expect(ears.people()).toHaveLength(120);
  });

  test('of a member counts in no pass whose list cuts the members of any group', async () => {
    const ears = await listen({ seedUsers: 3 });
    const { body } = await ears.send('GET', '/Users?count=3');
    const people = (body.Resources as { id: string }[]).map(({ id }) => id);
    const groups = [await ears.createGroup('g', people), await ears.createGroup('h', people)];
    await ears.hear();
    await ears.fault({ kind: 'members-cut', at: 1, path: 'Groups\\?' });
    await ears.fault({ kind: 'html', status: 404, path: `Groups/${groups[0]!}` });
    for (let pass = 0; pass < 3; pass += 1)
      expect((await ears.hear()).warnings).toContainEqual(
        expect.objectContaining({ code: 'list-contradicted' }),
      );
    expect(groups.map((group) => ears.group(group)?.members.length)).toEqual([3, 3]);
  });
});

test.each([-400, 400])('a clock that is %i s off confirms nobody, and the pass says so', async (seconds) => {
  const ears = await listen();
  const alice = await ears.createUser('alice');
  await ears.fault({ kind: 'clock', seconds });
  const heard = await ears.hear();
  expect(heard.problems).toMatchObject([{ code: 'clock-skew' }]);
  expect(ears.user(alice)?.confirmedAt).toBe(0);
});

test('an attribute path that matches nobody in a whole pass is a warning that names it', async () => {
  const attributes = `  attributes: { ssh_keys: "urn:example:1.0:ext:keys.value", home: name.familyName, uid: null }`;
  const ears = await listen({ seedUsers: 2 }, { scim: attributes });
  expect((await ears.hear()).warnings).toEqual([
    {
      code: 'path-unmatched',
      detail: 'scim.attributes.ssh_keys: no User has urn:example:1.0:ext:keys.value',
    },
  ]);
});

test('filters and parameters of the configuration are sent as they are, in a delta too', async () => {
  const scim = `  users: { filter: 'userName sw "a"', parameters: { tenant: "x y" } }`;
  const ears = await listen({}, { scim });
  await ears.createUser('alice');
  await ears.createUser('bob');
  await ears.hear();
  expect(ears.people()).toEqual(['alice@example.com']);
  await ears.requests();
  expect((await ears.hear('delta')).mode).toBe('delta');
  const [asked = ''] = (await ears.requests()).filter((line) => line.includes('ge "20'));
  expect(asked).toContain('tenant=x y');
  expect(asked).toContain('filter=(userName sw "a") and (meta.lastModified ge');
});
