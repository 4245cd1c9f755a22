import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type StateDatabase, openStateDatabase } from '../../../src/state/state.ts';
import type { IngestRules } from '../../../src/state/ingest-batch.ts';
import type { GroupRecord, UserRecord } from '../../../src/protocol/records.ts';
import { makeUser } from '../../support/records/people.ts';

const DAY = 86_400;
const NOW = 1_800_000_000;
const BOTH = { User: true, Group: true };

function group(id: string, members: string[]): GroupRecord {
  return { id, name: id, externalId: null, created: null, gid: 20_000, members, nested: [] };
}

function rules(more: Partial<IngestRules> = {}): IngestRules {
  return { now: NOW, maxAge: 7 * DAY, absences: 2, ...more };
}

let directory: string;
let mirror: StateDatabase;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'mirror-'));
  mirror = openStateDatabase(path.join(directory, 'cache'), NOW, 'this node');
});

afterEach(() => {
  mirror.close();
  rmSync(directory, { recursive: true });
});

/** One whole pass that lists exactly these. */
function pass(records: { users?: UserRecord[]; groups?: GroupRecord[] }, more: Partial<IngestRules> = {}) {
  const take = mirror.openBatch(rules(more));
  for (const record of records.users ?? []) take.add('User', { kind: 'good', record, warnings: [] });
  for (const record of records.groups ?? []) take.add('Group', { kind: 'good', record, warnings: [] });
  return take;
}

const listed = () => mirror.users().map(({ record, absent }) => (absent ? `${record.id} gone` : record.id));
const membersOf = (id: string) => mirror.groups().find(({ record }) => record.id === id)?.record.members;
const confirmedAt = (id: string) => mirror.users().find(({ record }) => record.id === id)?.confirmedAt;

describe('the mirror', () => {
  test('keeps what a pass brought, and counts a second equal pass as no change', () => {
    expect(pass({ users: [makeUser('a'), makeUser('b')] }).commit(true)).toMatchObject({
      added: 2,
      changed: 0,
    });
    expect(pass({ users: [makeUser('b'), makeUser('a')] }).commit(true)).toMatchObject({
      added: 0,
      changed: 0,
      renewed: 0,
    });
    expect(listed()).toEqual(['a', 'b']);
  });

  test('is as before when a pass is given up', () => {
    pass({ users: [makeUser('a')] }).commit(true);
    const hash = mirror.snapshotHash();
    pass({ users: [makeUser('a', { active: false }), makeUser('b')] });
    expect(mirror.snapshotHash()).toBe(hash);
  });

  test('is as before when it cannot be written, and takes the next pass', () => {
    pass({ users: [makeUser('a')] }).commit(true);
    const hash = mirror.snapshotHash();
    const other = new Database(path.join(directory, 'cache', 'mirror.sqlite'));
    other.exec('BEGIN IMMEDIATE');
    expect(() => pass({ users: [makeUser('a', { active: false }), makeUser('b')] }).commit(true)).toThrow(
      /lock/,
    );
    other.exec('ROLLBACK');
    other.close();
    expect([mirror.snapshotHash(), listed()]).toEqual([hash, ['a']]);
    pass({ users: [makeUser('a'), makeUser('b')] }).commit(true);
    expect(listed()).toEqual(['a', 'b']);
  });

  test('has the same hash for the same records, whatever their order', () => {
    pass({ users: [makeUser('a'), makeUser('b')], groups: [group('g', ['a'])] }).commit(true);
    const other = openStateDatabase(path.join(directory, 'other'), NOW, 'this node');
    const take = other.openBatch(rules());
    take.add('Group', { kind: 'good', record: group('g', ['a']), warnings: [] });
    take.add('User', { kind: 'good', record: makeUser('b'), warnings: [] });
    take.add('User', { kind: 'good', record: makeUser('a'), warnings: [] });
    take.commit(true);
    expect(other.snapshotHash()).toBe(mirror.snapshotHash());
    other.close();
  });
});

