// What one decision is made of beyond desired state, plan and guard: freezes, followers, adoption, and what it reports.
import { describe, expect, test } from 'vitest';
import { planSync, type SyncInput } from '../../../../src/plan/sync/plan-sync.ts';
import type { HostState } from '../../../../src/plan/host-state.ts';
import {
  fakeFingerprint,
  makeConfig,
  makeInput,
  makeUser,
  NOW,
} from '../../../support/records/organisation.ts';
import { applyChanges, makeHost, type ModelHost, toHostState } from '../../../support/records/model-host.ts';

function sync(host: ModelHost | HostState, more: Partial<SyncInput> = {}) {
  const { facts: _facts, nameServices: _nameServices, ...input } = makeInput();
  return planSync({
    ...input,
    host: 'own' in host ? host : toHostState(host),
    inherited: [],
    answers: null,
    approved: new Set<string>(),
    frozenUntil: 0,
    guardRecord: { done: [], heldSince: new Map() },
    isRecordable: true,
    ...more,
  });
}

const withKeysOfAlice = (keys: string[]) => [makeUser('alice', 20_100, { keys }), makeUser('bob', 20_200)];

/** A host that agrees with alice and bob. */
function makeSynced(keys = ['key of alice']): { host: ModelHost; bindings: SyncInput['bindings'] } {
  const host = makeHost();
  const { verdict, bindings } = sync(host, { users: withKeysOfAlice(keys) });
  applyChanges(host, verdict.go);
  return { host, bindings };
}

const namesOf = (changes: readonly { kind: string; name: string }[]): string[] =>
  changes.map(({ kind, name }) => `${kind} ${name}`);
const reasons = ({ verdict }: ReturnType<typeof sync>): string[] => verdict.held.map(({ reason }) => reason);

describe('while the node is frozen', () => {
  test('no access is granted, and the reason is how to end it', () => {
    const plan = sync(makeHost(), { frozenUntil: NOW + 1 });
    expect(namesOf(plan.verdict.go).filter((line) => line.startsWith('keys-write'))).toEqual([]);
    expect(reasons(plan).join()).toContain('sunk-agent thaw');
  });

  test('until the very second of its end', () => {
    expect(reasons(sync(makeHost(), { frozenUntil: NOW }))).toEqual([]);
    expect(reasons(sync(makeHost(), { frozenUntil: 0 }))).toEqual([]);
  });

  test('an explicit revocation goes on', () => {
    const { host, bindings } = makeSynced();
    const users = [makeUser('alice', 20_100, { active: false }), makeUser('bob', 20_200)];
    const { verdict } = sync(host, { users, bindings, frozenUntil: NOW + 1 });
    expect(namesOf(verdict.go)).toContain('keys-remove alice');
    expect(namesOf(verdict.go)).toContain('account-close alice');
  });

  test('of exchanged keys the old one leaves, and the new one waits', () => {
    const { host, bindings } = makeSynced(['first', 'second']);
    const users = withKeysOfAlice(['first', 'third']);
    const frozen = sync(host, { users, bindings, frozenUntil: NOW + 1 });
    expect(frozen.verdict.go).toMatchObject([
      { kind: 'keys-write', gained: [], lost: [fakeFingerprint('second')] },
    ]);
    expect(frozen.verdict.held.flatMap(({ changes }) => changes)).toMatchObject([
      { kind: 'keys-write', gained: [fakeFingerprint('third')], lost: [] },
    ]);
    expect(sync(host, { users, bindings }).verdict.go).toMatchObject([
      { gained: [fakeFingerprint('third')], lost: [fakeFingerprint('second')] },
    ]);
  });
});

describe('while the state database cannot be written', () => {
  test('no access is granted, and the reason says so, whatever the freeze', () => {
    for (const frozenUntil of [0, NOW + 60]) {
      const plan = sync(makeHost(), { isRecordable: false, frozenUntil });
      expect(namesOf(plan.verdict.go).filter((line) => line.startsWith('keys-write'))).toEqual([]);
      expect(reasons(plan).join()).toContain('the state database cannot be written');
      expect(reasons(plan).join()).not.toContain('thaw');
    }
  });
});

