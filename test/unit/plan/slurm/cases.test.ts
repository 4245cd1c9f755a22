// One plan for Slurm at a time: what each row on either side leads to, in which words and in which order.
import { describe, expect, test } from 'vitest';
import { planSlurm, type SlurmPlanInput } from '../../../../src/plan/slurm/plan-slurm.ts';
import type {
  SlurmAccountRow,
  SlurmAssociationRow,
  SlurmOwned,
  SlurmRows,
} from '../../../../src/plan/slurm/slurm-rows.ts';
import type { DesiredSlurmAccount, DesiredSlurmPerson } from '../../../../src/policy/slurm/desired-slurm.ts';

const accountRow = (name: string): SlurmAccountRow => ({
  name,
  organization: 'sunk-agent',
  parent: 'root',
  qos: ['normal'],
  defaultQos: '',
  fairshare: 1,
  limits: {},
});
const desired = (name: string, more: Partial<DesiredSlurmAccount> = {}): DesiredSlurmAccount => ({
  name,
  scimId: `g-${name}`,
  parent: 'root',
  qos: null,
  defaultQos: null,
  fairshare: null,
  limits: {},
  drain: null,
  ...more,
});
const person = (accounts: string[], more: Partial<DesiredSlurmPerson> = {}): DesiredSlurmPerson => ({
  scimId: 'u-alice',
  name: 'alice',
  uid: 20_100,
  isEnabled: true,
  accounts,
  defaultAccount: null,
  ...more,
});
let ids = 10;
const row = (account: string, more: Partial<SlurmAssociationRow> = {}): SlurmAssociationRow => ({
  id: (ids += 1),
  account,
  user: 'alice',
  partition: '',
  isStopped: false,
  ...more,
});
const OWNED: SlurmOwned[] = [
  { kind: 'account', name: 'ml', scimId: 'g-ml' },
  { kind: 'account', name: 'bio', scimId: 'g-bio' },
  { kind: 'user', name: 'alice', scimId: 'u-alice' },
];
const alice = (defaultAccount: string) => ({ name: 'alice', defaultAccount, adminLevel: 'None' });

function plan({
  accounts = [],
  people = [],
  rows = {},
  owned = OWNED,
  held = [],
}: {
  accounts?: DesiredSlurmAccount[];
  people?: DesiredSlurmPerson[];
  rows?: Partial<SlurmRows>;
  owned?: SlurmPlanInput['owned'];
  held?: string[];
}) {
  return planSlurm({
    desired: { accounts, people, refusals: [] },
    held: new Set(held),
    stops: { now: 0, at: new Map(), blocked: new Set() },
    owned,
    rows: {
      cluster: 'c',
      accounts: ['ml', 'bio', 'legacy'].map(accountRow),
      users: [],
      associations: [],
      jobs: [],
      uids: [],
      ...rows,
    },
  });
}
const sayAll = ({ changes }: Pick<ReturnType<typeof plan>, 'changes'>): string[] =>
  changes.map((change) => `${change.kind} ${change.name}${'account' in change ? ` ${change.account}` : ''}`);

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
      owned: [{ kind: 'account', name: 'new', scimId: 'g-new' }],
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
    const owned: SlurmOwned[] = [{ kind: 'user', name: 'legacy', scimId: 'u-legacy' }];
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
});

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
      owned: [{ kind: 'user', name: 'alice', scimId: 'u-alice' }],
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

