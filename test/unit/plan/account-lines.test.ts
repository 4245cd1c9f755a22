// Names and ids that the node's files have: what a newcomer does not get, and what the node resolves beside the ledger.
import { describe, expect, it } from 'vitest';
import {
  type AccountLines,
  findInUse,
  listOddAccounts,
  listOddGroups,
  type Managed,
  NO_LINES,
} from '../../../src/plan/account-lines.ts';

const MANAGED: Managed = {
  accounts: new Map([['alice', 20001]]),
  groups: new Map([['team', 31000]]),
  unbound: new Map([['lost', 20002]]),
  published: new Set(['former']),
};

type PasswdLine = AccountLines['passwd'][number];
const passwd = (name: string, id: number | null, more: Partial<PasswdLine> = {}): PasswdLine => ({
  name,
  id,
  gid: null,
  location: `/etc/passwd:${name}`,
  resolves: true,
  ...more,
});
type GroupLine = AccountLines['group'][number];
const group = (name: string, id: number | null, more: Partial<GroupLine> = {}): GroupLine => ({
  name,
  id,
  members: [],
  location: `/etc/group:${name}`,
  resolves: true,
  ...more,
});
const inUse = (lines: Partial<AccountLines>) => findInUse({ ...NO_LINES, ...lines }, MANAGED);

it('a node without lines has nothing in use', () => {
  expect(findInUse(NO_LINES, MANAGED)).toEqual({
    names: new Map(),
    uids: new Map(),
    uidRanges: [],
    groups: new Map(),
    gids: new Map(),
    gidRanges: [],
  });
});

describe('a line of passwd', () => {
  it('takes its name, its uid and its primary gid', () => {
    expect(inUse({ passwd: [passwd('bob', 1000, { gid: 1001 })] })).toMatchObject({
      names: new Map([['bob', '/etc/passwd:bob']]),
      uids: new Map([[1000, '/etc/passwd:bob']]),
      gids: new Map([[1001, '/etc/passwd:bob']]),
    });
  });

  it('takes its name alone where no number can be told', () => {
    const found = inUse({ passwd: [passwd('bob', null)] });
    expect([...found.names.keys()]).toEqual(['bob']);
    expect([...found.uids, ...found.gids]).toEqual([]);
  });

  it('takes no gid that is a managed group’s', () => {
    expect(inUse({ passwd: [passwd('bob', 1000, { gid: 31000 })] }).gids).toEqual(new Map());
  });

  it.each([
    ['that the ledger binds', passwd('alice', 20001)],
    ['of the managed group that the ledger does not bind', passwd('lost', 20002)],
  ])('%s takes nothing', (_, line) => {
    const { names, uids, gids } = inUse({ passwd: [{ ...line, gid: 5 }] });
    expect([...names, ...uids, ...gids]).toEqual([]);
  });

  it.each([passwd('alice', 1), passwd('lost', 1), passwd('alice', null)])(
    'that has a managed name with another uid is in use: $name $id',
    (line) => expect(inUse({ passwd: [line] }).names.has(line.name)).toBe(true),
  );

  it('is reported at its first occurrence', () => {
    const second = passwd('bob', 1000, { location: '/etc/passwd:9' });
    expect(inUse({ passwd: [passwd('bob', 1000), second] }).names.get('bob')).toBe('/etc/passwd:bob');
  });
});

describe('a line of group', () => {
  it('takes its name and its gid', () => {
    expect(inUse({ group: [group('staff', 50)] })).toMatchObject({
      groups: new Map([['staff', '/etc/group:staff']]),
      gids: new Map([[50, '/etc/group:staff']]),
      names: new Map(),
    });
  });

  it('takes its name alone where no number can be told', () => {
    const { groups, gids } = inUse({ group: [group('staff', null)] });
    expect([[...groups.keys()], [...gids]]).toEqual([['staff'], []]);
  });

  it('that the ledger binds takes nothing, and with another gid all of it', () => {
    expect(inUse({ group: [group('team', 31000)] }).groups.size).toBe(0);
    expect(inUse({ group: [group('team', 1)] })).toMatchObject({
      groups: new Map([['team', '/etc/group:team']]),
      gids: new Map([[1, '/etc/group:team']]),
    });
  });
});

