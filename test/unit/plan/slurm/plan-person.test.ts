// What a person gains, loses and keeps in Slurm, in which words.
import { describe, expect, test } from 'vitest';
import type { SlurmAssociationRow } from '../../../../src/plan/slurm/slurm-rows.ts';
import { alice, desired, OWNED, person, plan, row, sayAll } from '../../../support/slurm/one-plan.ts';

describe('a person who gains an account', () => {
  test('is added, and recorded before', () => {
    expect(plan({ people: [person(['ml'])], owned: OWNED.slice(0, 2) })).toMatchObject({
      changes: [
        {
          kind: 'slurm-association-add',
          scimId: 'u-alice',
          name: 'alice',
          account: 'ml',
          uid: 20_100,
          isFirst: true,
          because: 'in a group of that account',
        },
      ],
      owned: [{ cluster: 'c', kind: 'user', name: 'alice', scimId: 'u-alice' }],
      refusals: [],
    });
  });

  test('is recorded once, and not where nothing is added', () => {
    expect(plan({ people: [person(['ml'])] }).owned).toEqual([]);
    expect(plan({ people: [person([])], owned: OWNED.slice(0, 2) }).owned).toEqual([]);
  });

  test('has one first account: that of the rule, else the first by name', () => {
    const firsts = (defaultAccount: string | null) =>
      plan({ people: [person(['bio', 'ml'], { defaultAccount })] }).changes.flatMap((change) =>
        change.kind === 'slurm-association-add' && change.isFirst ? [change.account] : [],
      );
    expect(firsts(null)).toEqual(['bio']);
    expect(firsts('ml')).toEqual(['ml']);
  });

  test('has no further first account beside one that is there', () => {
    const rows = { users: [alice('bio')], associations: [row('bio')] };
    expect(plan({ people: [person(['bio', 'ml'])], rows }).changes).toMatchObject([
      { kind: 'slurm-association-add', account: 'ml', isFirst: false },
    ]);
  });

  test('gets none of an account that is not managed', () => {
    expect(plan({ people: [person(['legacy', 'nowhere'])] }).changes).toEqual([]);
  });

  test('gets that of an account that this very plan makes', () => {
    expect(sayAll(plan({ accounts: [desired('new')], people: [person(['new'])] }))).toEqual([
      'slurm-account-add new',
      'slurm-association-add alice new',
    ]);
  });

  test('with a user of others in Slurm is refused, and left alone', () => {
    const rows = { users: [alice('legacy')], associations: [row('legacy'), row('ml')] };
    expect(plan({ people: [person(['ml'])], rows, owned: OWNED.slice(0, 2) })).toMatchObject({
      changes: [],
      owned: [],
      refusals: [
        {
          scimId: 'u-alice',
          kind: 'User',
          name: 'alice',
          code: 'slurm-user-foreign',
          detail: expect.stringContaining('sunk-agent import --slurm'),
        },
      ],
    });
    expect(plan({ people: [person([])], rows, owned: OWNED.slice(0, 2) })).toEqual({
      changes: [],
      owned: [],
      refusals: [],
      draining: [],
    });
  });

  test('may submit again where that was stopped, in that account alone', () => {
    const rows = {
      users: [alice('ml')],
      associations: [row('ml', { isStopped: true }), row('bio'), row('legacy', { isStopped: true })],
    };
    expect(plan({ people: [person(['ml', 'bio'])], rows }).changes).toMatchObject([
      {
        kind: 'slurm-submit-allow',
        name: 'alice',
        account: 'ml',
        because: 'in a group of that account',
      },
    ]);
  });

  test('has the association of a partition beside the managed one, as others made it', () => {
    const rows = { users: [alice('ml')], associations: [row('ml', { partition: 'gpu' })] };
    expect(sayAll(plan({ people: [person(['ml'])], rows }))).toEqual(['slurm-association-add alice ml']);
  });
});

