import { describe, expect, test } from 'vitest';
import { startIngestHarness } from '../../support/ingest-harness.ts';

const SEED = { seedUsers: 10, seedGroups: 2 };
const BY_INDEX = { ...SEED, settings: { cursorPaging: false } };
const codes = ({ problems }: { problems: readonly { code: string }[] }) => problems.map(({ code }) => code);

describe('a list', () => {
  test.each([
    ['by cursor, which is asked for where the store offers it', SEED, /cursor=/],
    ['by index', BY_INDEX, /startIndex=/],
  ])('is read whole %s', async (_, options, position) => {
    const harness = await startIngestHarness({ ...options, maxPageSize: 3 });
    expect(await harness.fetch()).toMatchObject({
      mode: 'full',
      complete: { User: true, Group: true },
      problems: [],
    });
    expect(harness.people()).toHaveLength(10);
    const lists = (await harness.requests()).filter((line) => line.startsWith('GET /Users'));
    expect(lists.every((line) => position.test(line))).toBe(true);
    // ServiceProviderConfig says how large a page may be.
    expect(lists.every((line) => line.includes('count=3'))).toBe(true);
  });

  test('goes on where a page really ended, however short the pages are', async () => {
    const harness = await startIngestHarness(BY_INDEX);
    await harness.fault({ kind: 'short', most: 3 });
    expect((await harness.fetch()).complete).toEqual({ User: true, Group: true });
    await harness.clearFaults();
    await harness.fault({ kind: 'short', most: 4, path: 'Users.*startIndex=1&' });
    await harness.fault({ kind: 'short', most: 1, path: 'Users.*startIndex=5&' });
    expect((await harness.fetch()).complete).toEqual({ User: true, Group: true });
    expect(harness.people()).toHaveLength(10);
  });

  test('has several pages in flight by index', async () => {
    const harness = await startIngestHarness({ ...BY_INDEX, maxPageSize: 1 });
    await harness.fault({ kind: 'delay', ms: 1000, path: 'Users.*startIndex=[2-9]' });
    const started = performance.now();
    await harness.fetch();
    // Nine delays one after the other would take nine seconds, three of four at once three.
    expect(performance.now() - started).toBeLessThan(8000);
  });

  test('is asked for in small pages where the store refuses large ones', async () => {
    const harness = await startIngestHarness(BY_INDEX);
    await harness.fault({ kind: 'html', status: 404, path: 'ServiceProviderConfig' });
    await harness.fault({ kind: 'status', status: 400, path: 'count=1000' });
    expect((await harness.fetch()).complete).toEqual({ User: true, Group: true });
    expect(harness.people()).toHaveLength(10);
  });

  test('may be called resources in small letters', async () => {
    const harness = await startIngestHarness(SEED);
    await harness.fault({ kind: 'lower-case' });
    expect((await harness.fetch()).complete).toEqual({ User: true, Group: true });
    expect(harness.people()).toHaveLength(10);
  });

  test('needs no totalResults with a cursor, and is refused without it by index', async () => {
    const harness = await startIngestHarness(SEED);
    await harness.fault({ kind: 'no-total' });
    expect((await harness.fetch()).complete).toEqual({ User: true, Group: true });
    const other = await startIngestHarness(BY_INDEX);
    await other.fault({ kind: 'no-total' });
    await expect(other.fetch()).rejects.toThrow(/totalResults/);
  });
});

/** Faults that spoil every reading: no list may count as complete, and no user be lost. */
describe.each([
  ['by cursor', SEED],
  ['by index', BY_INDEX],
])('a list that does not add up, %s,', (how, options) => {
  test.each([
    ['leaves people out', { kind: 'missing', by: 2, path: 'Users\\?' }, 'count-differs'],
    ['lists people twice', { kind: 'doubled', path: 'Users\\?' }, 'id-twice'],
    ['changes its total', { kind: 'unstable-total', path: 'Users\\?' }, 'total-changed'],
  ])('is partial and loses no user when it %s', async (_, fault, code) => {
    const harness = await startIngestHarness({ ...options, maxPageSize: 4 });
    await harness.fetch();
    await harness.fault(fault);
    for (let n = 0; n < 3; n += 1) {
      const fetched = await harness.fetch();
      expect(fetched.complete).toEqual({ User: false, Group: true });
      expect(codes(fetched)).toContain(code);
    }
    expect(harness.people()).toHaveLength(10);
  });

  test('is read once more, and complete if it adds up then', async () => {
    const harness = await startIngestHarness({ ...options, maxPageSize: 4 });
    await harness.fault({ kind: 'doubled', path: 'Users\\?', times: 1 });
    expect(await harness.fetch()).toMatchObject({ complete: { User: true }, problems: [] });
  });

  test('still brings who is new and who was deactivated', async () => {
    const harness = await startIngestHarness({ ...options, maxPageSize: 4 });
    await harness.fetch();
    const alice = await harness.createUser('alice', { active: true });
    await harness.fetch();
    await harness.patch(`/Users/${alice}`, { op: 'replace', path: 'active', value: false });
    const bob = await harness.createUser('bob');
    await harness.fault({ kind: 'doubled', path: 'Users\\?' });
    expect((await harness.fetch()).complete.User).toBe(false);
    expect(harness.user(alice)?.active).toBe(false);
    expect(harness.user(bob)).toBeDefined();
    expect(how).not.toBe('');
  });
});

