// The memo of pages that were fetched before changes nothing but the time that a full read takes.
import * as fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type PageMemo, createPageMemo } from '../../../../src/agent/ingest/page-memo.ts';
import { ingestPages } from '../../../../src/agent/ingest/ingest-pages.ts';
import { type StateDatabase, openStateDatabase } from '../../../../src/state/state.ts';
import { readPageLine, writePage } from '../../../../src/protocol/page-lines.ts';
import { digestPage } from '../../../../src/reader/pages/page-memo.ts';
import { createPathTally } from '../../../../src/agent/ingest/path-tally.ts';
import { createJudge, type ResourceJudge } from '../../../../src/agent/ingest/judge-resource.ts';
import { RESOURCE_KINDS } from '../../../../src/protocol/records.ts';
import { makeConfig, NOW } from '../../../support/records/organisation.ts';
import { propertyRuns } from '../../../support/property-runs.ts';

const CONFIG = makeConfig();
const JUDGE = createJudge(CONFIG.scim.attributes);
const EXTENSION = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser';

let directory: string;
let opened: StateDatabase[] = [];

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'page-memo-'));
});
afterEach(() => {
  for (const state of opened) state.close();
  opened = [];
  rmSync(directory, { recursive: true });
});

function open(name: string): StateDatabase {
  const state = openStateDatabase(path.join(directory, `${name}-${opened.length}`), NOW, name);
  opened.push(state);
  return state;
}

interface Lists {
  readonly User: readonly unknown[];
  readonly Group: readonly unknown[];
}

const PAGE = 100;

/** One full read as the reader would bring it, and how much of it was judged. */
function ingest(state: StateDatabase, lists: Lists, pageMemo: PageMemo, now: number) {
  let judged = 0;
  const judge: ResourceJudge = {
    readUser: (raw, previous) => ((judged += 1), JUDGE.readUser(raw, previous)),
    readGroup: (raw, previous) => ((judged += 1), JUDGE.readGroup(raw, previous)),
  };
  const tally = createPathTally(CONFIG);
  const batch = state.openBatch({ now, maxAge: 7 * 86_400, absences: 2 });
  const pages = ingestPages(() => batch, tally, { judge, pageMemo });
  const known = new Set(pageMemo.known());
  for (const kind of RESOURCE_KINDS) {
    for (let start = 0; start < lists[kind].length; start += PAGE) {
      const resources = lists[kind].slice(start, start + PAGE);
      const digest = digestPage(kind, Buffer.from(JSON.stringify(resources)));
      const is_known = known.has(digest);
      for (const text of is_known ? [] : writePage(1, kind, resources)) {
        const line = readPageLine(Buffer.from(text));
        if (line !== null) pages.line(line);
      }
      pages.end({ say: 'page', n: 1, kind, digest, is_known });
    }
  }
  pageMemo.replace(pages.sound);
  for (const suspect of batch.suspects({ User: true, Group: true })) batch.countAbsence(suspect);
  const counts = batch.commit(true);
  return { judged, counts, seen: RESOURCE_KINDS.map((kind) => [tally.seen(kind), tally.unmatched(kind)]) };
}

const whole = (state: StateDatabase) => ({
  users: state.users().map(({ record, confirmedAt, absent }) => ({ record, confirmedAt, absent })),
  groups: state.groups().map(({ record, absent }) => ({ record, absent })),
  hash: state.snapshotHash(),
});

const user = (id: number, more: object = {}): object => ({
  id: `u${id}`,
  userName: `p${id}`,
  [EXTENSION]: { uid: 20_000 + id, sunkSshKeys: `key ${id}` },
  ...more,
});
const group = (id: number, members: readonly number[]): object => ({
  id: `g${id}`,
  displayName: `team-${id}`,
  members: members.map((member) => ({ value: `u${member}` })),
});
const people = (count: number): object[] => Array.from({ length: count }, (_, id) => user(id));