describe('a person who loses an account', () => {
  const rows = {
    users: [alice('bio')],
    associations: [row('bio', { id: 1 }), row('ml', { id: 2 })],
    jobs: [
      { user: 'alice', account: 'bio', isPending: false },
      { user: 'bob', account: 'ml', isPending: false },
    ],
  };

  test('can submit no more, then the jobs end, then the default moves, then the association goes', () => {
    const { changes } = plan({ people: [person(['ml'])], rows });
    expect(sayAll({ changes })).toEqual([
      'slurm-submit-stop alice bio',
      'slurm-jobs-cancel alice bio',
      'slurm-default-set alice ml',
      'slurm-association-remove alice bio',
    ]);
    expect(changes.filter(({ kind }) => kind !== 'slurm-default-set')).toMatchObject(
      Array.from({ length: 3 }, () => ({ because: 'not in a group of that account', isEnabled: true })),
    );
  });

  test('who has no access loses all, the default account last', () => {
    const { changes } = plan({ people: [person([], { isEnabled: false })], rows });
    expect(sayAll({ changes }).filter((line) => line.includes('remove'))).toEqual([
      'slurm-association-remove alice ml',
      'slurm-association-remove alice bio',
    ]);
    for (const change of changes)
      expect(change).toMatchObject({ because: 'has no access', isEnabled: false });
  });

  test('is stopped once', () => {
    const stopped = { ...rows, associations: [row('bio', { isStopped: true }), row('ml')], jobs: [] };
    expect(sayAll(plan({ people: [person(['ml'])], rows: stopped }))).toEqual([
      'slurm-default-set alice ml',
      'slurm-association-remove alice bio',
    ]);
  });

  test('keeps the association, stopped, while the controller does not answer', () => {
    const { changes } = plan({ people: [person(['ml'])], rows: { ...rows, uids: null } });
    expect(sayAll({ changes })).not.toContain('slurm-association-remove alice bio');
    expect(sayAll({ changes })).toContain('slurm-submit-stop alice bio');
  });

  test('has jobs ended whose association is gone, in managed accounts that are not wanted', () => {
    const jobs = ['ml', 'bio', 'legacy'].map((account) => ({ user: 'alice', account, isPending: false }));
    const found = plan({
      people: [person(['ml'])],
      rows: { users: [alice('ml')], associations: [row('ml')], jobs },
    });
    expect(sayAll(found)).toEqual(['slurm-jobs-cancel alice bio']);
    expect(found.changes).toMatchObject([{ because: 'not in a group of that account', isEnabled: true }]);
  });

  test('has them ended in the order of their names', () => {
    const jobs = ['ml', 'bio'].map((account) => ({ user: 'alice', account, isPending: false }));
    expect(sayAll(plan({ people: [person([])], rows: { jobs } }))).toEqual([
      'slurm-jobs-cancel alice bio',
      'slurm-jobs-cancel alice ml',
    ]);
  });

  test('has the default moved to the oldest association of others, which keeps its row', () => {
    const others = [row('legacy', { id: 9 }), row('other', { id: 4 })];
    const found = plan({
      people: [person([], { isEnabled: false })],
      rows: { users: [alice('ml')], associations: [row('ml', { id: 1 }), ...others] },
    });
    expect(sayAll(found)).toEqual([
      'slurm-submit-stop alice ml',
      'slurm-default-set alice other',
      'slurm-association-remove alice ml',
    ]);
    expect(found.refusals).toMatchObject([
      {
        scimId: 'u-alice',
        kind: 'User',
        name: 'alice',
        code: 'slurm-association-foreign',
        detail:
          'alice has no access, and associations that sunk-agent did not make: legacy, other. Remove them: sacctmgr delete user alice',
      },
    ]);
  });

  test('keeps a default of others', () => {
    const found = plan({
      people: [person([])],
      rows: { users: [alice('legacy')], associations: [row('ml'), row('bio'), row('legacy')] },
    });
    expect(sayAll(found).filter((line) => line.includes('default'))).toEqual([]);
    expect(found.refusals).toEqual([]);
  });

  test('is left alone while the guard holds a change of theirs on the node', () => {
    expect(plan({ people: [person([], { isEnabled: false })], rows, held: ['u-alice'] })).toEqual({
      changes: [],
      owned: [],
      refusals: [],
      draining: [],
    });
    expect(plan({ people: [person([], { isEnabled: false })], rows, held: ['u-bob'] }).changes).not.toEqual(
      [],
    );
  });
});

describe('users that sunk-agent made for people who are known no more', () => {
  test('lose what they had, in the order of their names, as people without access', () => {
    const owned: SlurmOwned[] = [
      ...OWNED.slice(0, 2),
      { kind: 'user', name: 'zoe', scimId: 'u-zoe' },
      { kind: 'user', name: 'bob', scimId: 'u-bob' },
    ];
    const rows = {
      users: ['zoe', 'bob'].map((name) => ({ name, defaultAccount: 'ml', adminLevel: 'None' })),
      associations: ['zoe', 'bob'].map((user) => row('ml', { user })),
    };
    const found = plan({ owned, rows });
    expect(sayAll(found).filter((line) => line.includes('remove'))).toEqual([
      'slurm-association-remove bob ml',
      'slurm-association-remove zoe ml',
    ]);
    expect(found.changes[0]).toMatchObject({ scimId: 'u-bob', because: 'has no access', isEnabled: false });
  });

  test('are not those that are listed', () => {
    const rows = { users: [alice('ml')], associations: [row('ml')] };
    expect(plan({ people: [person(['ml'])], rows }).changes).toEqual([]);
  });
});

describe('the default account', () => {
  const rows = {
    users: [alice('ml')],
    associations: [row('bio', { id: 2 }), row('ml', { id: 1 })],
  };

  test('is that of the rule', () => {
    expect(plan({ people: [person(['bio', 'ml'], { defaultAccount: 'bio' })], rows }).changes).toMatchObject([
      { kind: 'slurm-default-set', account: 'bio', because: 'the default by rule' },
    ]);
  });

  test('is the oldest where no rule decides, or where the rule’s is not theirs', () => {
    const younger = { ...rows, users: [alice('bio')] };
    for (const defaultAccount of [null, 'legacy'])
      expect(
        plan({ people: [person(['bio', 'ml'], { defaultAccount })], rows: younger }).changes,
      ).toMatchObject([{ kind: 'slurm-default-set', account: 'ml' }]);
    expect(plan({ people: [person(['bio', 'ml'])], rows: younger }).changes).toMatchObject([
      { because: 'the oldest account is the default' },
    ]);
  });

  test('stays where it is right, and is not set of a user that is made now', () => {
    expect(plan({ people: [person(['bio', 'ml'])], rows }).changes).toEqual([]);
    expect(sayAll(plan({ people: [person(['bio'])] }))).toEqual(['slurm-association-add alice bio']);
  });

  test('moves to a new association where no other stays', () => {
    const one = { users: [alice('bio')], associations: [row('bio')] };
    expect(sayAll(plan({ people: [person(['ml'])], rows: one }))).toContain('slurm-default-set alice ml');
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

test('changes of several people go by kind, then by name', () => {
  const people = ['bob', 'alice'].map((name) => person(['ml', 'bio'], { name, scimId: `u-${name}` }));
  expect(sayAll(plan({ people, owned: OWNED.slice(0, 2) }))).toEqual([
    'slurm-association-add alice ml',
    'slurm-association-add alice bio',
    'slurm-association-add bob ml',
    'slurm-association-add bob bio',
  ]);
});
