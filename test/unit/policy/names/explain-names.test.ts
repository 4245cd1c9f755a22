import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { editConfigText } from '../../../support/records/edit-config-text.ts';
import type { StoredUser } from '../../../../src/policy/model.ts';
import { computeDesiredState } from '../../../../src/policy/desired-state.ts';
import { applyChosenNames } from '../../../../src/policy/names/chosen-names.ts';
import { explainNames, type NameFact } from '../../../../src/policy/names/explain-names.ts';
import { suggestName } from '../../../../src/policy/names/suggest-name.ts';
import {
  FACTS,
  makeBinding,
  makeConfig,
  makeGroup,
  makeInput,
  makeUser,
} from '../../../support/records/organisation.ts';

const BASE = `
access: { groups: [{ name: slurm-users, id: g-users }] }
accounts: { domains: [example.com], id_range: [20000, 40000] }
`;

const called = (id: string, userName: string, uid: number): StoredUser =>
  makeUser(id, uid, { userName, username: userName });

function explain(records: readonly StoredUser[], yaml = BASE, more: object = {}): readonly NameFact[] {
  const config = makeConfig(yaml);
  const users = applyChosenNames(records, config);
  const groups = [
    makeGroup(
      'users',
      31000,
      records.map(({ record }) => record.id),
      { name: 'slurm-users' },
    ),
  ];
  const input = makeInput({ config, users, groups, ...more });
  return explainNames({ ...input, desired: computeDesiredState(input), facts: FACTS });
}

describe('each person of the store', () => {
  test('has a name from the ledger, gets one, would get one with access, or none', () => {
    const users = [
      makeUser('alice', 20100),
      called('anna', 'Anna.Smith@example.com', 20200),
      makeUser('dave', 20400),
      called('guest', 'ann@contoso.com', 20300),
    ];
    const groups = [makeGroup('users', 31000, ['u-alice', 'u-anna', 'u-guest'], { name: 'slurm-users' })];
    const found = explain(users, BASE, { groups, bindings: [makeBinding('alice', 20100)] });
    expect(found.map(({ userName, name, status }) => [userName, name, status])).toEqual([
      ['Anna.Smith@example.com', 'anna_smith', 'granted'],
      ['alice@example.com', 'alice', 'bound'],
      ['ann@contoso.com', null, 'refused'],
      ['dave@example.com', 'dave', 'no-access'],
    ]);
    expect(found[2]).toMatchObject({ code: 'name-domain' });
  });
});

const HARD = [
  'anna_contoso.com#EXT#@tenant.onmicrosoft.com',
  "Conan.O'Brien@example.com",
  'jürgen.müller@example.com',
  'Łukasz.Żółty@example.com',
  'straße@example.com',
  'alice+x@example.com',
  'bob@other.org',
  'carol@Third.example',
  '1st.user@example.com',
  'root@example.com',
  'deploy@example.com',
  'localhero@example.com',
  `${'very'.repeat(10)}@example.com`,
  '@example.com',
  '李雷@example.com',
  'two@at@example.com',
  'with blank@example.com',
];

/** Does what the fix says: a domain where it offers one, else the line of overrides. */
function follow(yaml: string, { fix }: NameFact): string {
  const domain = /add "([^"]+)" to accounts\.domains/.exec(fix ?? '')?.[1];
  if (domain !== undefined) return editConfigText(yaml, ['accounts', 'domains'], domain);
  const [, id = '', account = ''] =
    /overrides: - \{ id: ("[^"]+"), account: ([^ ]+) \}/.exec(fix ?? '') ?? [];
  return editConfigText(yaml, ['overrides'], { id: JSON.parse(id) as string, account });
}

describe('the advice at a refusal', () => {
  test.each(HARD)('works at the first try: %s', (userName) => {
    const users = [makeUser('alice', 20100), called('x', userName, 20200)];
    const refused = explain(users).filter(({ status }) => status === 'refused');
    expect(refused).toHaveLength(1);
    for (const fact of refused)
      expect(explain(users, follow(BASE, fact)).map(({ status }) => status)).toEqual(['granted', 'granted']);
  });

  test('works for all of them together, and gives no name twice', () => {
    const users = [...HARD, ...HARD.map((name) => `x${name}`)].map((name, index) =>
      called(`x${index}`, name, 20200 + index),
    );
    let yaml = BASE;
    for (const fact of explain(users)) if (fact.status === 'refused') yaml = follow(yaml, fact);
    const names = explain(users, yaml);
    expect(names.filter(({ status }) => status === 'refused')).toEqual([]);
    expect(new Set(names.map(({ name }) => name)).size).toBe(users.length);
  });
});

const LETTERS = Array.from("azÄßŁé'@#+._-1 :/\n李\u0301\u202e");

test('a proposal is a POSIX name, whatever it is made from', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: fc.constantFrom(...LETTERS) }), fc.constantFrom(...HARD)),
      (username) => {
        const name = suggestName(username, () => true);
        expect(name ?? 'a').toMatch(/^[a-z][a-z0-9_-]{0,30}$/);
      },
    ),
  );
});

