// The managed sudoers file follows the memberships that are made; revocations are never delayed by what is held.
import { describe, expect, test } from 'vitest';
import { CHANGE_ORDER, type Change } from '../../../src/plan/change.ts';
import type { ActualState } from '../../../src/plan/actual.ts';
import { planSudoers, settleSudoers } from '../../../src/plan/plan-sudoers.ts';
import { computeDesiredState } from '../../../src/policy/desired-state.ts';
import type { DesiredState } from '../../../src/policy/model.ts';
import { readSudoersEnds, readSudoersUids, renderSudoers } from '../../../src/policy/sudoers.ts';
import { makeHost } from '../../support/records/model-host.ts';
import { makeInput, NOW } from '../../support/records/organisation.ts';

const ALICE = 20_100;
const BOB = 20_200;
const ENTRIES = { alice: ALICE, bob: BOB, carol: 20_300 } as const;
const DESIRED = computeDesiredState(makeInput());
const SUDO_GROUP = DESIRED.groups.find(({ sudo }) => sudo)?.name ?? '';
const PLAIN_GROUP = DESIRED.groups.find(({ sudo }) => !sudo)?.name ?? 'slurm-users';

/** alice and bob have accounts; `sudo` are the members of the sudo group on the host, `rules` the uids of the file. */
function makeActual(
  sudo: readonly string[],
  rules: readonly number[],
  ends: ReadonlyMap<number, number> = new Map(),
): ActualState & { rootShells: Set<number> } {
  const host = makeHost();
  for (const [name, uid] of Object.entries(ENTRIES)) {
    const entry = { name, uid, gid: 9999, gecos: '', dir: `/home/${name}`, shell: '/bin/bash' };
    host.accounts.set(name, { entry, expiryDay: null });
  }
  host.groups.set(SUDO_GROUP, { name: SUDO_GROUP, gid: 31_001, members: [...sudo] });
  host.groups.set(PLAIN_GROUP, { name: PLAIN_GROUP, gid: 31_000, members: ['alice', 'bob'] });
  host.sudoers = renderSudoers(new Set(rules), ends);
  return host;
}

const member = (kind: 'member-add' | 'member-remove', name: string, who: string): Change =>
  ({ scimId: 'g', name, kind, member: who, because: 'test' }) as Change;
const change = (kind: 'account-close' | 'account-remove' | 'keys-remove', name: string): Change =>
  ({ scimId: `u-${name}`, name, kind, because: 'test' }) as Change;
const uidsOf = (changes: readonly Change[]): number[] =>
  changes.flatMap((one) =>
    one.kind === 'sudoers-write' || one.kind === 'sudoers-revoke' ? [...readSudoersUids(one.text)] : [],
  );
const kinds = (changes: readonly Change[]): string[] => changes.map(({ kind }) => kind);

test('the organisation of these tests has a group with sudo and one without', () => {
  expect([SUDO_GROUP, PLAIN_GROUP]).toEqual(['slurm-admins', 'slurm-users']);
});