describe('an absence', () => {
  test('is not even suspected when the list was partial', () => {
    pass({ users: [makeUser('a'), makeUser('b')] }).commit(true);
    const take = pass({ users: [makeUser('a')] });
    expect(take.suspects({ User: false, Group: true })).toEqual([]);
    take.commit(true);
    expect(listed()).toEqual(['a', 'b']);
  });

  test('acts at once when a read of that id confirms it', () => {
    pass({ users: [makeUser('a'), makeUser('b')] }).commit(true);
    const take = pass({ users: [makeUser('a')] });
    const suspects = take.suspects(BOTH);
    expect(suspects).toEqual([{ kind: 'User', id: 'b', lostMembers: [] }]);
    take.confirmAbsence(suspects[0]!);
    expect(take.commit(true)).toMatchObject({ changed: 0, gone: 1 });
    expect(listed()).toEqual(['a', 'b gone']);
  });

  test('acts after two complete passes when nobody can confirm it, and not after one', () => {
    pass({ users: [makeUser('a'), makeUser('b')] }).commit(true);
    for (const expected of [
      ['a', 'b'],
      ['a', 'b gone'],
    ]) {
      const take = pass({ users: [makeUser('a')] });
      for (const suspect of take.suspects(BOTH)) take.countAbsence(suspect);
      take.commit(true);
      expect(listed()).toEqual(expected);
    }
  });

  test('is forgotten when the record comes back in between', () => {
    pass({ users: [makeUser('a')] }).commit(true);
    const miss = () => {
      const take = pass({});
      for (const suspect of take.suspects(BOTH)) take.countAbsence(suspect);
      take.commit(true);
    };
    miss();
    pass({ users: [makeUser('a')] }).commit(true);
    miss();
    expect(listed()).toEqual(['a']);
  });

  test('of a member keeps the member until it is confirmed', () => {
    pass({ groups: [group('g', ['a', 'b', 'c'])] }).commit(true);
    const take = pass({ groups: [group('g', ['a'])] });
    const suspects = take.suspects(BOTH);
    expect(suspects).toEqual([{ kind: 'Group', id: 'g', lostMembers: ['b', 'c'] }]);
    take.countAbsence(suspects[0]!);
    take.commit(true);
    expect(membersOf('g')).toEqual(['a', 'b', 'c']);

    const again = pass({ groups: [group('g', ['a', 'b'])] });
    const [suspect] = again.suspects(BOTH);
    expect(suspect).toEqual({ kind: 'Group', id: 'g', lostMembers: ['c'] });
    again.confirmAbsence(suspect!);
    again.commit(true);
    expect(membersOf('g')).toEqual(['a', 'b']);
  });

  test('of a member that returned starts from nothing', () => {
    const step = (members: string[]) => {
      const take = pass({ groups: [group('g', members)] });
      for (const suspect of take.suspects(BOTH)) take.countAbsence(suspect);
      take.commit(true);
    };
    step(['a', 'b']);
    step(['a']);
    step(['a', 'b']);
    step(['a']);
    expect(membersOf('g')).toEqual(['a', 'b']);
    step(['a']);
    expect(membersOf('g')).toEqual(['a']);
  });
});

describe('a confirmation', () => {
  test('is renewed after half of max_age, not before', () => {
    pass({ users: [makeUser('a')] }).commit(true);
    pass({ users: [makeUser('a')] }, { now: NOW + 3 * DAY }).commit(true);
    expect(confirmedAt('a')).toBe(NOW);
    pass({ users: [makeUser('a')] }, { now: NOW + 5 * DAY }).commit(true);
    expect(confirmedAt('a')).toBe(NOW + 5 * DAY);
  });

  test('does not come from a clock that disagrees with the store', () => {
    pass({ users: [makeUser('a')] }).commit(true);
    pass({ users: [makeUser('a')] }, { now: NOW + 6 * DAY }).commit(false);
    expect(confirmedAt('a')).toBe(NOW);
  });

  test('does not come from such a clock to somebody who is met for the first time, or who comes back', () => {
    pass({ users: [makeUser('a'), makeUser('b')] }).commit(true);
    const gone = pass({ users: [makeUser('a')] });
    gone.confirmAbsence({ kind: 'User', id: 'b', lostMembers: [] });
    gone.commit(true);
    const changed = makeUser('a', { displayName: 'A' });
    pass({ users: [changed, makeUser('b'), makeUser('c')] }, { now: NOW + 6 * DAY }).commit(false);
    expect(['a', 'b', 'c'].map(confirmedAt)).toEqual([NOW, NOW, 0]);
    mirror.close();
    mirror = openStateDatabase(path.join(directory, 'cache'), NOW, 'this node');
    expect(['a', 'b', 'c'].map(confirmedAt)).toEqual([NOW, NOW, 0]);
  });

  test('does not come from a quarantined record, whose new keys still count', () => {
    pass({ users: [makeUser('a')] }).commit(true);
    const take = mirror.openBatch(rules({ now: NOW + 6 * DAY }));
    const findings = [{ code: 'uid-malformed', detail: 'uid is not a number' }];
    take.add('User', { kind: 'quarantined', id: 'a', record: makeUser('a', { keys: [] }), findings });
    take.commit(true);
    expect(confirmedAt('a')).toBe(NOW);
    expect(mirror.users()[0]?.record.keys).toEqual([]);
    expect(mirror.quarantine()).toMatchObject([{ kind: 'User', id: 'a', findings }]);
  });

  test('does not come from silence in a delta', () => {
    pass({ users: [makeUser('a'), makeUser('b')] }).commit(true);
    pass({ users: [makeUser('b')] }, { now: NOW + 6 * DAY }).commit(true);
    expect(confirmedAt('a')).toBe(NOW);
  });

  test('renews a thousand people of one first sync over more than a day', () => {
    const people = Array.from({ length: 1000 }, (_, index) => makeUser(`u${index}`));
    pass({ users: people }).commit(true);
    const perHour: number[] = [];
    for (let hour = 80; hour <= 120; hour += 1) {
      perHour.push(pass({ users: people }, { now: NOW + hour * 3600 }).commit(true).renewed);
    }
    expect(perHour.reduce((sum, count) => sum + count, 0)).toBe(1000);
    expect(Math.max(...perHour)).toBeLessThan(100);
  });
});
