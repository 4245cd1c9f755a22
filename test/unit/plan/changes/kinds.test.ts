// Each kind of change: how a plan says it, what it takes or gives, what it needs, and what an auditor asks of it later.
import { describe, expect, it } from 'vitest';
import { APPLIERS } from '../../../../src/host/appliers.ts';
import {
  type Change,
  CHANGE_ORDER,
  type ChangeKind,
  describeKind,
  EARLIER_FAILED,
  isRevocation,
  restsOn,
} from '../../../../src/plan/change.ts';
import type { Effect } from '../../../../src/plan/changes/descriptor.ts';
import type { DesiredAccount, DisabledBecause } from '../../../../src/policy/model.ts';
import { renderSudoers } from '../../../../src/policy/sudoers.ts';

const ann = { scimId: 'u-ann', name: 'ann', because: '' };
const team = { scimId: 'g-team', name: 'team', because: '' };
const sudo = { scimId: null, name: 'sunk-agent', because: '' };
const entry = { name: 'ann', uid: 20001, gid: 9999, gecos: '', dir: '/home/ann', shell: '/bin/bash' };
const settings = {
  parent: 'root',
  qos: ['normal', 'high'],
  defaultQos: 'normal',
  fairshare: 10,
  limits: { GrpJobs: '5', MaxJobs: '-1' },
};
const NO_SETTINGS = { parent: null, qos: null, defaultQos: null, fairshare: null, limits: {} };

/** One change of each kind. */
const SAMPLES: Readonly<Record<ChangeKind, Change>> = {
  'keys-remove': { ...ann, kind: 'keys-remove' },
  'account-close': { ...ann, kind: 'account-close', entry, reason: 'inactive' },
  'sudoers-remove': { ...sudo, kind: 'sudoers-remove', leavers: [] },
  'sudoers-revoke': {
    ...sudo,
    kind: 'sudoers-revoke',
    text: '',
    leavers: ['ann', 'bob'].map((name, n) => ({ scimId: null, name, uid: n, keepsAccount: true })),
  },
  'sessions-end': { ...ann, kind: 'sessions-end', uid: 20001 },
  'root-shells-end': { ...ann, kind: 'root-shells-end', uid: 20001 },
  'member-remove': { ...team, kind: 'member-remove', member: 'ann' },
  'group-remove': { ...team, kind: 'group-remove', gid: 31000 },
  'jobs-disable': { ...ann, kind: 'jobs-disable', uid: 20001, needsHook: false },
  'account-remove': { ...ann, kind: 'account-remove', entry },
  'group-inherit': { ...team, kind: 'group-inherit', line: '', gid: 31000 },
  'group-create': { ...team, kind: 'group-create', gid: 31000 },
  'group-alter': { ...team, kind: 'group-alter', before: 31000, gid: 31001 },
  'account-inherit': { ...ann, kind: 'account-inherit', line: '', keys: null, uid: 20001, isDisabled: false },
  'account-create': { ...ann, kind: 'account-create', entry },
  'account-alter': { ...ann, kind: 'account-alter', before: { ...entry, gid: 5, shell: '/bin/sh' }, entry },
  'account-reopen': { ...ann, kind: 'account-reopen', entry },
  'home-create': { ...ann, kind: 'home-create', uid: 20001, gid: 9999, dir: '/home/ann' },
  'member-add': { ...team, kind: 'member-add', member: 'ann', sudo: false },
  'sudoers-write': { ...sudo, kind: 'sudoers-write', text: '' },
  'jobs-restore': { ...ann, kind: 'jobs-restore', uid: 20001, home: '/home/ann' },
  'keys-write': { ...ann, kind: 'keys-write', until: null, text: '', gained: ['a'], lost: [] },
  'hook-run': { ...ann, kind: 'hook-run', uid: 20001 },
  'slurm-submit-stop': { ...ann, kind: 'slurm-submit-stop', account: 'lab', isEnabled: true },
  'slurm-jobs-cancel': {
    ...ann,
    kind: 'slurm-jobs-cancel',
    account: 'lab',
    isEnabled: true,
    isPendingOnly: false,
  },
  'slurm-account-add': { ...team, kind: 'slurm-account-add', settings },
  'slurm-account-alter': { ...team, kind: 'slurm-account-alter', settings, raises: true },
  'slurm-association-add': {
    ...ann,
    kind: 'slurm-association-add',
    account: 'lab',
    uid: 20001,
    isFirst: true,
  },
  'slurm-submit-allow': { ...ann, kind: 'slurm-submit-allow', account: 'lab' },
  'slurm-default-set': { ...ann, kind: 'slurm-default-set', account: 'lab' },
  'slurm-association-remove': { ...ann, kind: 'slurm-association-remove', account: 'lab', isEnabled: true },
};