test('two people who come out alike get a number', () => {
  const taken = new Set(['anna', 'anna2']);
  expect(suggestName('anna', (name) => !taken.has(name))).toBe('anna3');
});

describe('the reason at each name', () => {
  const [first, ...rest] = [makeUser('alice', 20100), called('anna', 'Anna.Smith@example.com', 20200)];
  const groups = (...members: string[]) => [makeGroup('users', 31000, members, { name: 'slurm-users' })];
  const why = (users: readonly StoredUser[], more: object = {}) =>
    explain(users, BASE, more).map(({ name, status, why: reason }) => `${name} ${status}: ${reason}`);

  test('is the ledger, or what the name was made from', () => {
    const bindings = [makeBinding('alice', 20100), makeBinding('team', 31005, { kind: 'group' })];
    expect(why([first, ...rest], { bindings, groups: groups('u-alice', 'u-anna') })).toEqual([
      'anna_smith granted: from Anna.Smith@example.com',
      'alice bound: the ledger binds it',
    ]);
    expect(why(rest, { groups: groups() })).toEqual([
      'anna_smith no-access: from Anna.Smith@example.com; is in no access group',
    ]);
  });

  test('is what the attribute says, else the userName', () => {
    const user = makeUser('alice', 20100, { userName: 'other@example.com' });
    expect(why([user])).toEqual(['alice granted: from alice@example.com']);
    const none = makeUser('alice', 20100, { username: null });
    expect(explain([none])[0]).toMatchObject({ status: 'refused', code: 'name-missing' });
  });

  test('is a group’s binding for no person, though it has their SCIM id', () => {
    const bindings = [makeBinding('alice', 20100, { kind: 'group', gid: null, home: null })];
    expect(explain([first], BASE, { bindings })[0]?.status).not.toBe('bound');
  });

  test('is given for no one who left the store', () => {
    expect(why([{ ...first, absent: true }, ...rest])).toHaveLength(1);
  });

  test('is a refusal of the person alone: of a key, a shell or a change at the store the account stays', () => {
    const keys = makeUser('alice', 20100, { keys: ['bad key'], shell: '/bin/fish' });
    expect(explain([keys])[0]).toMatchObject({ status: 'granted', code: null, fix: null });
    const bad = explain([makeUser('alice', 20001)])[0];
    // Nothing about a name helps where the uid is a local account's.
    expect(bad).toMatchObject({ status: 'refused', code: 'uid-local', name: null, uid: null, fix: null });
  });
});

describe('the advice, in words', () => {
  const fix = (userName: string, ...others: StoredUser[]) =>
    explain([called('x', userName, 20200), ...others]).find(({ scimId }) => scimId === 'u-x')?.fix;

  test('is a domain where that is enough, and a name besides', () => {
    expect(fix('ann@contoso.com')).toBe(
      'if people of contoso.com may have accounts, add "contoso.com" to accounts.domains; else add to overrides: - { id: "u-x", account: ann }',
    );
    expect(fix('Ann@CONTOSO.com')).toContain('add "contoso.com" to accounts.domains');
  });

  test('is a name alone where another domain gives none that is free, or the domain is none', () => {
    expect(fix('alice@contoso.com', makeUser('alice', 20100))).toBe(
      'add to overrides: - { id: "u-x", account: alice2 }',
    );
    expect(fix('o’brien@contoso.com')).toBe('add to overrides: - { id: "u-x", account: obrien }');
    expect(fix('root@contoso.com')).toBe('add to overrides: - { id: "u-x", account: root2 }');
    expect(fix('root@example.com')).toBe('add to overrides: - { id: "u-x", account: root2 }');
  });

  test('takes no name that the ledger has, whatever its case, and else one made of the SCIM id', () => {
    const users = [called('x', 'ann.b@contoso.com', 20200)];
    const bindings = [makeBinding('Ann_B', 20900, { scimId: 'u-old' })];
    expect(explain(users, BASE, { bindings })[0]?.fix).toContain('account: ann_b2 }');
    expect(fix('李雷@example.com')).toBe('add to overrides: - { id: "u-x", account: user_u-x }');
  });

  test('gives each of several people a name of their own, and a domain to one of them', () => {
    const guests = ['contoso', 'fabrikam'].map((name, n) => called(name, `ann@${name}.com`, 20200 + n));
    expect(explain(guests).map((one) => one.fix)).toEqual([
      expect.stringMatching(/^if people of contoso.com .* account: ann \}$/),
      'add to overrides: - { id: "u-fabrikam", account: ann2 }',
    ]);
  });

  test('takes no name that another person of the store gets', () => {
    const alice = makeUser('alice', 20100);
    expect(fix('alice@contoso.com', alice)).toContain('account: alice2 }');
    expect(explain([called('x', 'bob@contoso.com', 20200), makeUser('bob', 20001)])[0]?.fix).toContain(
      'bob2',
    );
  });

  test('needs no domain in a userName', () => {
    expect(fix('a+b')).toBe('add to overrides: - { id: "u-x", account: a }');
    expect(fix('root')).toBe('add to overrides: - { id: "u-x", account: root2 }');
  });
});
