// Accounts that a rule asks for: made, altered, refused.
import { describe, expect, test } from 'vitest';
import type { SlurmOwned } from '../../../../src/plan/slurm/slurm-rows.ts';
import { accountRow, desired, plan, sayAll } from '../../../support/slurm/one-plan.ts';

describe('an account', () => {
  test('is made, and recorded before, where there is none', () => {
    expect(plan({ accounts: [desired('new')] })).toMatchObject({
      changes: [
        {
          kind: 'slurm-account-add',
          scimId: 'g-new',
          name: 'new',
          because: 'a rule makes an account of the group',
          settings: { parent: 'root' },
        },
      ],
      owned: [{ cluster: 'c', kind: 'account', name: 'new', scimId: 'g-new' }],
      refusals: [],
    });
  });

  test('that was lost is made again, and is in the ledger already', () => {
    const { changes, owned } = plan({ accounts: [desired('ml')], rows: { accounts: [] } });
    expect(changes).toMatchObject([{ kind: 'slurm-account-add', name: 'ml' }]);
    expect(owned).toEqual([]);
  });

  test('of others is refused with the way out', () => {
    expect(plan({ accounts: [desired('legacy')] })).toMatchObject({
      changes: [],
      owned: [],
      refusals: [
        {
          scimId: 'g-legacy',
          kind: 'Group',
          name: 'legacy',
          code: 'slurm-account-foreign',
          detail: expect.stringContaining('sunk-agent import --slurm'),
        },
      ],
    });
  });

  test('that only a user’s row of the ledger names is not managed', () => {
    const owned: SlurmOwned[] = [{ cluster: 'c', kind: 'user', name: 'legacy', scimId: 'u-legacy' }];
    expect(plan({ accounts: [desired('legacy')], owned }).refusals).toMatchObject([
      { code: 'slurm-account-foreign' },
    ]);
  });

  test('is altered where the rule says otherwise', () => {
    expect(plan({ accounts: [desired('ml', { fairshare: 5 })] })).toMatchObject({
      changes: [
        {
          kind: 'slurm-account-alter',
          because: 'the rule says so',
          raises: true,
          settings: { fairshare: 5 },
        },
      ],
      owned: [],
      refusals: [],
      draining: [],
    });
    expect(plan({ accounts: [desired('ml')] })).toEqual({
      changes: [],
      owned: [],
      refusals: [],
      draining: [],
    });
  });

  test('is made parents first, whatever their names', () => {
    const accounts = [desired('zebra'), desired('ant', { parent: 'zebra' })];
    expect(sayAll(plan({ accounts }))).toEqual(['slurm-account-add zebra', 'slurm-account-add ant']);
  });

  test('that a rule puts below itself is refused, and nothing of it changes', () => {
    const accounts = [desired('ml', { parent: 'bio', fairshare: 7 }), desired('bio', { parent: 'ml' })];
    expect(plan({ accounts })).toMatchObject({
      changes: [],
      refusals: [
        { code: 'slurm-parent', name: 'ml' },
        { code: 'slurm-parent', name: 'bio' },
      ],
    });
  });

  test('that is new has no limit to take away', () => {
    const [add] = plan({ accounts: [desired('new', { limits: { GrpTRES: '-1', MaxJobs: '3' } })] }).changes;
    expect(add).toMatchObject({ kind: 'slurm-account-add', settings: { limits: { MaxJobs: '3' } } });
    expect(JSON.stringify(add)).not.toContain('GrpTRES');
  });

  test('gets more where the limit that it had of its parent was lower', () => {
    const rows = {
      accounts: [accountRow('ml'), { ...accountRow('bio'), parent: 'ml' }].map((one) =>
        one.name === 'ml' ? { ...one, limits: { MaxJobs: '5' } } : one,
      ),
    };
    const alter = (value: string) =>
      plan({ accounts: [desired('bio', { parent: 'ml', limits: { MaxJobs: value } })], rows }).changes;
    expect(alter('9')).toMatchObject([{ kind: 'slurm-account-alter', raises: true }]);
    expect(alter('4')).toMatchObject([{ kind: 'slurm-account-alter', raises: false }]);
  });

  test('that moves gets more where its new parents give more, as they are once the rules are in force', () => {
    const parents = [desired('wide'), desired('tight', { limits: { MaxJobs: '2' } })];
    const rows = {
      accounts: [
        { ...accountRow('root'), parent: '' },
        { ...accountRow('ml'), parent: 'tight', qos: [] },
        { ...accountRow('tight'), limits: { MaxJobs: '2' } },
        accountRow('wide'),
      ],
    };
    const owned: SlurmOwned[] = ['ml', 'tight', 'wide', 'new'].map((name) => ({
      cluster: 'c',
      kind: 'account',
      name,
      scimId: `g-${name}`,
    }));
    const raises = (...accounts: ReturnType<typeof desired>[]) =>
      plan({ accounts, rows, owned }).changes.flatMap((change) =>
        change.kind === 'slurm-account-alter' ? [[change.name, change.raises]] : [],
      );
    const move = (parent: string) => desired('ml', { parent });
    expect(raises(...parents, move('tight'))).toEqual([]);
    expect(raises(...parents, move('wide'))).toEqual([['ml', true]]);
    // The parent is bound to as little by this very plan, or made so.
    const bound = desired('wide', { limits: { MaxJobs: '2' } });
    expect(raises(bound, move('wide'))).toEqual([
      ['wide', false],
      ['ml', false],
    ]);
    expect(raises(desired('new', { limits: { MaxJobs: '1' } }), move('new'))).toEqual([['ml', false]]);
    expect(raises(desired('new'), move('new'))).toEqual([['ml', true]]);
    // What a parent gets is judged there, not again below.
    const looser = desired('tight', { limits: { MaxJobs: '5' } });
    expect(raises(looser, desired('ml', { parent: 'tight', defaultQos: 'normal' }))).toEqual([
      ['tight', true],
      ['ml', false],
    ]);
    // What makes the parent tight waits with what it gets.
    const mixed = desired('wide', { limits: { MaxJobs: '2' }, qos: ['high', 'normal'] });
    expect(raises(mixed, desired('ml', { parent: 'wide', qos: ['normal'] }))).toEqual([
      ['wide', true],
      ['ml', true],
    ]);
  });
});
