// What policy keeps in mind of a record from pass to pass never outlives what it was answered for.
import { expect, test } from 'vitest';
import { computeDesiredState, type DesiredStateInput } from '../../../src/policy/desired-state.ts';
import type { Binding, StoredUser } from '../../../src/policy/model.ts';
import { openRecordMemo } from '../../../src/policy/person.ts';
import {
  CONFIG,
  FACTS,
  makeBinding,
  makeConfig,
  makeInput,
  makeUser,
  NOW,
  readFakeKeys,
} from '../../support/records/organisation.ts';

const YAML =
  'access: { groups: [{ name: slurm-users, id: g-users }], sudo_groups: [{ name: slurm-admins, id: g-admins }] }\n';
const configure = (accounts: string, rest = '') =>
  makeConfig(`${YAML}accounts: { domains: [example.com]${accounts} }\n${rest}`);

const bound = (more: Partial<Binding>): Binding => makeBinding('alice', 20100, more);
const word = { scimId: 'u-alice', confirmedAt: NOW - 100, until: NOW + 6 * 86_400, at: NOW, by: 'root' };
const extended = (more: object = {}) => ({ extensions: new Map([['u-alice', { ...word, ...more }]]) });

/** The same people with nothing noted of them yet. */
const withNotes = (users: readonly StoredUser[]) =>
  users.map((user) => ({ ...user, readings: readFakeKeys(user.record.keys), notes: openRecordMemo() }));

// Each once, as in a daemon: what is kept of keys hangs on the very rules by which they were judged.
const ONE_DAY = configure('', 'keys: { max_age: 1d }');
const TWO_DAYS = configure('', 'keys: { max_age: 2d }');
const A_WEEK = configure('', 'keys: { max_age: 7d }');

/** Questions about the same records; each differs from the ones beside it in one thing. */
const QUESTIONS: readonly Partial<DesiredStateInput>[] = [
  {},
  { bindings: [bound({})] },
  { bindings: [bound({ name: 'alicia' })] },
  { bindings: [bound({ name: 'alicia', id: 20_111 })] },
  { bindings: [bound({ name: 'alicia', id: 20_111, gid: 9998 })] },
  { bindings: [bound({ name: 'alicia', id: 20_111, gid: 9998, home: '/home/other' })] },
  { config: configure(', shell: /bin/sh') },
  { config: configure(', shell: /bin/zsh') },
  { config: { ...ONE_DAY, accounts: { ...ONE_DAY.accounts, primary_gid: 9998 } }, bindings: [bound({})] },
  { config: ONE_DAY, bindings: [bound({})] },
  { config: ONE_DAY },
  { config: TWO_DAYS },
  { config: ONE_DAY, ...extended() },
  { config: ONE_DAY, ...extended({ by: 'ann' }) },
  { config: ONE_DAY, ...extended({ by: 'ann', at: NOW - 1 }) },
  { config: ONE_DAY, ...extended({ until: NOW + 86_400 * 5 }) },
  // The keys live as long without the word, but not by it.
  { config: A_WEEK, ...extended() },
  { config: A_WEEK, ...extended({ until: NOW + 5 * 86_400 }) },
  { config: A_WEEK },
  { facts: { ...FACTS, expiry: { zulu: false, timeZone: 'Europe/Berlin' } } },
  { facts: { ...FACTS, expiry: { zulu: false, timeZone: 'America/New_York' } } },
  { facts: { ...FACTS, expiry: { zulu: true, timeZone: 'America/New_York' } } },
  { facts: { ...FACTS, keyTypes: ['ssh-rsa'] } },
  { facts: { ...FACTS, keyTypes: ['ssh-ed25519'] } },
  { config: configure('', 'keys: { per_user: 1 }') },
  { config: configure('', 'overrides: [{ id: u-alice, add_key: "another key" }]') },
  { blocked: ['u-alice'] },
];

test('after whatever other question, each is answered about the same records as about new ones', () => {
  const people = [
    makeUser('alice', 20100, { keys: ['key of alice', 'second'] }),
    makeUser('bob', 20200, { keys: [] }),
    makeUser('carol', 20300, { shell: '/bin/sh', keys: ['key of carol', 'AAAAshared'] }),
    makeUser('dora', 20400, { keys: ['AAAAshared'] }),
  ];
  const users = withNotes(people);
  const groups = [{ ...makeInput().groups[0]! }, makeInput().groups[1]!].map((group, index) =>
    index === 0
      ? { ...group, record: { ...group.record, members: users.map(({ record }) => record.id) } }
      : group,
  );
  for (const first of QUESTIONS) {
    for (const second of QUESTIONS) {
      computeDesiredState(makeInput({ users, groups, ...first }));
      const kept = computeDesiredState(makeInput({ users, groups, ...second }));
      const anew = computeDesiredState(
        makeInput({ users: withNotes(structuredClone(people)), groups: structuredClone(groups), ...second }),
      );
      expect(kept).toEqual(anew);
    }
  }
  // The questions do differ.
  const answers = QUESTIONS.map((question) =>
    JSON.stringify(computeDesiredState(makeInput({ users, groups, ...question }))),
  );
  expect(new Set(answers).size).toBeGreaterThan(20);
  expect(CONFIG.accounts.primary_gid).not.toBe(9998);
});

test('what is asked again in the same way is the same account, not one made anew', () => {
  const input = makeInput();
  const users = withNotes(input.users);
  // The operator's word is read from disk for each pass.
  for (const word of [() => ({}), () => ({ config: ONE_DAY, ...extended() })]) {
    const [first, second] = [
      computeDesiredState({ ...input, users, ...word() }),
      computeDesiredState({ ...input, users, ...word() }),
    ];
    expect(second.accounts[0]).toBe(first.accounts[0]);
    expect(first.accounts[0]!.entry.name).toBe('alice');
  }
});
