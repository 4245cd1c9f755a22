// The small rules of the limits: how much is allowed, what counts as done, and how it is remembered.
import type { ClassifiedPlan } from '../../../../src/plan/guard/guard-model.ts';
import { describe, expect, it } from 'vitest';
import { CHANGE_ORDER, isRevocation, type Change } from '../../../../src/plan/change.ts';
import {
  allowance,
  COUNTED_KINDS,
  countUnion,
  describeWindow,
  findDone,
  guardWindow,
} from '../../../../src/plan/guard/guard-limits.ts';
import { absent, inactive, makeNode, makeOverrides, runSync } from '../../../support/records/fleet.ts';
import { CONFIG, NOW } from '../../../support/records/organisation.ts';

const limit = { share: 0.1, at_least: 3, at_most: 100, window: 86_400 };

describe('allowance', () => {
  it.each([
    [0, 3],
    [30, 3],
    [39, 3],
    [40, 4],
    [1000, 100],
    [5000, 100],
  ])('of %i people: %i', (total, allowed) => {
    expect(allowance(total, limit)).toBe(allowed);
  });

  it('lets at_most win over at_least, and one person over both', () => {
    expect(allowance(50, { ...limit, at_least: 9, at_most: 2 })).toBe(2);
    expect(allowance(50, { ...limit, at_least: 0, at_most: 0 })).toBe(1);
  });
});

describe('what was done', () => {
  const plan = (done: object[]) =>
    ({ question: { now: 1000, record: { done } } }) as unknown as ClassifiedPlan;

  it('counts by kind within the window, people and groups apart, and never what lapsed or has no id', () => {
    const done = [
      { at: 900, scimId: 'a', kind: 'account-close' },
      { at: 901, scimId: 'b', kind: 'account-close' },
      { at: 950, scimId: 'b', kind: 'account-close' },
      { at: 950, scimId: 'b', kind: 'group-remove' },
      { at: 950, scimId: null, kind: 'account-close' },
      { at: 950, scimId: 'c', kind: 'account-close:unweighed' },
    ];
    expect(findDone(plan(done), 'lost', 100)).toEqual(new Set(['User b']));
    expect(findDone(plan(done), 'groups', 100)).toEqual(new Set(['Group b']));
    expect(findDone(plan(done), 'reduced', 100)).toEqual(new Set());
  });

  it('counts Slurm accounts, which are no people', () => {
    const done = [{ at: 950, scimId: 'lab', kind: 'slurm-account-alter:raise-limits' }];
    expect(findDone(plan(done), 'raised', 100)).toEqual(new Set(['Group lab']));
  });

  it('is of these kinds of the history, whose names stay', () => {
    expect([...COUNTED_KINDS].sort()).toEqual([
      'account-close',
      'account-remove',
      'account-reopen',
      'group-remove',
      'keys-remove',
      'keys-write:drop-keys',
      'keys-write:replace-keys',
      'member-add:sudo',
      'member-remove',
      'slurm-account-alter:raise-limits',
      'slurm-association-remove:lose-association',
    ]);
  });

  it('is asked for as far back as the longer of the two windows', () => {
    const { limits } = CONFIG;
    const windows = (loss: number, gain: number) =>
      guardWindow({
        ...limits,
        max_loss: { ...limits.max_loss, window: loss },
        max_gain: { ...limits.max_gain, window: gain },
      });
    expect([windows(60, 90), windows(90, 60)]).toEqual([90, 90]);
  });

  it('counts once who is in both', () => {
    expect(countUnion(new Set(['a', 'b']), new Set(['b', 'c']))).toBe(3);
  });

  it('says a window in words', () => {
    expect([describeWindow(86_400), describeWindow(90), describeWindow(600)]).toEqual([
      '24 h',
      '90 s',
      '10 min',
    ]);
  });
});

describe('what a verdict says to remember', () => {
  it('tells counted losses, lapsed ones and gains apart', () => {
    const node = makeNode();
    const first = runSync(node, makeOverrides(50, undefined, { now: NOW - 90 * 86_400 }));
    const kinds = (verdict: typeof first) =>
      new Set(verdict.go.map((change) => verdict.kinds.get(change) ?? change.kind));
    expect(kinds(first)).toContain('member-add:sudo');
    const few = runSync(
      node,
      makeOverrides(50, (user, n) => (n === 2 ? absent(user) : user), { now: NOW }),
    );
    expect(kinds(few)).toEqual(
      new Set(['keys-remove', 'account-close', 'sessions-end', 'member-remove', 'jobs-disable']),
    );
    const overrides = makeOverrides(50, (user, n) =>
      n > 2 && n < 20 ? inactive(user) : n === 2 ? absent(user) : user,
    );
    expect(runSync(node, overrides).go).toEqual([]);
    const lapsed = runSync(node, { ...overrides, now: NOW + 3600 });
    expect(kinds(lapsed)).toContain('account-close:unweighed');
    expect(kinds(lapsed)).not.toContain('account-close');
    const over = runSync(node, { ...overrides, now: NOW + 91 * 86_400 });
    expect(kinds(over)).toEqual(new Set(['account-remove:unweighed']));
  });
});

describe('the order of changes', () => {
  it('has every revocation before the first grant, but for the hook, for which nothing waits', () => {
    const isTaking = (kind: string): boolean => isRevocation({ kind, lost: [] } as unknown as Change);
    const onNode = CHANGE_ORDER.filter((kind) => !kind.startsWith('slurm-'));
    const firstGrant = onNode.findIndex((kind) => !isTaking(kind));
    expect(onNode.slice(0, firstGrant).every(isTaking)).toBe(true);
    expect(onNode.slice(firstGrant).filter(isTaking)).toEqual(['hook-run']);
    expect(isRevocation({ kind: 'keys-write', lost: ['x'] } as unknown as Change)).toBe(true);
  });
});
