import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type StateDatabase, openStateDatabase } from '../../../../src/state/state.ts';
import type { IngestRules } from '../../../../src/state/batch/ingest-model.ts';
import type { GroupRecord, UserRecord } from '../../../../src/protocol/records.ts';
import { makeUser } from '../../../support/records/people.ts';

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
let state: StateDatabase;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'state-'));
  state = openStateDatabase(path.join(directory, 'cache'), NOW, 'this node');
});

afterEach(() => {
  state.close();
  rmSync(directory, { recursive: true });
});

/** The batch of one full sync that lists exactly these. */
function ingest(records: { users?: UserRecord[]; groups?: GroupRecord[] }, more: Partial<IngestRules> = {}) {
  const batch = state.openBatch(rules(more));
  for (const record of records.users ?? []) batch.add('User', { kind: 'good', record, warnings: [] });
  for (const record of records.groups ?? []) batch.add('Group', { kind: 'good', record, warnings: [] });
  return batch;
}

const listed = () => state.users().map(({ record, absent }) => (absent ? `${record.id} gone` : record.id));
const membersOf = (id: string) => state.groups().find(({ record }) => record.id === id)?.record.members;
const confirmedAt = (id: string) => state.users().find(({ record }) => record.id === id)?.confirmedAt;

describe('the state database', () => {
  test('keeps what a sync brought, and counts a second equal sync as no change', () => {
    expect(ingest({ users: [makeUser('a'), makeUser('b')] }).commit(true)).toMatchObject({
      added: 2,
      changed: 0,
    });
    expect(ingest({ users: [makeUser('b'), makeUser('a')] }).commit(true)).toMatchObject({
      added: 0,
      changed: 0,
      renewed: 0,
    });
    expect(listed()).toEqual(['a', 'b']);
  });

  test('is as before when a sync is given up', () => {
    ingest({ users: [makeUser('a')] }).commit(true);
    const hash = state.snapshotHash();
    ingest({ users: [makeUser('a', { active: false }), makeUser('b')] });
    expect(state.snapshotHash()).toBe(hash);
  });

  test('is as before when it cannot be written, and accepts the next sync', () => {
    ingest({ users: [makeUser('a')] }).commit(true);
    const hash = state.snapshotHash();
    const other = new Database(path.join(directory, 'cache', 'mirror.sqlite'));
    other.exec('BEGIN IMMEDIATE');
    expect(() => ingest({ users: [makeUser('a', { active: false }), makeUser('b')] }).commit(true)).toThrow(
      /lock/,
    );
    other.exec('ROLLBACK');
    other.close();
    expect([state.snapshotHash(), listed()]).toEqual([hash, ['a']]);
    ingest({ users: [makeUser('a'), makeUser('b')] }).commit(true);
    expect(listed()).toEqual(['a', 'b']);
  });

  test('has the same hash for the same records, whatever their order', () => {
    ingest({ users: [makeUser('a'), makeUser('b')], groups: [group('g', ['a'])] }).commit(true);
    const other = openStateDatabase(path.join(directory, 'other'), NOW, 'this node');
    const batch = other.openBatch(rules());
    batch.add('Group', { kind: 'good', record: group('g', ['a']), warnings: [] });
    batch.add('User', { kind: 'good', record: makeUser('b'), warnings: [] });
    batch.add('User', { kind: 'good', record: makeUser('a'), warnings: [] });
    batch.commit(true);
    expect(other.snapshotHash()).toBe(state.snapshotHash());
    other.close();
  });
});