describe('the uid at the controller', () => {
  const rows = { users: [alice('ml')], associations: [row('ml')] };

  test('that is not resolved takes the association away, to be made anew', () => {
    const found = plan({ people: [person(['ml'])], rows: { ...rows, uids: [{ name: 'alice', uid: null }] } });
    expect(found.changes).toMatchObject([
      { kind: 'slurm-submit-stop', because: 'the controller cannot resolve the name', isEnabled: false },
      { kind: 'slurm-association-remove' },
    ]);
    expect(found.refusals).toMatchObject([
      {
        scimId: 'u-alice',
        kind: 'User',
        name: 'alice',
        code: 'slurm-uid',
        detail: expect.stringContaining('getent passwd alice'),
      },
    ]);
  });

  test('that is another one is named', () => {
    const uids = [{ name: 'alice', uid: 7 }];
    expect(plan({ people: [person(['ml'])], rows: { ...rows, uids } }).refusals).toMatchObject([
      { detail: expect.stringContaining('the uid 7, not 20100') },
    ]);
  });

  test('that is right, or of a name that the controller has not met, is no trouble', () => {
    for (const uids of [[{ name: 'alice', uid: 20_100 }], []])
      expect(plan({ people: [person(['ml'])], rows: { ...rows, uids } })).toMatchObject({
        changes: [],
        refusals: [],
      });
  });

  test('of a person without access matters no more', () => {
    const uids = [{ name: 'alice', uid: 7 }];
    const found = plan({ people: [person([], { isEnabled: false })], rows: { ...rows, uids } });
    expect(found.refusals).toEqual([]);
    expect(found.changes[0]).toMatchObject({ because: 'has no access' });
  });
});

describe('the last association of a person', () => {
  const gone = person([], { isEnabled: false });
  const removals = (more: SlurmAssociationRow[], people = [gone]): string[] =>
    sayAll(
      plan({
        people,
        rows: { users: [alice('ml')], associations: [row('ml', { id: 1 }), row('bio', { id: 2 }), ...more] },
      }),
    ).filter((line) => line.includes('remove'));

  test('stays, stopped, where others have given one of a partition in the default account, which Slurm keeps', () => {
    const partition = row('ml', { id: 3, partition: 'gpu' });
    expect(removals([partition])).toEqual(['slurm-association-remove alice bio']);
    const inOther = row('bio', { id: 3, partition: 'gpu' });
    // The default moves there, and then that of the account stays.
    expect(removals([inOther])).toEqual(['slurm-association-remove alice ml']);
  });

  test('stays, stopped, where Slurm would remove those of another user with it, and that is said', () => {
    const name = 'al_ce';
    const rows = {
      users: [{ ...alice('ml'), name }],
      associations: [row('ml', { user: name }), row('bio', { user: name }), row('legacy', { user: 'al-ce' })],
    };
    const owned = [...OWNED.slice(0, 2), { cluster: 'c', kind: 'user', name, scimId: 'u-alice' } as const];
    const { changes, refusals } = plan({ people: [{ ...gone, name }], rows, owned });
    expect(sayAll({ changes })).toEqual([
      `slurm-submit-stop ${name} bio`,
      `slurm-submit-stop ${name} ml`,
      `slurm-association-remove ${name} bio`,
    ]);
    expect(refusals).toMatchObject([
      { code: 'slurm-name-alike', name, detail: expect.stringContaining('al-ce') },
    ]);
    // One that is to come counts as well: it would come first.
    const newcomer = person(['ml'], { scimId: 'u-2', name: 'al-ce' });
    const without = { ...rows, associations: rows.associations.slice(0, 2) };
    expect(plan({ people: [{ ...gone, name }, newcomer], rows: without, owned }).refusals).toHaveLength(1);
    expect(plan({ people: [{ ...gone, name }], rows: without, owned }).refusals).toEqual([]);
    // So does one that has associations in another cluster alone.
    const elsewhere = { ...without, users: [...rows.users, { name: 'al-ce', defaultAccount: '' }] };
    expect(plan({ people: [{ ...gone, name }], rows: elsewhere, owned }).refusals).toHaveLength(1);
  });
});
