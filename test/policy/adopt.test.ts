import { describe, expect, it } from 'vitest';
import { planChanges } from '../../src/plan/plan.ts';
import { adoptLost } from '../../src/policy/adopt.ts';
import { desire } from '../../src/policy/desire.ts';
import type { NodeFacts } from '../../src/policy/desired.ts';
import { makeHost } from '../plan/model-host.ts';
import { FACTS, makeGroup, makeInput, makeUser } from './organisation.ts';

const line = (name: string, uid: number) => ({ name, uid, gid: 9999, dir: `/home/${name}` });

/** The node after the ledger was lost: alice and bob bear the mark, and so does a group of theirs. */
const LOST: NodeFacts = {
  ...FACTS,
  marked: [line('alice', 20100), line('bob', 20200)],
  foreignGroups: [...FACTS.foreignGroups, { name: 'slurm-admins', gid: 31001, members: ['alice'] }],
};

function adopt(more: Parameters<typeof makeInput>[0] = {}) {
  return adoptLost(makeInput({ bindings: [], facts: LOST, ...more }));
}

const names = (bindings: ReturnType<typeof adopt>) => bindings.map(({ kind, name }) => `${kind} ${name}`);

describe('when the ledger was lost', () => {
  it('takes back the accounts and groups that agree with the store, with the home that they have', () => {
    const facts = {
      ...LOST,
      marked: [line('alice', 20100), { ...line('bob', 20200), dir: '/mnt/home/bob' }],
    };
    const bindings = adopt({ facts });
    expect(names(bindings)).toEqual(['account alice', 'account bob', 'group slurm-admins']);
    expect(bindings[1]).toMatchObject({ scimId: 'u-bob', id: 20200, gid: 9999, home: '/mnt/home/bob' });
  });

  it('takes back who is inactive or in no group, so that they are closed', () => {
    const users = [makeUser('alice', 20100), makeUser('bob', 20200, { active: false })];
    const bindings = adopt({ users });
    expect(names(bindings)).toContain('account bob');
    const host = desire(makeInput({ users, bindings, facts: FACTS }));
    expect(host.accounts.map(({ entry, closed }) => [entry.name, closed])).toEqual([
      ['alice', null],
      ['bob', 'inactive'],
    ]);
  });

  it('does not take back a line with another uid, nor a second person of that name', () => {
    expect(names(adopt({ users: [makeUser('alice', 20101)] }))).toEqual(['group slurm-admins']);
    const twice = [
      makeUser('alice', 20100, { created: '2026-02-01T00:00:00Z' }),
      makeUser('alice', 20100, { id: 'u-first', created: '2026-01-01T00:00:00Z' }),
    ];
    expect(adopt({ users: twice }).filter(({ kind }) => kind === 'account')).toMatchObject([
      { scimId: 'u-first', name: 'alice' },
    ]);
  });

  it('does not take a group in which a stranger is, which has another gid, or which nobody asked for', () => {
    const withGroup = (group: { name: string; gid: number; members: string[] }) =>
      names(adopt({ facts: { ...LOST, foreignGroups: [group] } })).filter((name) => name.startsWith('group'));
    expect(withGroup({ name: 'slurm-admins', gid: 31001, members: ['alice', 'bob'] })).toHaveLength(1);
    expect(withGroup({ name: 'slurm-admins', gid: 31001, members: ['alice', 'localhero'] })).toEqual([]);
    expect(withGroup({ name: 'slurm-admins', gid: 31002, members: [] })).toEqual([]);
    const others = [makeGroup('others', 31005, [])];
    const facts = { ...LOST, foreignGroups: [{ name: 'others', gid: 31005, members: [] }] };
    expect(names(adopt({ groups: others, facts }))).toEqual(['account alice', 'account bob']);
  });

  it('asks for nothing while the ledger knows everybody', () => {
    const bindings = adopt();
    expect(adopt({ bindings, facts: FACTS })).toEqual([]);
  });
});

describe('a line that bears the mark, and whom neither the ledger nor the store knows', () => {
  const ghost = { name: 'ghost', uid: 20300, gid: 9999, dir: '/home/ghost' };
  const facts: NodeFacts = { ...FACTS, marked: [ghost] };

  function plan(isWhole: boolean) {
    const desired = desire(makeInput({ users: [], groups: [], facts, isWhole }));
    const entry = { name: 'ghost', uid: 20300, gid: 9999, gecos: '', dir: '/home/ghost', shell: '/bin/bash' };
    const actual = { ...makeHost(), accounts: new Map([['ghost', { entry, expiryDay: null }]]) };
    const keyFiles = new Map([['ghost', 'ssh-ed25519 AAAA u-ghost\n']]);
    return planChanges(desired, { ...actual, keyFiles, sessions: new Set([20300]) }).map(
      ({ kind, name }) => `${kind} ${name}`,
    );
  }

  it('keeps account and keys as long as the store was not heard whole', () => {
    expect(plan(false)).toEqual([]);
  });

  it('loses keys, account and sessions once it was', () => {
    expect(plan(true)).toEqual([
      'keys-remove ghost',
      'account-close ghost',
      'sessions-end ghost',
      'jobs-disable ghost',
    ]);
  });
});