describe('a name that a file mentions', () => {
  const listed = (...members: string[]) => inUse({ listed: [{ members, location: '/etc/group:7' }] });

  it('is in use as a member, unless it is managed or another program publishes it', () => {
    expect(listed('ghost', 'alice', 'lost', 'former').names).toEqual(new Map([['ghost', '/etc/group:7']]));
  });

  it('is in use where shadow or cron know it, unless it is managed', () => {
    const at = '/etc/shadow:3';
    const names = new Map([
      ['ghost', at],
      ['alice', at],
      ['lost', at],
    ]);
    expect(inUse({ names }).names).toEqual(new Map([['ghost', at]]));
  });

  it('is in use as a group where gshadow knows it, unless it is managed', () => {
    const at = '/etc/gshadow:3';
    const groupNames = new Map([
      ['relic', at],
      ['team', at],
    ]);
    expect(inUse({ groupNames }).groups).toEqual(new Map([['relic', at]]));
  });

  it('is in use as a uid that has at jobs, unless an account has it', () => {
    const at = '/var/spool/cron/atjobs';
    const uids = new Map([
      [4711, at],
      [20001, at],
      [20002, at],
    ]);
    expect(inUse({ uids }).uids).toEqual(new Map([[4711, at]]));
  });
});

describe('accounts that the node resolves beside the ledger', () => {
  const odd = (...lines: PasswdLine[]) => listOddAccounts({ ...NO_LINES, passwd: lines }, MANAGED);

  it('are all that resolve and are not managed, a second line of a name too', () => {
    expect(odd(passwd('bob', 1), passwd('bob', 2), passwd('alice', 20001), passwd('lost', 20002))).toEqual([
      { name: 'bob', uid: 1 },
      { name: 'bob', uid: 2 },
    ]);
  });

  it.each(['alice', 'lost'])('are not further lines of the managed name %s, which resolves once', (name) => {
    const managed = passwd(name, MANAGED.accounts.get(name) ?? MANAGED.unbound.get(name) ?? null);
    expect(odd(managed, passwd(name, 7))).toEqual([]);
    // A line before it is what getpwnam(3) answers with.
    expect(odd(passwd(name, 7), managed)).toEqual([{ name, uid: 7 }]);
  });

  it('are no lines that do not resolve or have no uid, which hide none after them either', () => {
    expect(odd(passwd('alice', 7, { resolves: false }), passwd('alice', null))).toEqual([]);
    const after = odd(passwd('alice', 7, { resolves: false }), passwd('alice', 8));
    expect(after).toEqual([{ name: 'alice', uid: 8 }]);
  });
});

describe('groups that the node resolves beside the ledger', () => {
  const odd = (...lines: GroupLine[]) => listOddGroups({ ...NO_LINES, group: lines }, MANAGED);

  it('are all that resolve and are not managed, with their members', () => {
    expect(odd(group('staff', 1, { members: ['bob'] }), group('staff', 2), group('team', 31000))).toEqual([
      { name: 'staff', gid: 1, members: ['bob'] },
      { name: 'staff', gid: 2, members: [] },
    ]);
  });

  it('are not further lines of a managed name, and a line before it is one', () => {
    expect(odd(group('team', 31000), group('team', 7))).toEqual([]);
    expect(odd(group('team', 7), group('team', 31000))).toEqual([{ name: 'team', gid: 7, members: [] }]);
  });

  it('are no lines that do not resolve or have no gid, which hide none after them either', () => {
    expect(odd(group('team', 7, { resolves: false }), group('team', null))).toEqual([]);
    expect(odd(group('team', 7, { resolves: false }), group('team', 8))).toMatchObject([{ gid: 8 }]);
  });
});