describe('the plan of the file', () => {
  test('gives each member of a sudo group a rule, and no one else', () => {
    const changes = planSudoers([], DESIRED, makeActual(['alice'], []));
    expect(kinds(changes)).toEqual(['sudoers-write']);
    expect(uidsOf(changes)).toEqual([ALICE]);
  });

  test('counts members that come and go, of that group alone', () => {
    const joins = [member('member-add', SUDO_GROUP, 'bob'), member('member-add', PLAIN_GROUP, 'carol')];
    expect(uidsOf(planSudoers(joins, DESIRED, makeActual(['alice'], [])))).toEqual([ALICE, BOB]);
    const leaves = [member('member-remove', PLAIN_GROUP, 'alice'), change('keys-remove', 'alice')];
    expect(uidsOf(planSudoers(leaves, DESIRED, makeActual(['alice'], [])))).toEqual([ALICE]);
    const gone = planSudoers(
      [member('member-remove', SUDO_GROUP, 'alice')],
      DESIRED,
      makeActual(['alice', 'bob'], [ALICE, BOB]),
    );
    expect(kinds(gone)).toEqual(['sudoers-revoke', 'root-shells-end']);
    expect(uidsOf(gone)).toEqual([BOB]);
    expect(gone.map(({ because }) => because)).toEqual([
      'the store no longer lists these members of access.sudo_groups',
      'has no sudo any more',
    ]);
  });

  test('takes the uid of an account that is on the host alone', () => {
    const desired = { ...DESIRED, accounts: DESIRED.accounts.filter(({ entry }) => entry.name !== 'alice') };
    expect(uidsOf(planSudoers([], desired, makeActual(['alice'], [])))).toEqual([ALICE]);
  });

  test('leaves a member without an account out', () => {
    expect(planSudoers([], DESIRED, makeActual(['a-stranger'], []))).toEqual([]);
  });

  test('has no change where the file agrees', () => {
    expect(planSudoers([], DESIRED, makeActual(['alice'], [ALICE]))).toEqual([]);
  });

  test('removes the file where no rule is left, and one who loses it by losing nothing else loses their root shells', () => {
    const changes = planSudoers([], DESIRED, makeActual([], [ALICE]));
    expect(changes).toMatchObject([
      {
        kind: 'sudoers-remove',
        leavers: [{ uid: ALICE, name: 'alice', scimId: 'u-alice', keepsAccount: true }],
      },
      { kind: 'root-shells-end', uid: ALICE, scimId: 'u-alice' },
    ]);
  });

  test('writes what comes after what goes', () => {
    const changes = planSudoers([], DESIRED, makeActual(['bob'], [ALICE]));
    expect(kinds(changes)).toEqual(['sudoers-revoke', 'root-shells-end', 'sudoers-write']);
    expect(changes[0]).toMatchObject({ text: '' });
    expect(uidsOf(changes)).toEqual([BOB]);
  });

  test('ends root shells that could not be ended before, and no one else’s', () => {
    const actual = makeActual(['bob'], [BOB]);
    actual.rootShells.add(ALICE);
    expect(planSudoers([], DESIRED, actual)).toMatchObject([{ kind: 'root-shells-end', name: 'alice' }]);
  });

  test('of an account that no person of the store has any more names it without an id', () => {
    const desired = { ...DESIRED, accounts: [] };
    const changes = planSudoers([], desired, makeActual(['bob'], [ALICE, BOB]));
    expect(changes[0]).toMatchObject({ leavers: [{ name: 'alice', scimId: null, keepsAccount: false }] });
  });

  test('ends no root shell because the store was not read for long: only what is disabled counts as leaving', () => {
    const desired: DesiredState = { ...DESIRED, grantsSudo: false };
    expect(planSudoers([], desired, makeActual(['alice'], [ALICE]))).toMatchObject([
      { kind: 'sudoers-remove', leavers: [], because: 'no member of a sudo group is confirmed by the store' },
    ]);
    const closed = DESIRED.accounts.map((account) => ({ ...account, disabled: 'inactive' as const }));
    expect(planSudoers([], { ...desired, accounts: closed }, makeActual(['alice'], [ALICE]))).toMatchObject([
      { kind: 'sudoers-remove', leavers: [{ name: 'alice', keepsAccount: false }] },
    ]);
  });
});

