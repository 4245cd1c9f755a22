import { expect, test } from 'vitest';
import { gatherHistory, type HistoryQuestion } from '../../../../src/agent/report/history.ts';
import type { HistoryRow } from '../../../../src/state/syncs/sync-log.ts';
import { makeUser } from '../../../support/records/organisation.ts';

const row = (at: number, kind: string, name: string, scimId: string | null): HistoryRow => ({
  sync: 7,
  at,
  scimId,
  kind,
  name,
  because: 'why',
  problem: null,
});
const ROWS = [
  row(40, 'member-add:sudo', 'slurm-admins', 'u-alice'),
  row(30, 'account-create', 'alice', 'u-alice'),
  row(20, 'member-add', 'slurm-users', 'u-gone'),
  row(10, 'group-create', 'slurm-users', 'g-users'),
];
const state = {
  history: () => ROWS,
  snapshots: () => new Map([[7, 'abc']]),
  users: () => [makeUser('alice', 10_000)],
};
const act = {
  at: '1970-01-01T00:00:50Z',
  operator: 'root',
  act: 'block',
  subject: 'alice',
  detail: 'no',
} as const;
const ask = (more: Partial<HistoryQuestion> = {}) =>
  gatherHistory(
    state,
    { entries: [act], unreadable: 0 },
    { since: 0, about: null, group: null, codes: new Set(), limit: 100, ...more },
  ).map(({ at, what, name, person }) => `${at} ${what} ${name} ${person ?? '-'}`);

test('each change names the person it was done for, as far as there is a record', () => {
  expect(ask()).toEqual([
    '10 group-create slurm-users -',
    '20 member-add slurm-users -',
    '30 account-create alice alice@example.com',
    '40 member-add slurm-admins alice@example.com',
    '50 block alice -',
  ]);
});

test('a group is asked about with its members, a code with or without what the guard counts, a user by any id', () => {
  expect(ask({ group: 'slurm-users' })).toHaveLength(2);
  expect(ask({ group: 'alice' })).toEqual([]);
  expect(ask({ codes: new Set(['member-add']) })).toHaveLength(2);
  expect(ask({ codes: new Set(['block', 'group-create']) })).toEqual([
    '10 group-create slurm-users -',
    '50 block alice -',
  ]);
  expect(ask({ group: 'slurm-admins', codes: new Set(['member-add']) })).toHaveLength(1);
  expect(ask({ about: { names: new Set(['alice']), scimId: 'u-alice' } })).toHaveLength(3);
  expect(ask({ limit: 1 })).toEqual(['50 block alice -']);
});

test('without the state database the acts are shown', () => {
  const events = gatherHistory(
    null,
    { entries: [act], unreadable: 0 },
    { since: 0, about: null, group: null, codes: new Set(), limit: 1 },
  );
  expect(events).toMatchObject([{ operator: 'root', what: 'block', snapshot: null }]);
});
