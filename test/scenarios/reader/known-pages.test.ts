// Between reader and agent: a page that the agent knows does not come again, and whether a list adds up is told all the same.
import { expect, test } from 'vitest';
import type { PageEnd } from '../../../src/protocol/messages.ts';
import { type IngestHarness, startIngestHarness } from '../../support/ingest-harness.ts';

const COMPANY = { seedUsers: 30, seedGroups: 2, maxPageSize: 10 };
const BY_INDEX = { ...COMPANY, settings: { cursorPaging: false } };

/** One full read by someone who knows these pages. */
async function read({ reader }: IngestHarness, known: readonly string[]) {
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
  const harness = await startIngestHarness(options);
  const first = await read(harness, []);
  expect(first.came).toEqual([10, 10, 10, 2]);
  const again = await read(harness, first.known);
  expect(again.came).toEqual(['known', 'known', 'known', 'known']);
  expect(again.end).toMatchObject({ complete: { User: true, Group: true }, problems: [] });

  // One who is new changes the total in all pages, and their number.
  const id = await harness.createUser('new');
  const grown = await read(harness, first.known);
  expect(grown.came).toEqual(['known', 'known', 'known', 1, 'known']);
  await harness.patch(`/Users/${id}`, { op: 'replace', path: 'active', value: false });
  expect((await read(harness, grown.known)).came).toEqual(['known', 'known', 'known', 1, 'known']);
});

test('a reader that has just started does not send what the agent knows, and one that is not told so sends all', async () => {
  const [one, known] = await startIngestHarness(COMPANY).then(
    async (harness) => [harness, (await read(harness, [])).known] as const,
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
  const harness = await startIngestHarness(COMPANY);
  const { known } = await read(harness, []);
  await harness.fault(fault);
  const spoiled = await read(harness, known);
  const again = await read(harness, [...known, ...spoiled.known]);
  expect(again.came).toContain('known');
  for (const { end } of [spoiled, again]) {
    expect(end.complete).toEqual({ User: false, Group: true });
    expect(end.problems.map((problem) => problem.code)).toContain(code);
  }
});
