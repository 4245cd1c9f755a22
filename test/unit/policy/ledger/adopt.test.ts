import { describe, expect, it } from 'vitest';
import { planChanges } from '../../../../src/plan/plan.ts';
import { adoptLost } from '../../../../src/policy/ledger/adopt.ts';
import { readOperatorOverrides, resolveAccess } from '../../../../src/policy/access.ts';
import { computeDesiredState } from '../../../../src/policy/desired-state.ts';
import type { Binding, NodeFacts } from '../../../../src/policy/model.ts';
import { makeHost } from '../../../support/records/model-host.ts';
import {
  FACTS,
  makeBinding,
  makeConfig,
  makeGroup,
  makeInput,
  makeUser,
} from '../../../support/records/organisation.ts';

const line = (name: string, uid: number) => ({ name, uid, gid: 9999, dir: `/home/${name}` });

/** The node after the ledger was lost: alice and bob bear the mark, and so does a group of theirs. */
const LOST: NodeFacts = {
  ...FACTS,
  unbound: [line('alice', 20100), line('bob', 20200)],
  foreignGroups: [...FACTS.foreignGroups, { name: 'slurm-admins', gid: 31001, members: ['alice'] }],
};

function adopt(more: Parameters<typeof makeInput>[0] = {}) {
  const input = makeInput({ bindings: [], facts: LOST, ...more });
  const access = resolveAccess(input.config.access, input.groups);
  return adoptLost({ ...input, access, overrides: readOperatorOverrides(input.config, input.blocked) });
}

const bound = (kind: Binding['kind'], scimId: string, name: string, id: number): Binding =>
  makeBinding(name, id, { kind, scimId, gid: null, home: null });

const names = (bindings: ReturnType<typeof adopt>) => bindings.map(({ kind, name }) => `${kind} ${name}`);