describe('the end of a rule', () => {
  const end = NOW + 3600;
  const withEnd = (name: string): DesiredState => ({ ...DESIRED, sudoEnds: new Map([[name, end]]) });
  const endsOf = (changes: readonly Change[]) =>
    changes.flatMap((one) => (one.kind === 'sudoers-write' ? [...readSudoersEnds(one.text)] : []));

  test('is written for its own person, and for no other', () => {
    const changes = planSudoers([], withEnd('alice'), makeActual(['alice', 'bob'], []));
    expect(endsOf(changes)).toEqual([[ALICE, end]]);
  });

  test('goes where the member is one without an end now', () => {
    const actual = makeActual(['alice'], [ALICE], new Map([[ALICE, end]]));
    const changes = planSudoers([], DESIRED, actual);
    expect(kinds(changes)).toEqual(['sudoers-write']);
    expect(endsOf(changes)).toEqual([]);
  });

  test('stays of a person who is to have no rule and keeps one for now', () => {
    const actual = makeActual(['alice', 'bob'], [ALICE, BOB], new Map([[BOB, end]]));
    expect(planSudoers([], DESIRED, actual)).toEqual([]);
  });

  test('moves', () => {
    const actual = makeActual(['alice'], [ALICE], new Map([[ALICE, end - 60]]));
    expect(endsOf(planSudoers([], withEnd('alice'), actual))).toEqual([[ALICE, end]]);
  });
});

describe('settling after the guard', () => {
  const plan = (changes: readonly Change[], actual: ActualState): Change[] => [
    ...changes,
    ...planSudoers(changes, DESIRED, actual),
  ];

  test('gives no rule for a membership that is held', () => {
    const actual = makeActual([], []);
    const all = plan([member('member-add', SUDO_GROUP, 'alice')], actual);
    expect(kinds(all)).toContain('sudoers-write');
    const go = all.filter(({ kind }) => kind !== 'member-add');
    expect(kinds(settleSudoers(go, all, DESIRED, actual))).toEqual([]);
  });

  test('keeps the rule of a person whose loss is held', () => {
    const actual = makeActual(['alice', 'bob'], [ALICE, BOB]);
    const all = plan(
      ['alice', 'bob'].map((name) => member('member-remove', SUDO_GROUP, name)),
      actual,
    );
    const go = all.filter((one) => one.kind !== 'member-remove' || one.member !== 'alice');
    const result = settleSudoers(go, all, DESIRED, actual);
    expect(uidsOf(result)).toEqual([ALICE]);
    expect(kinds(result)).toContain('sudoers-revoke');
  });

  test('is in the order of all changes', () => {
    const actual = makeActual(['alice'], [ALICE]);
    const all = plan(
      [member('member-add', SUDO_GROUP, 'bob'), member('member-remove', SUDO_GROUP, 'alice')],
      actual,
    );
    const result = settleSudoers(all, all, DESIRED, actual);
    const order = result.map(({ kind }) => CHANGE_ORDER.indexOf(kind));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(result.length).toBeGreaterThan(2);
  });

  test('changes nothing where sudo is not granted at all', () => {
    const desired: DesiredState = { ...DESIRED, grantsSudo: false };
    const actual = makeActual(['alice'], [ALICE]);
    const go = [member('member-remove', SUDO_GROUP, 'alice')];
    expect(settleSudoers(go, go, desired, actual)).toEqual(go);
  });

  describe('where the change of the file is held as a whole', () => {
    const settle = (go: readonly Change[], actual: ActualState): Change[] =>
      settleSudoers(go, [...go, ...planSudoers([], DESIRED, makeActual([], [ALICE, BOB]))], DESIRED, actual);
    const actual = makeActual(['alice', 'bob'], [ALICE, BOB]);

    test('one who loses the account loses the rule all the same', () => {
      for (const kind of ['account-close', 'account-remove'] as const)
        expect(uidsOf(settle([change(kind, 'alice')], actual)), kind).toEqual([BOB]);
    });

    test('one who loses the membership too', () => {
      expect(uidsOf(settle([member('member-remove', SUDO_GROUP, 'alice')], actual))).toEqual([BOB]);
    });

    test('and no one else', () => {
      for (const go of [
        member('member-remove', PLAIN_GROUP, 'alice'),
        member('member-add', SUDO_GROUP, 'carol'),
        change('keys-remove', 'alice'),
        change('account-close', 'a-stranger'),
      ])
        expect(settle([go], actual), go.kind).toEqual([go]);
    });
  });
});