const say = (change: Change): string => {
  const kind = describeKind(change);
  return `${kind.sign(change)} ${kind.phrase.replace('%', change.name)}${kind.details(change)}`;
};
const KINDS = Object.entries(SAMPLES) as [ChangeKind, Change][];
const account = (disabled: DisabledBecause | null, keys: number): DesiredAccount =>
  ({ disabled, credentials: Array.from({ length: keys }) }) as unknown as DesiredAccount;

describe('a plan', () => {
  it('has a sample of each kind here, and no kind without a descriptor', () => {
    expect(Object.keys(SAMPLES).sort()).toEqual([...CHANGE_ORDER].sort());
    const unknown = { kind: 'party-throw' } as unknown as Change;
    expect(() => describeKind(unknown)).toThrow('no descriptor for changes of the kind party-throw');
  });

  it.each<[ChangeKind, string]>([
    ['keys-remove', '- keys of ann'],
    ['account-close', '- account ann disabled'],
    ['sudoers-remove', '- sudo rules'],
    ['sudoers-revoke', '- sudo rules of ann, bob'],
    ['sessions-end', '- sessions of ann'],
    ['root-shells-end', '- root shells of ann'],
    ['member-remove', '- member of group team: ann'],
    ['group-remove', '- group team: gid 31000'],
    ['jobs-disable', '- cron and at jobs and lingering of ann'],
    ['account-remove', '- account ann removed'],
    ['group-inherit', '+ group team: gid 31000, published as it is'],
    ['group-create', '+ group team: gid 31000'],
    ['group-alter', '~ group team: gid 31000 -> 31001'],
    ['account-inherit', '+ account ann: uid 20001, published as it is'],
    ['account-create', '+ account ann: uid 20001, gid 9999, /home/ann, /bin/bash'],
    ['account-alter', '~ account ann: gid 5 -> 9999, shell "/bin/sh" -> "/bin/bash"'],
    ['account-reopen', '+ account ann enabled: uid 20001, gid 9999, /home/ann, /bin/bash'],
    ['home-create', '+ home of ann: /home/ann'],
    ['member-add', '+ member of group team: ann'],
    ['sudoers-write', '~ sudo rules'],
    ['jobs-restore', '+ cron and at jobs and lingering of ann'],
    ['keys-write', '+ keys of ann'],
    ['hook-run', '- off-boarding hook for ann'],
    ['slurm-submit-stop', '- Slurm submissions of ann in lab'],
    ['slurm-jobs-cancel', '- Slurm jobs of ann in lab'],
    [
      'slurm-account-add',
      '+ Slurm account team: parent root, QOS normal,high, default QOS normal, shares 10, GrpJobs 5, MaxJobs without',
    ],
    [
      'slurm-account-alter',
      '~ Slurm account team: parent root, QOS normal,high, default QOS normal, shares 10, GrpJobs 5, MaxJobs without',
    ],
    ['slurm-association-add', '+ Slurm association of ann in lab'],
    ['slurm-submit-allow', '+ Slurm submissions of ann in lab'],
    ['slurm-default-set', '~ Slurm default account of ann: lab'],
    ['slurm-association-remove', '- Slurm association of ann in lab'],
  ])('says %s', (kind, expected) => expect(say(SAMPLES[kind])).toBe(expected));

  it.each<[string, Change]>([
    ['- sudo rules', { ...sudo, kind: 'sudoers-revoke', text: '', leavers: [] }],
    [
      '+ account ann: uid 20001, published disabled',
      { ...ann, kind: 'account-inherit', line: '', keys: null, uid: 20001, isDisabled: true },
    ],
    ['+ member of group team: ann, with sudo', { ...team, kind: 'member-add', member: 'ann', sudo: true }],
    ['- keys of ann', { ...ann, kind: 'keys-write', until: null, text: '', gained: [], lost: ['a'] }],
    ['~ keys of ann', { ...ann, kind: 'keys-write', until: null, text: '', gained: ['b'], lost: ['a'] }],
    ['~ keys of ann', { ...ann, kind: 'keys-write', until: null, text: '', gained: [], lost: [] }],
    [
      '- Slurm jobs of ann in lab, the pending ones',
      { ...ann, kind: 'slurm-jobs-cancel', account: 'lab', isEnabled: true, isPendingOnly: true },
    ],
    ['+ Slurm account team', { ...team, kind: 'slurm-account-add', settings: NO_SETTINGS }],
  ])('says %s', (expected, change) => expect(say(change)).toBe(expected));
});

