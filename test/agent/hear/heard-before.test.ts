// A memory of what was heard before changes nothing but the time that a full read takes.
import * as fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type HeardBefore, rememberHeard } from '../../../src/agent/hear/heard-before.ts';
import { takePage } from '../../../src/agent/hear/take-page.ts';
import { type Mirror, openMirror } from '../../../src/mirror/mirror.ts';
import { readPageLine, writePage } from '../../../src/scim/page-lines.ts';
import { createPathTally } from '../../../src/scim/path-tally.ts';
import { createJudge, type ResourceJudge } from '../../../src/scim/read-resource.ts';
import { RESOURCE_KINDS } from '../../../src/scim/resources.ts';
import { makeConfig, NOW } from '../../policy/organisation.ts';
import { propertyRuns } from '../../property-runs.ts';

const CONFIG = makeConfig();
const JUDGE = createJudge(CONFIG.scim.attributes);
const EXTENSION = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser';

let folder: string;
let opened: Mirror[] = [];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'heard-'));
});
afterEach(() => {
  for (const mirror of opened) mirror.close();
  opened = [];
  rmSync(folder, { recursive: true });
});

function open(name: string): Mirror {
  const mirror = openMirror(path.join(folder, `${name}-${opened.length}`), NOW, name);
  opened.push(mirror);
  return mirror;
}

interface Lists {
  readonly User: readonly unknown[];
  readonly Group: readonly unknown[];
}

/** One full read, and how much of it was judged. */
function hear(mirror: Mirror, lists: Lists, heardBefore: HeardBefore, now: number) {
  let judged = 0;
  const judge: ResourceJudge = {
    readUser: (raw, previous) => ((judged += 1), JUDGE.readUser(raw, previous)),
    readGroup: (raw, previous) => ((judged += 1), JUDGE.readGroup(raw, previous)),
  };
  const tally = createPathTally(CONFIG);
  const take = mirror.beginTake({ now, maxAge: 7 * 86_400, absences: 2 });
  heardBefore.turn();
  for (const kind of RESOURCE_KINDS)
    for (const line of writePage(1, kind, lists[kind])) {
      const page = readPageLine(Buffer.from(line));
      if (page !== null) takePage(take, page, tally, { judge, heardBefore });
    }
  for (const suspect of take.suspects({ User: true, Group: true })) take.countAbsence(suspect);
  const counts = take.commit(true);
  return { judged, counts, seen: RESOURCE_KINDS.map((kind) => [tally.seen(kind), tally.unmatched(kind)]) };
}

const whole = (mirror: Mirror) => ({
  users: mirror.users().map(({ record, confirmedAt, absent }) => ({ record, confirmedAt, absent })),
  groups: mirror.groups().map(({ record, absent }) => ({ record, absent })),
  hash: mirror.snapshotHash(),
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

describe('what was heard before', () => {
  test('is not judged a second time, and confirms as a reading would', () => {
    const [mirror, memory] = [open('one'), rememberHeard()];
    const lists = { User: people(500), Group: [group(1, [1, 2])] };
    expect(hear(mirror, lists, memory, NOW).judged).toBe(501);
    const again = hear(mirror, lists, memory, NOW + 6 * 86_400);
    // The first line is read for the sake of the paths, of which nobody in this list has the group's gid.
    expect(again.judged).toBeLessThan(20);
    expect(again.counts).toMatchObject({ added: 0, changed: 0, renewed: 501 });
    expect(mirror.users().every(({ confirmedAt }) => confirmedAt === NOW + 6 * 86_400)).toBe(true);
  });

  test('costs the reading of one line where one person changed', () => {
    const [mirror, memory] = [open('one'), rememberHeard()];
    const lists = { User: people(2000), Group: [] };
    hear(mirror, lists, memory, NOW);
    const changed = lists.User.map((one, id) => (id === 1500 ? user(id, { active: false }) : one));
    const again = hear(mirror, { ...lists, User: changed }, memory, NOW + 1);
    expect(again.counts).toMatchObject({ added: 0, changed: 1, gone: 0 });
    expect(again.judged).toBeLessThan(1000);
    expect(mirror.users().find(({ record }) => record.id === 'u1500')?.record.active).toBe(false);
  });

  test('wins over what came in between, since the list was read last', () => {
    const [mirror, memory] = [open('one'), rememberHeard()];
    const lists = { User: people(100), Group: [] };
    hear(mirror, lists, memory, NOW);
    const take = mirror.beginTake({ now: NOW, maxAge: null, absences: 2 });
    take.add('User', JUDGE.readUser(user(50, { active: false }), null));
    take.commit(true);
    expect(hear(mirror, lists, memory, NOW + 1).counts).toMatchObject({ changed: 1 });
    expect(mirror.users().every(({ record }) => record.active)).toBe(true);
  });

  test('is forgotten when a full read no longer brought it', () => {
    const memory = rememberHeard();
    const page = readPageLine(Buffer.from('page 1 User [{}]'));
    if (page === null) throw new Error('no page');
    memory.look(page).keep([]);
    memory.turn();
    expect(memory.look(page).recall()).toEqual([]);
    memory.turn();
    expect(memory.look({ ...page, kind: 'Group' }).recall()).toBeNull();
    memory.turn();
    memory.turn();
    expect(memory.look(page).recall()).toBeNull();
  });

  test('makes no difference, whatever a store lists in whatever order, pass after pass', () => {
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
      fc.property(fc.array(list, { minLength: 2, maxLength: 5 }), (passes) => {
        const [one, other] = [open('one'), open('other')];
        const memory = rememberHeard();
        let lists: Lists = { User: people(60), Group: [group(1, [1, 2, 3])] };
        for (const [n, next] of passes.entries()) {
          if (!next.isKept)
            lists = {
              User: next.User.map(([id, more]) => user(id, more)),
              Group: next.Group.map(([id, members]) => group(id, members)),
            };
          const now = NOW + n * 2 * 86_400;
          const { judged: _, ...heard } = hear(one, lists, memory, now);
          const { judged: __, ...read } = hear(other, lists, rememberHeard(), now);
          expect(heard).toEqual(read);
          expect(whole(one)).toEqual(whole(other));
        }
      }),
      { numRuns: propertyRuns(60, 2000) },
    );
  });
});