describe('an absence', () => {
  test('is not even suspected when the list was partial', () => {
    ingest({ users: [makeUser('a'), makeUser('b')] }).commit(true);
    const batch = ingest({ users: [makeUser('a')] });
    expect(batch.suspects({ User: false, Group: true })).toEqual([]);
    batch.commit(true);
    expect(listed()).toEqual(['a', 'b']);
  });

  test('acts at once when a read of that id confirms it', () => {
    ingest({ users: [makeUser('a'), makeUser('b')] }).commit(true);
    const batch = ingest({ users: [makeUser('a')] });
    const suspects = batch.suspects(BOTH);
    expect(suspects).toEqual([{ kind: 'User', id: 'b', lostMembers: [] }]);
    batch.confirmAbsence(suspects[0]!);
    expect(batch.commit(true)).toMatchObject({ changed: 0, gone: 1 });
    expect(listed()).toEqual(['a', 'b gone']);
  });

  test('acts after two complete syncs when no lookup by id can confirm it, and not after one', () => {
    ingest({ users: [makeUser('a'), makeUser('b')] }).commit(true);
    for (const expected of [
      ['a', 'b'],
      ['a', 'b gone'],
    ]) {
      const batch = ingest({ users: [makeUser('a')] });
      for (const suspect of batch.suspects(BOTH)) batch.countAbsence(suspect);
      batch.commit(true);
      expect(listed()).toEqual(expected);
    }
  });

  test('is forgotten when the record comes back in between', () => {
    ingest({ users: [makeUser('a')] }).commit(true);
    const miss = () => {
      const batch = ingest({});
      for (const suspect of batch.suspects(BOTH)) batch.countAbsence(suspect);
      batch.commit(true);
    };
    miss();
    ingest({ users: [makeUser('a')] }).commit(true);
    miss();
    expect(listed()).toEqual(['a']);
  });

  test('of a member keeps the member until it is confirmed', () => {
    ingest({ groups: [group('g', ['a', 'b', 'c'])] }).commit(true);
    const batch = ingest({ groups: [group('g', ['a'])] });
    const suspects = batch.suspects(BOTH);
    expect(suspects).toEqual([{ kind: 'Group', id: 'g', lostMembers: ['b', 'c'] }]);
    batch.countAbsence(suspects[0]!);
    batch.commit(true);
    expect(membersOf('g')).toEqual(['a', 'b', 'c']);

    const again = ingest({ groups: [group('g', ['a', 'b'])] });
    const [suspect] = again.suspects(BOTH);
    expect(suspect).toEqual({ kind: 'Group', id: 'g', lostMembers: ['c'] });
    again.confirmAbsence(suspect!);
    again.commit(true);
    expect(membersOf('g')).toEqual(['a', 'b']);
  });

  test('of a member that returned starts from nothing', () => {
    const step = (members: string[]) => {
      const batch = ingest({ groups: [group('g', members)] });
      for (const suspect of batch.suspects(BOTH)) batch.countAbsence(suspect);
      batch.commit(true);
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
    ingest({ users: [makeUser('a')] }).commit(true);
    ingest({ users: [makeUser('a')] }, { now: NOW + 3 * DAY }).commit(true);
    expect(confirmedAt('a')).toBe(NOW);
    ingest({ users: [makeUser('a')] }, { now: NOW + 5 * DAY }).commit(true);
    expect(confirmedAt('a')).toBe(NOW + 5 * DAY);
  });

  test('does not come from a clock that disagrees with the store', () => {
    ingest({ users: [makeUser('a')] }).commit(true);
    ingest({ users: [makeUser('a')] }, { now: NOW + 6 * DAY }).commit(false);
    expect(confirmedAt('a')).toBe(NOW);
  });

  test('does not come from such a clock to a user who is new, or who comes back', () => {
    ingest({ users: [makeUser('a'), makeUser('b')] }).commit(true);
    const gone = ingest({ users: [makeUser('a')] });
    gone.confirmAbsence({ kind: 'User', id: 'b', lostMembers: [] });
    gone.commit(true);
    const changed = makeUser('a', { displayName: 'A' });
    ingest({ users: [changed, makeUser('b'), makeUser('c')] }, { now: NOW + 6 * DAY }).commit(false);
    expect(['a', 'b', 'c'].map(confirmedAt)).toEqual([NOW, NOW, 0]);
    state.close();
    state = openStateDatabase(path.join(directory, 'cache'), NOW, 'this node');
    expect(['a', 'b', 'c'].map(confirmedAt)).toEqual([NOW, NOW, 0]);
  });

  test('does not come from a quarantined record, whose new keys still count', () => {
    ingest({ users: [makeUser('a')] }).commit(true);
    const batch = state.openBatch(rules({ now: NOW + 6 * DAY }));
    const findings = [{ code: 'uid-malformed', detail: 'uid is not a number' }];
    batch.add('User', { kind: 'quarantined', id: 'a', record: makeUser('a', { keys: [] }), findings });
    batch.commit(true);
    expect(confirmedAt('a')).toBe(NOW);
    expect(state.users()[0]?.record.keys).toEqual([]);
    expect(state.quarantine()).toMatchObject([{ kind: 'User', id: 'a', findings }]);
  });

  test('does not come from silence in a delta', () => {
    ingest({ users: [makeUser('a'), makeUser('b')] }).commit(true);
    ingest({ users: [makeUser('b')] }, { now: NOW + 6 * DAY }).commit(true);
    expect(confirmedAt('a')).toBe(NOW);
  });

  test('renews a thousand people of one first sync over more than a day', () => {
    const people = Array.from({ length: 1000 }, (_, index) => makeUser(`u${index}`));
    ingest({ users: people }).commit(true);
    const perHour: number[] = [];
    for (let hour = 80; hour <= 120; hour += 1) {
      perHour.push(ingest({ users: people }, { now: NOW + hour * 3600 }).commit(true).renewed);
    }
    expect(perHour.reduce((sum, count) => sum + count, 0)).toBe(1000);
    expect(Math.max(...perHour)).toBeLessThan(100);
  });
});
