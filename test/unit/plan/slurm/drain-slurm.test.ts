// Running jobs that go on after the account is lost, until the rule's time is over.
import { describe, expect, it } from 'vitest';
import { slurm as slurmConfig } from '../../../../src/config/slurm.ts';
import { planSlurm } from '../../../../src/plan/slurm/plan-slurm.ts';
import { computeDesiredSlurm } from '../../../../src/policy/slurm/desired-slurm.ts';
import { makeFakeSlurm } from '../../../support/slurm/fake-slurm.ts';
import { makeGroup } from '../../../support/records/organisation.ts';

const HOUR = 3600;
const STOPPED_AT = 1_800_000_000;

interface Case {
  readonly now: number;
  readonly isStopped?: boolean;
  readonly isEnabled?: boolean;
  readonly isBlocked?: boolean;
  readonly isKnown?: boolean;
  readonly uid?: number;
  readonly isControllerDown?: boolean;
  readonly drain?: string | null;
  readonly jobs?: readonly ('running' | 'pending')[];
}

/** alice is in ml no more, and has jobs there. */
function plan({
  now,
  isStopped = true,
  isEnabled = true,
  isBlocked = false,
  isKnown = true,
  uid = 20_000,
  isControllerDown = false,
  drain = '1h',
  jobs = ['running'],
}: Case) {
  const slurm = makeFakeSlurm([['alice', uid]]);
  slurm.accounts.push({ ...slurm.accounts[0]!, name: 'ml', parent: 'root' });
  slurm.users.push({ name: 'alice', defaultAccount: 'ml' });
  slurm.resolved.set('alice', uid);
  slurm.associations.push({ id: 9, account: 'ml', user: 'alice', partition: '', isStopped });
  for (const kind of jobs) slurm.jobs.push({ user: 'alice', account: 'ml', isPending: kind === 'pending' });
  slurm.isControllerDown = isControllerDown;
  const rules = [{ group: 'ml', ...(drain === null ? {} : { drain }) }];
  const { changes, draining } = planSlurm({
    desired: computeDesiredSlurm({
      config: { slurm: slurmConfig.parse({ mode: 'enforce', rules }) },
      groups: [makeGroup('ml', null, [])],
      people: [{ scimId: 'u-alice', name: 'alice', uid: 20_000, isEnabled }],
    }),
    rows: slurm.read(),
    owned: [
      { cluster: 'fake', kind: 'account', name: 'ml', scimId: 'g-ml' },
      { cluster: 'fake', kind: 'user', name: 'alice', scimId: 'u-alice' },
    ],
    held: new Set(),
    stops: {
      now,
      at: new Map(isKnown ? [['alice ml', STOPPED_AT]] : []),
      blocked: new Set(isBlocked ? ['u-alice'] : []),
    },
  });
  const said = changes.map((change) =>
    change.kind === 'slurm-jobs-cancel' && change.isPendingOnly ? 'cancel pending' : change.kind,
  );
  return { said, until: draining.map((one) => one.until) };
}

const END = { said: ['slurm-jobs-cancel', 'slurm-association-remove'], until: [] };
const WITHIN = STOPPED_AT + HOUR - 1;

describe('a rule with drain', () => {
  it('stops submissions at once, cancels what is pending, and lets run what runs', () => {
    expect(plan({ now: STOPPED_AT, isStopped: false, jobs: ['running', 'pending'] })).toEqual({
      said: ['slurm-submit-stop', 'cancel pending'],
      until: [STOPPED_AT + HOUR],
    });
    expect(plan({ now: WITHIN })).toEqual({ said: [], until: [STOPPED_AT + HOUR] });
  });

  it('ends it all when the time is over', () => {
    expect(plan({ now: STOPPED_AT + HOUR })).toEqual(END);
  });

  it('removes the association as soon as nothing runs', () => {
    expect(plan({ now: WITHIN, jobs: [] }).said).toEqual(['slurm-association-remove']);
    expect(plan({ now: WITHIN, jobs: ['pending'] })).toEqual(END);
  });

  it('counts for a person without access too, and not for one who is blocked', () => {
    expect(plan({ now: WITHIN, isEnabled: false }).said).toEqual([]);
    expect(plan({ now: WITHIN, isEnabled: false, isBlocked: true })).toEqual(END);
  });

  it.each<[string, Partial<Case>]>([
    ['the time of the stop is not known', { isKnown: false }],
    ['the controller has another uid for the name', { uid: 31_000 }],
    ['the rule has none', { drain: null }],
  ])('lets nothing run where %s', (_, more) => {
    expect(plan({ now: WITHIN, ...more })).toEqual(END);
  });

  it('does nothing more than the stop while the jobs are not known', () => {
    expect(plan({ now: WITHIN, isStopped: false, isControllerDown: true }).said).toEqual([
      'slurm-submit-stop',
    ]);
    expect(plan({ now: WITHIN, isControllerDown: true }).said).toEqual([]);
  });
});