describe('when the ledger was lost', () => {
  it('takes back the accounts and groups that agree with the store, with the home that they have', () => {
    const facts = {
      ...LOST,
      unbound: [line('alice', 20100), { ...line('bob', 20200), dir: '/mnt/home/bob' }],
    };
    const bindings = adopt({ facts });
    expect(names(bindings)).toEqual(['account alice', 'account bob', 'group slurm-admins']);
    expect(bindings[1]).toMatchObject({ scimId: 'u-bob', id: 20200, gid: 9999, home: '/mnt/home/bob' });
  });

  it('takes back who is inactive or in no group, so that they are disabled', () => {
    const users = [makeUser('alice', 20100), makeUser('bob', 20200, { active: false })];
    const bindings = adopt({ users });
    expect(names(bindings)).toContain('account bob');
    const host = computeDesiredState(makeInput({ users, bindings, facts: FACTS }));
    expect(host.accounts.map(({ entry, disabled: closed }) => [entry.name, closed])).toEqual([
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

  it('does not take a group in which a stranger is, which has another gid, or which no one asked for', () => {
    const withGroup = (group: { name: string; gid: number; members: string[] }) =>
      names(adopt({ facts: { ...LOST, foreignGroups: [group] } })).filter((name) => name.startsWith('group'));
    expect(withGroup({ name: 'slurm-admins', gid: 31001, members: ['alice', 'bob'] })).toHaveLength(1);
    expect(withGroup({ name: 'slurm-admins', gid: 31001, members: ['alice', 'localhero'] })).toEqual([]);
    expect(withGroup({ name: 'slurm-admins', gid: 31002, members: [] })).toEqual([]);
    const others = [makeGroup('others', 31005, [])];
    const facts = { ...LOST, foreignGroups: [{ name: 'others', gid: 31005, members: [] }] };
    expect(names(adopt({ groups: others, facts }))).toEqual(['account alice', 'account bob']);
  });

  it('gives an account the primary group of its line, and what is the rule here where the line does not say', () => {
    const facts = {
      ...LOST,
      unbound: [
        { ...line('alice', 20100), gid: 20100 },
        { ...line('bob', 20200), dir: '/mnt/bob' },
      ],
    };
    expect(adopt({ facts }).filter(({ kind }) => kind === 'account')).toEqual([
      { ...bound('account', 'u-alice', 'alice', 20100), gid: 20100, home: '/home/alice' },
      { ...bound('account', 'u-bob', 'bob', 20200), gid: 9999, home: '/mnt/bob' },
    ]);
  });

  it('adopts accounts that are missing from a part of the ledger, and none a second time', () => {
    const moved = bound('account', 'u-alice', 'alicia', 20111);
    expect(names(adopt({ bindings: [moved] }))).toEqual(['account bob', 'group slurm-admins']);
    const admins = bound('group', 'g-admins', 'formerly-admins', 31009);
    expect(names(adopt({ bindings: [admins] }))).toEqual(['account alice', 'account bob']);
  });

  it('is not kept from an account by a group of its name and number, nor from a group by an account', () => {
    const group = bound('group', 'u-bob', 'bob', 20200);
    expect(names(adopt({ bindings: [group] }))).toEqual([
      'account alice',
      'account bob',
      'group slurm-admins',
    ]);
    const account = bound('account', 'g-admins', 'slurm-admins', 31001);
    expect(names(adopt({ bindings: [account] }))).toContain('group slurm-admins');
  });

  it('does not take a group whose name the ledger binds to another', () => {
    const former = bound('group', 'g-former', 'slurm-admins', 31001);
    expect(names(adopt({ bindings: [former] }))).toEqual(['account alice', 'account bob']);
  });

  it('takes neither home nor uid from any account for a user without a line', () => {
    const first = { created: '2025-01-01T00:00:00Z', home: '/home/alice' };
    const users = [makeUser('zed', 20400, first), makeUser('alice', 20100)];
    const accounts = adopt({ users }).filter(({ kind }) => kind === 'account');
    expect(names(accounts)).toEqual(['account alice']);
  });

  it('counts an account of the ledger as a managed member of a group, and no group of that name', () => {
    const facts: NodeFacts = {
      ...FACTS,
      foreignGroups: [{ name: 'slurm-admins', gid: 31001, members: ['carol'] }],
    };
    const carol = bound('account', 'u-carol', 'carol', 20300);
    expect(names(adopt({ facts, bindings: [carol] }))).toEqual(['group slurm-admins']);
    expect(names(adopt({ facts, bindings: [bound('group', 'g-carol', 'carol', 31007)] }))).toEqual([]);
    expect(names(adopt({ facts }))).toEqual([]);
  });

  it('takes back a group without members, and neither of two groups that come out with one name', () => {
    const teams = (...groups: ReturnType<typeof makeGroup>[]) =>
      adopt({ groups, facts: { ...FACTS, foreignGroups: [{ name: 'team-x', gid: 31005, members: [] }] } });
    const first = makeGroup('x', 31005, [], { name: 'team-x' });
    const second = makeGroup('y', 31005, [], { name: 'team-X' });
    expect(teams(first)).toEqual([bound('group', 'g-x', 'team-x', 31005)]);
    expect(teams(second)).toEqual([bound('group', 'g-y', 'team-x', 31005)]);
    expect(teams(first, second)).toEqual([]);
  });

  it('asks for nothing while the ledger has every account', () => {
    const bindings = adopt();
    expect(adopt({ bindings, facts: FACTS })).toEqual([]);
  });
});

describe('a line in the managed group that neither the ledger nor the store knows', () => {
  const ghost = { name: 'ghost', uid: 20300, gid: 9999, dir: '/home/ghost' };
  const facts: NodeFacts = { ...FACTS, unbound: [ghost] };

  function plan(isWhole: boolean) {
    const desired = computeDesiredState(makeInput({ users: [], groups: [], facts, isComplete: isWhole }));
    const entry = { name: 'ghost', uid: 20300, gid: 9999, gecos: '', dir: '/home/ghost', shell: '/bin/bash' };
    const actual = { ...makeHost(), accounts: new Map([['ghost', { entry, expiryDay: null }]]) };
    const keyFiles = new Map([['ghost', 'ssh-ed25519 AAAA u-ghost\n']]);
    return planChanges(desired, { ...actual, keyFiles, sessions: new Set([20300]) }).map(
      ({ kind, name }) => `${kind} ${name}`,
    );
  }

  it('keeps account and keys as long as no complete fetch of the store was made', () => {
    expect(plan(false)).toEqual([]);
  });

  it('loses its keys and nothing else once it was', () => {
    expect(plan(true)).toEqual(['keys-remove ghost']);
  });
});

describe('from what was published', () => {
  const facts = { ...FACTS, unbound: [line('Anna.Smith', 20300), line('carol', 12_345)] };
  const users = [
    makeUser('anna', 20300, { userName: 'anna.smith@example.com', username: 'anna.smith@example.com' }),
    makeUser('carol', 20400),
  ];
  const configure = (backend: string) =>
    makeConfig(
      `access: { groups: [{ name: slurm-users, id: g-users }] }\naccounts: { domains: [example.com], backend: ${backend} }`,
    );

  it('takes back a name in another spelling, with its uid', () => {
    expect(names(adopt({ facts, users, groups: [], config: configure('nsscache') }))).toEqual([
      'account Anna.Smith',
    ]);
  });

  it('follows the uid of the publisher on a login pod', () => {
    const bindings = adopt({ facts, users, groups: [], config: configure('published') });
    expect(bindings.find(({ name }) => name === 'carol')).toMatchObject({ scimId: 'u-carol', id: 12_345 });
  });
});

describe('of several lines of one name', () => {
  const take = (...unbound: ReturnType<typeof line>[]) =>
    adopt({
      users: [makeUser('anna', 20100, { username: 'Anna.Smith@example.com' })],
      facts: { ...FACTS, unbound },
    }).map(({ name, id }) => `${name} ${id}`);

  it('the one with the person’s uid is theirs, before all the one that comes out for them', () => {
    expect(take(line('anna_smith', 20100), line('Anna.Smith', 20999))).toEqual(['anna_smith 20100']);
    expect(take(line('anna_smith', 20999), line('Anna.Smith', 20100))).toEqual(['Anna.Smith 20100']);
    expect(take(line('Anna.Smith', 20999), line('anna_smith', 20100))).toEqual(['anna_smith 20100']);
    expect(take(line('ANNA_SMITH', 20999), line('Anna.Smith', 20100))).toEqual(['Anna.Smith 20100']);
  });

  it('none is, where no line has their uid, or two have it', () => {
    expect(take(line('anna_smith', 20998), line('Anna.Smith', 20999))).toEqual([]);
    expect(take(line('anna_smith', 20100), line('Anna.Smith', 20100))).toEqual([]);
    expect(take(line('anna_smith', 20100), line('other', 20100))).toEqual([]);
  });

  it('a name that is never granted here is taken back by no one', () => {
    const facts = {
      ...FACTS,
      unbound: [line('anna', 20100)],
      privilegedNames: new Map([['anna', '/etc/sudoers:1']]),
    };
    expect(adopt({ users: [makeUser('anna', 20100)], facts })).toEqual([]);
  });
});

it('takes back no group of a reserved name or gid, though its line agrees', () => {
  const config = makeConfig(
    'access: { groups: [{ name: docker, id: g-docker }, { name: team, id: g-team }] }\naccounts: { domains: [example.com], id_range: [1000, 70000] }',
  );
  const groups = [makeGroup('docker', 31000, []), makeGroup('team', 60100, [])];
  const facts = {
    ...FACTS,
    foreignGroups: [
      { name: 'docker', gid: 31000, members: [] },
      { name: 'team', gid: 60100, members: [] },
    ],
  };
  expect(adopt({ config, groups, facts })).toEqual([]);
});
