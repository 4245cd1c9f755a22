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