describe('a follower of a publication', () => {
  const config = makeConfig(`
access: { groups: [{ name: slurm-users, id: g-users }] }
accounts: { domains: [example.com], backend: published }
`);
  test('plans its own things, and no account, group or member', () => {
    const kinds = new Set(sync(makeHost(), { config }).changes.map(({ kind }) => kind.split('-')[0]));
    expect(kinds.has('keys')).toBe(true);
    for (const kind of ['account', 'group', 'member']) expect(kinds.has(kind), kind).toBe(false);
    const own = new Set(sync(makeHost()).changes.map(({ kind }) => kind.split('-')[0]));
    for (const kind of ['account', 'group', 'member', 'keys']) expect(own.has(kind), kind).toBe(true);
  });
});

describe('accounts of the managed group that are not managed', () => {
  const withStray = (): ModelHost => {
    const { host } = makeSynced();
    const entry = { name: 'stray', uid: 777, gid: 777, gecos: '', dir: '/home/stray', shell: '/bin/bash' };
    host.accounts.set('stray', { entry, expiryDay: null });
    const managed = host.groups.get('sunk-users');
    if (managed === undefined) throw new Error('the managed group is missing');
    host.groups.set('sunk-users', { ...managed, members: [...managed.members, 'stray'].sort() });
    return host;
  };

  test('are named where this node enforces', () => {
    expect(sync(withStray()).notInStore).toEqual([{ name: 'stray', isDisabled: false, hasKeys: false }]);
  });

  test('are not this node’s to name where it observes', () => {
    const config = { ...makeInput().config, mode: 'observe' } as const;
    expect(sync(withStray(), { config }).notInStore).toEqual([]);
  });
});

describe('the ledger', () => {
  test('gets new bindings, and none that it has', () => {
    const { host, bindings } = makeSynced();
    expect(bindings.map(({ scimId }) => scimId).sort()).toEqual(['g-admins', 'g-users', 'u-alice', 'u-bob']);
    expect(sync(host, { bindings }).bindings).toEqual([]);
  });

  test('that was lost gets the host’s names and ids back before anything is planned', () => {
    const { host, bindings } = makeSynced();
    const plan = sync(host, { bindings: [] });
    expect(namesOf(plan.changes)).toEqual([]);
    const accounts = (list: SyncInput['bindings']) =>
      list.filter(({ kind }) => kind === 'account').map(({ scimId, name, id }) => ({ scimId, name, id }));
    expect(accounts(plan.bindings)).toEqual(accounts(bindings));
  });

  test('keeps a person enabled whose revocation waits', () => {
    const { host, bindings } = makeSynced();
    const users = [makeUser('alice', 20_100), makeUser('bob', 20_200)].map((user) => ({
      ...user,
      absent: true,
    }));
    const plan = sync(host, { users, bindings });
    expect(plan.verdict.held.length).toBeGreaterThan(0);
    const recorded = new Map(bindings.map((binding) => [binding.scimId, binding]));
    for (const binding of plan.bindings) recorded.set(binding.scimId, binding);
    for (const id of ['u-alice', 'u-bob']) expect(recorded.get(id)?.disabledAt, id).toBe(null);
  });
});

test('a person who was created again is named, and the decision stays without their account', () => {
  const { host, bindings } = makeSynced();
  const again = makeUser('alice', 20_100, { id: 'u-again', created: '2026-06-01T00:00:00Z' });
  const groups = makeInput().groups.map((group) => ({
    ...group,
    record: {
      ...group.record,
      members: group.record.members.map((id) => (id === 'u-alice' ? 'u-again' : id)),
    },
  }));
  const gone = { ...makeUser('alice', 20_100), absent: true };
  const plan = sync(host, { users: [gone, again, makeUser('bob', 20_200)], groups, bindings });
  expect(plan.stranded).toMatchObject([{ kind: 'account', from: 'u-alice', to: 'u-again' }]);
  expect(sync(host, { bindings }).stranded).toEqual([]);
});

test('an id that was moved is asked about as the host still has it, until the sync has changed it', () => {
  const { host, bindings } = makeSynced();
  const moved = bindings.map((binding) =>
    binding.scimId === 'u-alice' ? { ...binding, id: 20_500 } : binding,
  );
  const former = [{ kind: 'account', from: 'u-old', to: 'u-alice', name: 'alice', id: 20_100 } as const];
  const plan = sync(host, { bindings: moved, former });
  expect(plan.actual.accounts.get('alice')?.entry.uid).toBe(20_100);
  expect(plan.desired.accounts.find(({ entry }) => entry.name === 'alice')?.entry.uid).toBe(20_500);
});
