// The plan: what it says for each difference, and that applying it leaves nothing to plan.
import { describe, expect, it } from 'vitest';
import type { Binding } from '../../../src/policy/model.ts';
import { computeDesiredState, type DesiredStateInput } from '../../../src/policy/desired-state.ts';
import { planChanges } from '../../../src/plan/plan.ts';
import { fakeFingerprint, makeGroup, makeInput, makeUser, NOW } from '../../support/records/organisation.ts';
import { applyChanges, makeHost, type ModelHost } from '../../support/records/model-host.ts';

/** Takes a host through a sync; answers the changes and the ledger after it. */
function runSync(host: ModelHost, input: DesiredStateInput) {
  const desired = computeDesiredState(input);
  const ledger = new Map(input.bindings.map((binding) => [`${binding.kind} ${binding.scimId}`, binding]));
  for (const binding of desired.bindings) ledger.set(`${binding.kind} ${binding.scimId}`, binding);
  const changes = planChanges(desired, host);
  applyChanges(host, changes);
  return { changes, bindings: [...ledger.values()], desired };
}

function startInSync(): { host: ModelHost; bindings: Binding[] } {
  const host = makeHost();
  const { bindings } = runSync(host, makeInput());
  return { host, bindings };
}

const summarise = (changes: readonly { kind: string; name: string }[]): string[] =>
  changes.map(({ kind, name }) => `${kind} ${name}`);

describe('planChanges', () => {
  it('builds a fresh host in the order in which nothing is granted before it is whole', () => {
    const host = makeHost();
    const { changes } = runSync(host, makeInput());
    expect(summarise(changes)).toEqual([
      'group-create slurm-admins',
      'group-create slurm-users',
      'group-create sunk-users',
      'account-create alice',
      'account-create bob',
      'home-create alice',
      'home-create bob',
      'member-add slurm-admins',
      'member-add slurm-users',
      'member-add slurm-users',
      'sudoers-write sunk-agent',
      'keys-write alice',
      'keys-write bob',
    ]);
    expect(changes.every(({ because }) => because.length > 5)).toBe(true);
  });

  it('is empty once it was applied', () => {
    const { host, bindings } = startInSync();
    expect(runSync(host, makeInput({ bindings })).changes).toEqual([]);
  });

  it('takes the keys first, then the account, sessions and groups, when a user leaves', () => {
    const { host, bindings } = startInSync();
    host.sessions.add(20100);
    const users = [makeUser('alice', 20100, { active: false }), makeUser('bob', 20200)];
    const { changes, desired } = runSync(host, makeInput({ users, bindings }));
    expect(summarise(changes)).toEqual([
      'keys-remove alice',
      'account-close alice',
      'sudoers-remove sunk-agent',
      'sessions-end alice',
      'member-remove slurm-admins',
      'member-remove slurm-users',
      'jobs-disable alice',
    ]);
    expect(desired.bindings).toMatchObject([{ scimId: 'u-alice', disabledAt: NOW }]);
    expect(host.accounts.get('alice')).toMatchObject({
      expiryDay: 1,
      entry: { uid: 20100, shell: '/usr/sbin/nologin' },
    });
    expect(changes[1]!.because).toBe('the store says active: false');
  });

  it('gives everything back to a user who comes back', () => {
    const { host, bindings } = startInSync();
    const before = structuredClone(host);
    const users = [makeUser('alice', 20100, { active: false }), makeUser('bob', 20200)];
    const left = runSync(host, makeInput({ users, bindings }));
    const { changes } = runSync(host, makeInput({ bindings: left.bindings }));
    expect(summarise(changes)).toEqual([
      'account-reopen alice',
      'member-add slurm-admins',
      'member-add slurm-users',
      'sudoers-write sunk-agent',
      'jobs-restore alice',
      'keys-write alice',
    ]);
    expect(host).toEqual(before);
  });

  it('removes a disabled line when the retention is over, and never gives its uid to anybody', () => {
    const { host, bindings } = startInSync();
    const users = [makeUser('alice', 20100, { active: false }), makeUser('bob', 20200)];
    const left = runSync(host, makeInput({ users, bindings }));
    const later = NOW + 90 * 86_400;
    expect(
      runSync(host, makeInput({ users, bindings: left.bindings, now: later - 1, completeAt: later - 1 }))
        .changes,
    ).toEqual([]);
    const gone = runSync(host, makeInput({ users, bindings: left.bindings, now: later, completeAt: later }));
    expect(summarise(gone.changes)).toEqual(['account-remove alice']);
    const thief = makeUser('thief', 20100, { created: '2020-01-01T00:00:00Z' });
    const groups = [makeGroup('users', 31000, ['u-alice', 'u-bob', 'u-thief'], { name: 'slurm-users' })];
    const { desired } = runSync(
      host,
      makeInput({ users: [...users, thief], groups, bindings: gone.bindings, now: later }),
    );
    expect(desired.refusals).toContainEqual(
      expect.objectContaining({ scimId: 'u-thief', code: 'uid-bound' }),
    );
  });

  it('says which keys come and go, and calls a moved expiry a renewal', () => {
    const { host, bindings } = startInSync();
    const users = [makeUser('alice', 20100, { keys: ['other'] }), makeUser('bob', 20200)];
    const { changes } = runSync(host, makeInput({ users, bindings }));
    expect(changes).toMatchObject([
      { kind: 'keys-write', gained: [fakeFingerprint('other')], lost: [fakeFingerprint('key of alice')] },
    ]);
    const renewed = { ...makeUser('bob', 20200), confirmedAt: NOW };
    const again = runSync(host, makeInput({ users: [users[0]!, renewed], bindings }));
    expect(again.changes).toMatchObject([{ kind: 'keys-write', name: 'bob', gained: [], lost: [] }]);
  });
});