describe('a list by index', () => {
  test('whose pages shift is read again, then partial', async () => {
    const harness = await startIngestHarness({ ...BY_INDEX, maxPageSize: 4 });
    await harness.fetch();
    await harness.fault({ kind: 'shifted' });
    expect(codes(await harness.fetch())).toContain('id-twice');
    expect(harness.people()).toHaveLength(10);
  });

  test('whose total is that of the page is found out by asking beyond it', async () => {
    const harness = await startIngestHarness({ ...BY_INDEX, maxPageSize: 4 });
    await harness.fetch();
    await harness.fault({ kind: 'page-total', path: 'Users' });
    for (let n = 0; n < 3; n += 1) expect((await harness.fetch()).complete.User).toBe(false);
    expect(harness.people()).toHaveLength(10);
  });
});

test('a cursor that goes in a circle ends, and nothing is complete', async () => {
  const harness = await startIngestHarness(SEED);
  await harness.fault({ kind: 'cursor-loop', path: 'Users' });
  await harness.fault({ kind: 'status', status: 404, path: 'Users.*startIndex' });
  const fetched = await harness.fetch();
  expect(fetched.complete).toEqual({ User: false, Group: true });
  expect(codes(fetched)).toContain('cursor-broken');
});

describe('a page that cannot be read', () => {
  test.each([
    ['is no JSON', { kind: 'not-json', path: 'Users.*startIndex=5&' }],
    ['is HTML', { kind: 'html', path: 'Users.*startIndex=5&' }],
    ['is an error with status 200', { kind: 'error-200', path: 'Users.*startIndex=5&' }],
    ['has another media type', { kind: 'media-type', type: 'text/plain', path: 'Users.*startIndex=5&' }],
    ['is nested too deep', { kind: 'deep', levels: 100_000, path: 'Users.*startIndex=5&' }],
    ['is too large', { kind: 'giant', bytes: 3_000_000, path: 'Users.*startIndex=5&' }],
  ])('because it %s costs itself alone: a revocation on any other page acts', async (_, fault) => {
    const harness = await startIngestHarness(
      { ...BY_INDEX, maxPageSize: 4 },
      { scim: '  bounds: { page_bytes: 2000000 }' },
    );
    const last = await harness.createUser('last');
    await harness.fetch();
    await harness.patch(`/Users/${last}`, { op: 'replace', path: 'active', value: false });
    await harness.fault(fault);
    const fetched = await harness.fetch();
    expect(fetched.complete).toEqual({ User: false, Group: true });
    expect(harness.user(last)?.active).toBe(false);
    expect(harness.people()).toHaveLength(11);
  });

  test('does not keep users who were deleted: they are looked up one by one', async () => {
    const harness = await startIngestHarness(BY_INDEX);
    const gone = await harness.createUser('gone');
    await harness.fetch();
    await harness.send('DELETE', `/Users/${gone}`);
    // Whatever page the first user is on cannot be read.
    await harness.fault({ kind: 'not-json', path: 'Users.*startIndex=1&' });
    const fetched = await harness.fetch();
    expect(codes(fetched)).toContain('record-unreadable');
    expect(harness.user(gone)?.absent).toBe(true);
    expect(harness.people()).toHaveLength(10);
  });

  test('behind a cursor is avoided by index', async () => {
    const harness = await startIngestHarness({ ...SEED, maxPageSize: 4 });
    await harness.fault({ kind: 'not-json', path: 'Users.*cursor=.' });
    expect(await harness.fetch()).toMatchObject({ complete: { User: true, Group: true }, problems: [] });
  });
});

test.each([
  ['html', { kind: 'html' }, 'store_answer'],
  ['an error with status 200', { kind: 'error-200' }, 'store_answer'],
  ['no JSON', { kind: 'not-json' }, 'store_answer'],
  ['404 for everything', { kind: 'html', status: 404 }, 'store_answer'],
  [
    'a redirect',
    { kind: 'status', status: 302, headers: { location: 'http://127.0.0.1:1/' } },
    'store_answer',
  ],
])('a store that answers %s leaves everything as it was', async (_, fault, code) => {
  const harness = await startIngestHarness(SEED);
  await harness.fetch();
  const before = harness.state.snapshotHash();
  await harness.fault(fault);
  await expect(harness.fetch()).rejects.toMatchObject({ code });
  expect(harness.state.snapshotHash()).toBe(before);
});

test('an empty list is complete, and still no user is absent that the store has when asked by id', async () => {
  const harness = await startIngestHarness(SEED);
  await harness.fetch();
  await harness.fault({ kind: 'empty' });
  for (let n = 0; n < 3; n += 1) await harness.fetch();
  expect(harness.people()).toHaveLength(10);
});

describe('a bound', () => {
  test.each([
    ['scim.bounds.page_bytes', '{ page_bytes: 1024 }', {}],
    ['scim.bounds.total_bytes', '{ total_bytes: 3000 }', {}],
    ['scim.bounds.pages', '{ pages: 2 }', {}],
    ['scim.bounds.depth', '{ depth: 4 }', { kind: 'deep', levels: 50 }],
    ['scim.bounds.pass', '{ pass: 1s }', { kind: 'delay', ms: 5000, path: 'Groups' }],
  ])('%s is named by the error', async (name, bounds, fault) => {
    const harness = await startIngestHarness(
      { ...BY_INDEX, maxPageSize: 3 },
      { scim: `  bounds: ${bounds}` },
    );
    if ('kind' in fault) await harness.fault(fault);
    await expect(harness.fetch()).rejects.toMatchObject({
      code: 'store_bound',
      message: expect.stringContaining(name) as string,
    });
    expect(harness.people()).toEqual([]);
  });
});
