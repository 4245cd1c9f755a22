// Between reader and agent: a page that the agent knows does not come again, and whether a list adds up is told all the same.
import { expect, test } from 'vitest';
import type { PageEnd } from '../../../src/protocol/messages.ts';
import { type FetchHarness, listen } from '../../support/ingest-harness.ts';

const COMPANY = { seedUsers: 30, seedGroups: 2, maxPageSize: 10 };
const BY_INDEX = { ...COMPANY, settings: { cursorPaging: false } };

/** One full read by someone who knows these pages. */
async function read({ reader }: FetchHarness, known: readonly string[]) {
  const pages: (PageEnd & { resources: number })[] = [];
  let resources = 0;
  const end = await reader.pass(
    { mode: 'full', since: null, known: [...known] },
    {
      onLine(line) {
        resources += (JSON.parse(line.resources.toString()) as unknown[]).length;
      },
      onPage(page) {
        pages.push({ ...page, resources });
        resources = 0;
      },
    },
  );
  return {
    end,
    known: pages.flatMap(({ digest }) => digest ?? []),
    came: pages.map((page) => (page.is_known ? 'known' : page.resources)),
  };
}

test.each([
  ['by cursor', COMPANY],
  ['by index', BY_INDEX],
])('a page that is known does not come again, %s', async (_, options) => {
  const ears = await listen(options);
  const first = await read(ears, []);
  expect(first.came).toEqual([10, 10, 10, 2]);
  const again = await read(ears, first.known);
  expect(again.came).toEqual(['known', 'known', 'known', 'known']);
  expect(again.end).toMatchObject({ complete: { User: true, Group: true }, problems: [] });

  // One who is new changes the total in all pages, and their number.
  const id = await ears.createUser('new');
  const grown = await read(ears, first.known);
  expect(grown.came).toEqual(['known', 'known', 'known', 1, 'known']);
  await ears.patch(`/Users/${id}`, { op: 'replace', path: 'active', value: false });
  expect((await read(ears, grown.known)).came).toEqual(['known', 'known', 'known', 1, 'known']);
});

test('a reader that has just started does not send what the agent knows, and one that is not told so sends all', async () => {
  const [one, known] = await listen(COMPANY).then(
    async (ears) => [ears, (await read(ears, [])).known] as const,
  );
  expect((await read(one, [])).came).toEqual([10, 10, 10, 2]);
  expect((await read(one, known.slice(0, 1))).came).toEqual(['known', 10, 10, 2]);
  expect((await read(one, known)).came).toEqual(['known', 'known', 'known', 'known']);
});

test.each([
  ['lists people twice', { kind: 'doubled', path: 'Users\\?' }, 'id-twice'],
  ['changes its total', { kind: 'unstable-total', path: 'Users\\?' }, 'total-changed'],
  ['leaves people out', { kind: 'missing', by: 2, path: 'Users\\?' }, 'count-differs'],
])('a list of known pages that %s is partial as any other', async (_, fault, code) => {
  const ears = await listen(COMPANY);
  const { known } = await read(ears, []);
  await ears.fault(fault);
  const spoiled = await read(ears, known);
  const again = await read(ears, [...known, ...spoiled.known]);
  expect(again.came).toContain('known');
  for (const { end } of [spoiled, again]) {
    expect(end.complete).toEqual({ User: false, Group: true });
    expect(end.problems.map((problem) => problem.code)).toContain(code);
  }
});