describe('an applier', () => {
  it.each(KINDS)('is there for %s', (kind, change) => {
    const { applier } = describeKind(change);
    // The worker of slurm/ applies Slurm's beside the syncs.
    if (kind.startsWith('slurm-')) expect(applier).toBe('slurm');
    else expect([...APPLIERS.keys()]).toContain(applier);
  });

  it('sees sessions end and hooks run only after other pods see the account disabled', () => {
    const late = KINDS.filter(([, change]) => describeKind(change).afterPublication);
    expect(late.map(([kind]) => kind).sort()).toEqual(['hook-run', 'sessions-end']);
  });

  it('of key files alone writes what a publication shows beside the account files', () => {
    const written = (what: string) =>
      KINDS.filter(([, change]) => describeKind(change).writes === what).map(([kind]) => kind);
    expect(written('keys').sort()).toEqual(['keys-remove', 'keys-write']);
    expect(written('accounts').every((kind) => /^(?:account|group|member)-/.test(kind))).toBe(true);
    expect(written('accounts')).toHaveLength(12);
  });
});

describe('a change rests on what failed', () => {
  const failed = (...subjects: string[]) => new Set(subjects);

  it('and says so', () => expect(EARLIER_FAILED).toMatch(/earlier step .*failed/));

  it('where it gives something for the account or group that it is for', () => {
    expect(restsOn(SAMPLES['keys-write'], failed('account ann'))).toBe(true);
    expect(restsOn(SAMPLES['keys-write'], failed('account bob', 'group ann'))).toBe(false);
    expect(restsOn(SAMPLES['group-create'], failed('group team'))).toBe(true);
    expect(restsOn(SAMPLES['group-inherit'], failed('group team'))).toBe(true);
    expect(restsOn(SAMPLES['group-inherit'], failed('account team'))).toBe(false);
    expect(restsOn(SAMPLES['home-create'], failed())).toBe(false);
  });

  it('and a membership on both the group and the member', () => {
    expect(restsOn(SAMPLES['member-add'], failed('group team'))).toBe(true);
    expect(restsOn(SAMPLES['member-add'], failed('account ann'))).toBe(true);
    expect(restsOn(SAMPLES['member-add'], failed('account team'))).toBe(false);
  });

  it('but never where it takes something away', () => {
    for (const change of Object.values(SAMPLES).filter(isRevocation))
      expect(restsOn(change, failed('account ann', 'group team', 'account sunk-agent'))).toBe(false);
  });

  it('as its kind names what it leaves spoiled', () => {
    const spoils = (kind: ChangeKind) => describeKind(SAMPLES[kind]).spoils(SAMPLES[kind]);
    expect(spoils('account-create')).toEqual(['account ann']);
    expect(spoils('group-create')).toEqual(['group team']);
    expect(spoils('group-inherit')).toEqual(['group team']);
    expect(spoils('member-add')).toEqual([]);
    expect(spoils('slurm-association-add')).toEqual([]);
  });
});

