// The rows around a time tell of it what the whole history tells.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findPeopleAt } from '../../../../src/agent/report/people/people-at.ts';
import { openStateDatabase, type StateDatabase } from '../../../../src/state/state.ts';
import { NOW } from '../../../support/records/organisation.ts';

function withState(work: (state: StateDatabase) => void): void {
  const directory = mkdtempSync(path.join(tmpdir(), 'history-around-'));
  const state = openStateDatabase(path.join(directory, 'cache'), NOW, 'this node');
  try {
    work(state);
  } finally {
    state.close();
    rmSync(directory, { recursive: true });
  }
}

const NAMES = ['alice', 'bob', 'carol'];
const event = fc.record({
  hour: fc.nat(5),
  person: fc.nat(2),
  problem: fc.constantFrom(null, null, null, 'the disk is full'),
  change: fc.oneof(
    fc.constantFrom('account-create', 'account-reopen', 'account-close', 'account-remove').map((kind) => ({
      kind,
      because: 'the store',
      detail: { via: ['users'] },
    })),
    fc.nat(9).map((hours) => ({
      kind: 'keys-write',
      because: hours < 3 ? 'first key' : 'the keys changed',
      detail: hours === 9 ? null : { until: NOW + hours * 3600 },
    })),
    fc.constant({ kind: 'keys-remove', because: 'no key is left', detail: null }),
    fc
      .constantFrom('member-add', 'member-remove', 'member-add:sudo')
      .map((kind) => ({ kind, because: 'the store', detail: null, group: 'admins' })),
    fc.array(fc.nat(2), { maxLength: 3 }).map((people) => ({
      kind: 'sudoers-write',
      because: 'the store',
      detail: { sudo: people.map((n) => 20_000 + n) },
    })),
  ),
});

test('of any history and any time', () => {
  const config = { access: { groups: [{ name: 'users' }], sudo_groups: [{ name: 'admins' }] } } as never;
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), fc.nat(6), (events, hour) => {
      const rows = events
        .map(({ hour: at, person, problem, change }) => ({
          at: NOW + at * 3600,
          scimId: change.kind.startsWith('sudoers') ? null : `u-${NAMES[person]}`,
          kind: change.kind,
          name: 'group' in change ? change.group : (NAMES[person] ?? ''),
          because: change.because,
          problem,
          detail: change.detail,
        }))
        .sort((a, b) => a.at - b.at);
      const at = NOW + hour * 3600 - 1;
      withState((state) => {
        state.endSync(state.beginSync(NOW), {}, rows);
        const { begin, rows: around } = state.historyAround(at);
        const whole = state.history({ limit: 1000 });
        expect(begin).toBe(rows[0]?.at ?? null);
        const found = findPeopleAt({ at, history: around, present: [], config });
        expect(found).toEqual(findPeopleAt({ at, history: whole, present: [], config }));
      });
    }),
    { numRuns: 60, endOnFailure: true },
  );
});

test('each person, kind and name has at most two rows', () => {
  const row = { scimId: 'u-alice', kind: 'keys-write', name: 'alice', because: 'renewed', problem: null };
  const rows = Array.from({ length: 100 }, (_, hour) => ({ ...row, at: NOW + hour * 3600 }));
  withState((state) => {
    state.endSync(state.beginSync(NOW), {}, rows);
    const { begin, rows: around } = state.historyAround(NOW + 50 * 3600);
    expect(begin).toBe(NOW);
    expect(around.map(({ at }) => (at - NOW) / 3600)).toEqual([51, 50]);
  });
});