describe('what was fetched before', () => {
  test('is not judged a second time, and confirms as a reading would', () => {
    const [state, memo] = [open('one'), createPageMemo()];
    const lists = { User: people(500), Group: [group(1, [1, 2])] };
    expect(ingest(state, lists, memo, NOW).judged).toBe(501);
    const again = ingest(state, lists, memo, NOW + 6 * 86_400);
    expect(again.judged).toBe(0);
    expect(again.counts).toMatchObject({ added: 0, changed: 0, renewed: 501 });
    expect(state.users().every(({ confirmedAt }) => confirmedAt === NOW + 6 * 86_400)).toBe(true);
  });

  test('costs the reading of one page where one person changed', () => {
    const [state, memo] = [open('one'), createPageMemo()];
    const lists = { User: people(2000), Group: [] };
    ingest(state, lists, memo, NOW);
    const changed = lists.User.map((one, id) => (id === 1500 ? user(id, { active: false }) : one));
    const again = ingest(state, { ...lists, User: changed }, memo, NOW + 1);
    expect(again.counts).toMatchObject({ added: 0, changed: 1, gone: 0 });
    expect(again.judged).toBe(PAGE);
    expect(state.users().find(({ record }) => record.id === 'u1500')?.record.active).toBe(false);
  });

  test('wins over what came in between, since the list was read last', () => {
    const [state, memo] = [open('one'), createPageMemo()];
    const lists = { User: people(100), Group: [] };
    ingest(state, lists, memo, NOW);
    const batch = state.openBatch({ now: NOW, maxAge: null, absences: 2 });
    batch.add('User', JUDGE.readUser(user(50, { active: false }), null));
    batch.commit(true);
    expect(ingest(state, lists, memo, NOW + 1).counts).toMatchObject({ changed: 1 });
    expect(state.users().every(({ record }) => record.active)).toBe(true);
  });

  test('is forgotten when a full read no longer brought it', () => {
    const [state, memo] = [open('one'), createPageMemo()];
    const lists = { User: people(PAGE), Group: [group(1, [1])] };
    ingest(state, lists, memo, NOW);
    ingest(state, { ...lists, User: [] }, memo, NOW + 1);
    expect(ingest(state, lists, memo, NOW + 2).judged).toBe(PAGE);
  });

  test('is not a page with a broken record, which needs its last good value each time', () => {
    const [state, memo] = [open('one'), createPageMemo()];
    const broken = { User: [...people(PAGE + 1), user(PAGE + 1, { active: 'maybe' })], Group: [] };
    ingest(state, broken, memo, NOW);
    const again = ingest(state, broken, memo, NOW + 1);
    expect(again.counts.quarantined).toBe(1);
    // It alone is judged a second time, with what is stored of it; so are its two neighbours.
    expect(again.judged).toBe(2 + 1);
  });

  test('still tells which paths of the configuration match no one', () => {
    const memo = createPageMemo();
    const lists = { User: people(3), Group: [group(1, [1])] };
    const state = open('one');
    const { seen } = ingest(state, lists, memo, NOW);
    expect(seen).toEqual([
      [3, []],
      [1, [expect.objectContaining({ code: 'path-unmatched' })]],
    ]);
    const again = ingest(state, lists, memo, NOW + 1);
    expect(again).toMatchObject({ judged: 0, seen });
  });

  test('is nothing that a reader can make up: an unknown page, or of another kind, is no answer', () => {
    const [state, memo] = [open('one'), createPageMemo()];
    ingest(state, { User: people(3), Group: [] }, memo, NOW);
    const [digest = ''] = memo.known();
    const begin = () =>
      ingestPages(() => state.openBatch({ now: NOW, maxAge: null, absences: 2 }), createPathTally(CONFIG), {
        judge: JUDGE,
        pageMemo: memo,
      });
    const end = { say: 'page', n: 1, kind: 'User', digest, is_known: true } as const;
    expect(begin().end(end)).toBe(3);
    const isNoAnswer = expect.objectContaining({ code: 'reader_failed' }) as Error;
    expect(() => begin().end({ ...end, digest: 'x'.repeat(43) })).toThrow(isNoAnswer);
    expect(() => begin().end({ ...end, digest: null })).toThrow(isNoAnswer);
    expect(() => begin().end({ ...end, kind: 'Group' })).toThrow(isNoAnswer);
    const mixed = begin();
    mixed.line({ n: 1, kind: 'User', resources: Buffer.from('[]') });
    expect(() => mixed.line({ n: 1, kind: 'Group', resources: Buffer.from('[]') })).toThrow(isNoAnswer);
    expect(() => mixed.end({ ...end, kind: 'Group', is_known: false })).toThrow(isNoAnswer);
    for (const text of ['{}', '[', '7']) {
      const line = { n: 1, kind: 'User', resources: Buffer.from(text) } as const;
      expect(() => begin().line(line)).toThrow(isNoAnswer);
    }
  });

  test('makes no difference, whatever a store lists in whatever order, sync after sync', () => {
    const broken = fc.constantFrom(
      {},
      {},
      {},
      { active: 'maybe' },
      { userName: 5 },
      { active: false },
      { displayName: 'x' },
    );
    const list = fc.record({
      User: fc.uniqueArray(fc.tuple(fc.nat(60), broken), { selector: ([id]) => id, maxLength: 60 }),
      Group: fc.uniqueArray(fc.tuple(fc.nat(5), fc.array(fc.nat(60), { maxLength: 5 })), {
        selector: ([id]) => id,
      }),
      isKept: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(list, { minLength: 2, maxLength: 5 }), (syncs) => {
        const [one, other] = [open('one'), open('other')];
        const memo = createPageMemo();
        let lists: Lists = { User: people(60), Group: [group(1, [1, 2, 3])] };
        for (const [n, next] of syncs.entries()) {
          if (!next.isKept)
            lists = {
              User: next.User.map(([id, more]) => user(id, more)),
              Group: next.Group.map(([id, members]) => group(id, members)),
            };
          const now = NOW + n * 2 * 86_400;
          const { judged: _, ...withMemo } = ingest(one, lists, memo, now);
          const { judged: __, ...withoutMemo } = ingest(other, lists, createPageMemo(), now);
          expect(withMemo).toEqual(withoutMemo);
          expect(whole(one)).toEqual(whole(other));
        }
      }),
      { numRuns: propertyRuns(60, 2000) },
    );
  });
});