describe('what the guard makes of a kind', () => {
  it('is a group’s, or a Slurm account’s, where no person is meant', () => {
    const ofGroups = KINDS.filter(([, change]) => describeKind(change).unit === 'Group');
    expect(ofGroups.map(([kind]) => kind).sort()).toEqual([
      'group-alter',
      'group-create',
      'group-inherit',
      'group-remove',
      'slurm-account-add',
      'slurm-account-alter',
    ]);
  });

  const effectOf = (change: Change, person?: DesiredAccount): Effect =>
    describeKind(change).effect(change, person);

  it.each<[ChangeKind, Effect, Effect, Effect]>([
    // For an enabled person, a disabled one, and one who is to have no account.
    ['keys-remove', 'none', 'close', 'lose-keys'],
    ['account-close', 'close', 'close', 'close'],
    ['sessions-end', 'none', 'close', 'none'],
    ['jobs-disable', 'none', 'close', 'none'],
    ['hook-run', 'none', 'close', 'none'],
    ['member-remove', 'leave', 'close', 'leave'],
    ['account-remove', 'remove', 'remove', 'remove'],
    ['account-reopen', 'enable', 'enable', 'enable'],
  ])(
    '%s: %s for the enabled, %s for the disabled, %s without an account',
    (kind, enabled, disabled, none) => {
      expect(effectOf(SAMPLES[kind], account(null, 1))).toBe(enabled);
      expect(effectOf(SAMPLES[kind], account('inactive', 0))).toBe(disabled);
      expect(effectOf(SAMPLES[kind])).toBe(none);
    },
  );

  it('of keys depends on what is left of them', () => {
    const write = (gained: string[], lost: string[]): Change => ({
      ...ann,
      kind: 'keys-write',
      until: null,
      text: '',
      gained,
      lost,
    });
    expect(effectOf(write(['b'], []), account(null, 1))).toBe('none');
    expect(effectOf(write([], ['a']), account(null, 1))).toBe('drop-keys');
    expect(effectOf(write(['b'], ['a']), account(null, 2))).toBe('drop-keys');
    expect(effectOf(write(['b'], ['a']), account(null, 1))).toBe('replace-keys');
    expect(effectOf(SAMPLES['keys-remove'], account(null, 0))).toBe('lose-keys');
  });

  it('of sudo and of groups', () => {
    expect(effectOf({ ...team, kind: 'member-add', member: 'ann', sudo: true })).toBe('sudo');
    expect(effectOf(SAMPLES['member-add'])).toBe('none');
    expect(effectOf(SAMPLES['group-remove'])).toBe('drop-group');
  });

  it.each(['slurm-submit-stop', 'slurm-jobs-cancel', 'slurm-association-remove'] as const)(
    'of %s is a loss only where the account still lets in, for else the guard has judged the loss',
    (kind) => {
      const change = SAMPLES[kind] as Change & { readonly isEnabled: boolean };
      expect(effectOf(change)).toBe('lose-association');
      expect(effectOf({ ...change, isEnabled: false } as Change)).toBe('none');
    },
  );

  it('of a Slurm account is a gain where limits rise', () => {
    expect(effectOf(SAMPLES['slurm-account-alter'])).toBe('raise-limits');
    expect(effectOf({ ...team, kind: 'slurm-account-alter', settings, raises: false })).toBe('none');
  });

  it('has in its hash what distinguishes the same effect for the same person', () => {
    const hashed = (change: Change) => describeKind(change).hashed(change);
    expect(hashed({ ...ann, kind: 'keys-write', until: null, text: '', gained: ['b'], lost: ['a'] })).toEqual(
      ['-a', '+b'],
    );
    expect(hashed(SAMPLES['slurm-association-remove'])).toEqual(['lab']);
    expect(hashed(SAMPLES['slurm-account-alter'])).toEqual([JSON.stringify(settings)]);
  });
});

describe('an auditor learns', () => {
  const evidence = (change: Change) => describeKind(change).evidence(change);

  it('who entered and left a group', () => {
    expect(evidence(SAMPLES['member-add'])).toEqual({ member: 'ann' });
    expect(evidence(SAMPLES['member-remove'])).toEqual({ member: 'ann' });
  });

  it('which keys came and went, and until when the file lets in at most', () => {
    const write = (until: number | null): Change => ({
      ...ann,
      kind: 'keys-write',
      text: 'text',
      until,
      gained: ['a'],
      lost: ['b'],
    });
    expect(evidence(write(1_800_000_000))).toEqual({ gained: ['a'], lost: ['b'], until: 1_800_000_000 });
    expect(evidence(write(null))).toEqual({ gained: ['a'], lost: ['b'] });
  });

  it('who has sudo from then on, and until when', () => {
    const text = renderSudoers([20001, 20002], new Map([[20002, 1_800_000_000]]));
    expect(evidence({ ...sudo, kind: 'sudoers-write', text })).toEqual({
      sudo: [20001, 20002],
      sudoEnds: { 20002: 1_800_000_000 },
    });
    expect(
      evidence({ ...sudo, kind: 'sudoers-revoke', text: renderSudoers([20001], new Map()), leavers: [] }),
    ).toEqual({
      sudo: [20001],
    });
    expect(evidence(SAMPLES['sudoers-remove'])).toEqual({ sudo: [] });
  });

  it('of which Slurm account', () => {
    for (const kind of ['slurm-submit-stop', 'slurm-association-add', 'slurm-submit-allow'] as const)
      expect(evidence(SAMPLES[kind])).toEqual({ account: 'lab' });
  });
});

describe('on a frozen node', () => {
  const waits = (kind: ChangeKind, reason: DisabledBecause | null = null): boolean =>
    describeKind(SAMPLES[kind]).waitsInFreeze(SAMPLES[kind], reason);

  it.each(['sudoers-remove', 'root-shells-end', 'account-inherit', 'group-inherit'] as const)(
    'does not wait: %s',
    (kind) => expect(waits(kind)).toBe(false),
  );

  it.each(['sudoers-revoke', 'sudoers-write', 'account-create', 'sessions-end', 'keys-write'] as const)(
    'waits: %s',
    (kind) => expect(waits(kind)).toBe(true),
  );

  it('keys go with what the record no longer lists, and wait with a person who is to be disabled', () => {
    expect(waits('keys-remove')).toBe(false);
    expect(waits('keys-remove', 'absent')).toBe(true);
  });
});
