// What the ledger keeps of people whose change waits for approval.
import { describe, expect, test } from 'vitest';
import type { Change } from '../../../../src/plan/change.ts';
import type { GuardVerdict } from '../../../../src/plan/guard/guard-model.ts';
import { keepHeld } from '../../../../src/plan/sync/keep-held.ts';
import { makeBinding, NOW } from '../../../support/records/organisation.ts';

const change = (scimId: string | null): Change => ({
  scimId,
  name: 'alice',
  kind: 'keys-remove',
  because: 'the store says active: false',
});

const hold = (...scimIds: (string | null)[]): GuardVerdict => ({
  go: [],
  held: [
    {
      hash: '0123456789abcdef',
      kind: 'loss',
      reason: 'many',
      changes: scimIds.map(change),
      since: NOW,
      actsAt: null,
    },
  ],
  remember: new Map(),
  kinds: new Map(),
});
const NOTHING_HELD: GuardVerdict = { go: [], held: [], remember: new Map(), kinds: new Map() };

const enabled = makeBinding('alice', 20_100);
const disabled = makeBinding('alice', 20_100, { disabledAt: NOW });

describe('the binding that a decision records', () => {
  test('is what was decided where nothing is held', () =>
    expect(keepHeld([disabled], [enabled], NOTHING_HELD)).toEqual([disabled]));

  test('stays enabled while the revocation is held', () =>
    expect(keepHeld([disabled], [enabled], hold('u-alice'))).toEqual([enabled]));

  test('stays disabled, since the same time, while the return is held', () => {
    const since = makeBinding('alice', 20_100, { disabledAt: NOW - 500 });
    expect(keepHeld([enabled], [since], hold('u-alice'))).toEqual([since]);
  });

  test('of a newcomer, who is in no ledger yet, is enabled', () =>
    expect(keepHeld([disabled], [], hold('u-alice'))).toEqual([enabled]));

  test('is that of the others as it was decided', () => {
    const bob = makeBinding('bob', 20_200, { disabledAt: NOW });
    expect(keepHeld([disabled, bob], [enabled, makeBinding('bob', 20_200)], hold('u-alice'))).toEqual([
      enabled,
      bob,
    ]);
  });

  test('of a change without a person keeps no one', () =>
    expect(keepHeld([disabled], [enabled], hold(null))).toEqual([disabled]));

  test('takes its name and ids from the decision, also while something is held', () => {
    const renamed = makeBinding('alice', 20_100, { home: '/home/other', disabledAt: NOW });
    expect(keepHeld([renamed], [enabled], hold('u-alice'))).toEqual([{ ...renamed, disabledAt: null }]);
  });

  test('of a group never has a time of the account with that id', () => {
    const group = makeBinding('alice', 31_000, { kind: 'group', gid: null, home: null });
    const account = makeBinding('alice', 20_100, { disabledAt: NOW - 500 });
    expect(keepHeld([group], [account, group], hold('u-alice'))).toEqual([group]);
    expect(keepHeld([account], [account, { ...group, disabledAt: NOW }], hold('u-alice'))).toEqual([account]);
  });
});
