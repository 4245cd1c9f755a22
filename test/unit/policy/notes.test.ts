// What the policy remembers from pass to pass never shows: after any changes it answers as if it were asked for the first time.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Config } from '../../../src/config/config.ts';
import type { Extension } from '../../../src/policy/extension.ts';
import type { Binding, StoredGroup, StoredUser, NodeFacts } from '../../../src/policy/model.ts';
import { computeDesiredState, type DesiredStateInput } from '../../../src/policy/desired-state.ts';
import { type RecordMemo, openRecordMemo } from '../../../src/policy/person.ts';
import type { UserRecord } from '../../../src/protocol/records.ts';
import { propertyRuns } from '../../support/property-runs.ts';
import {
  CONFIG,
  FACTS,
  fakeFingerprint,
  makeConfig,
  makeGroup,
  makeUser,
  NOW,
  readFakeKeys,
} from '../../support/records/organisation.ts';

const ACCESS = `access:
  groups: [{ name: slurm-users, id: g-users }]
  sudo_groups: [{ name: slurm-admins, id: g-admins }]
`;
const CONFIGS: readonly Config[] = [
  CONFIG,
  makeConfig(`${ACCESS}accounts: { domains: [example.com], rename: apply }\n`),
  makeConfig(`${ACCESS}accounts: { domains: [example.com], shell: /bin/zsh }\n`),
  makeConfig(`${ACCESS}accounts: { domains: [example.com], primary_gid: 9000, retention: 1d }\n`),
  makeConfig(`${ACCESS}accounts: { domains: [example.com] }\nkeys: { per_user: 1, max_age: 1d }\n`),
  makeConfig(`${ACCESS}accounts: { domains: [example.org, example.com], ids: derived }\n`),
  makeConfig(`${ACCESS}accounts: { domains: [example.com] }
overrides:
  - { id: u-p1, block: true }
  - { name: p2@example.com, uid: 30002, add_key: key of an operator }
`),
];
const ALL_FACTS: readonly NodeFacts[] = [
  FACTS,
  { ...FACTS, foreignAccounts: [{ name: 'p1', uid: 500 }] },
  { ...FACTS, foreignAccounts: [{ name: 'somebody', uid: 20101 }], shells: ['/bin/sh'] },
  { ...FACTS, expiry: { zulu: false, timeZone: 'Europe/Berlin' } },
  { ...FACTS, keyTypes: ['ssh-rsa'] },
  { ...FACTS, foreignGroups: [{ name: 'sunk-users', gid: 9999 }] },
  { ...FACTS, marked: [{ name: 'p3', uid: 777 }] },
];
const NAMES = ['p0', 'p1', 'p2', 'p3', 'p4'];

const field: fc.Arbitrary<Partial<UserRecord>> = fc.oneof(
  fc.record({ active: fc.boolean() }),
  fc.record({
    username: fc.constantFrom('p0@example.com', 'p1@example.com', 'new@example.com', 'x@else.org'),
  }),
  fc.record({ uid: fc.constantFrom(20101, 20103, 25000, 5) }),
  fc.record({ gid: fc.constantFrom(null, 31000, 9999) }),
  fc.record({ home: fc.constantFrom(null, '/home/other', '/etc') }),
  fc.record({ shell: fc.constantFrom(null, '/bin/zsh', '/bin/evil') }),
  fc.record({ displayName: fc.constantFrom('Somebody', 'Some:body', null) }),
  fc.record({
    keys: fc.subarray(['key of p0', 'key of p1', 'AAAAanother key', 'bad key', 'key of an operator']),
  }),
);

type Step = (state: State) => void;
const some = fc.constantFrom(...NAMES);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(some, field).map(
      ([name, more]): Step =>
        (state) =>
          state.alter(name, more),
    ),
  },
  fc.tuple(some, fc.nat(900_000)).map(
    ([name, age]): Step =>
      (state) =>
        state.put(name, { confirmedAt: NOW - age }),
  ),
  fc.tuple(some, fc.boolean()).map(
    ([name, absent]): Step =>
      (state) =>
        state.put(name, { absent }),
  ),
  fc.tuple(fc.constantFrom('users', 'admins', 'team-a'), fc.subarray(NAMES)).map(
    ([group, members]): Step =>
      (state) =>
        state.fill(group, members),
  ),
  fc.constantFrom(...CONFIGS).map(
    (config): Step =>
      (state) =>
        void (state.config = config),
  ),
  fc.constantFrom(...ALL_FACTS).map(
    (facts): Step =>
      (state) =>
        void (state.facts = facts),
  ),
  fc
    .subarray([
      'p0',
      'u-p1',
      'p2@example.com',
      fakeFingerprint('key of p0'),
      fakeFingerprint('AAAAanother key'),
    ])
    .map(
      (blocked): Step =>
        (state) =>
          void (state.blocked = blocked),
    ),
  fc.tuple(some, fc.constantFrom(3600, 500_000)).map(
    ([name, more]): Step =>
      (state) =>
        state.extend(name, more),
  ),
  fc.nat(200_000).map(
    (seconds): Step =>
      (state) =>
        void (state.now += seconds),
  ),
  // A pass in which nothing is new.
  fc.constant((): void => {}),
);

interface Kept {
  record: UserRecord;
  confirmedAt: number;
  absent: boolean;
  notes: RecordMemo;
}

/** What an agent keeps from pass to pass. */
class State {
  config = CONFIG;
  facts = FACTS;
  blocked: readonly string[] = [];
  now = NOW;
  readonly #extensions = new Map<string, Extension>();
  readonly #people = new Map<string, Kept>();
  readonly #groups = new Map<string, StoredGroup>();
  #bindings: readonly Binding[] = [];

  constructor() {
    for (const [index, name] of NAMES.entries())
      this.#people.set(name, { ...makeUser(name, 20100 + index), notes: openRecordMemo() });
    this.fill('users', NAMES);
    this.fill('admins', ['p0']);
  }

  /** Another record has other notes, as in the mirror. */
  alter(name: string, more: Partial<UserRecord>): void {
    const kept = this.#people.get(name);
    if (kept !== undefined)
      this.#people.set(name, { ...kept, record: { ...kept.record, ...more }, notes: openRecordMemo() });
  }

  put(name: string, more: Partial<Pick<Kept, 'confirmedAt' | 'absent'>>): void {
    const kept = this.#people.get(name);
    if (kept !== undefined) this.#people.set(name, { ...kept, ...more });
  }

  fill(group: string, members: readonly string[]): void {
    const ids = members.map((name) => `u-${name}`);
    const name = group.startsWith('team') ? group : `slurm-${group}`;
    this.#groups.set(group, makeGroup(group, { users: 31000, admins: 31001 }[group] ?? 31002, ids, { name }));
  }

  extend(name: string, seconds: number): void {
    const confirmedAt = this.#people.get(name)?.confirmedAt ?? 0;
    const scimId = `u-${name}`;
    const word = { scimId, confirmedAt, until: this.now + seconds, at: this.now, by: 'an operator' };
    this.#extensions.set(scimId, word);
  }

  ask(): DesiredStateInput {
    const { config, facts, blocked, now } = this;
    return {
      users: [...this.#people.values()].map((kept): StoredUser => ({ ...kept })),
      groups: [...this.#groups.values()],
      bindings: this.#bindings,
      facts,
      config,
      blocked,
      now,
      extensions: new Map(this.#extensions),
      readKeys: readFakeKeys,
    };
  }

  record(fresh: readonly Binding[]): void {
    // The very same ledger while nothing is recorded, as the mirror gives it.
    if (fresh.length === 0) return;
    const ledger = new Map(this.#bindings.map((binding) => [`${binding.kind} ${binding.scimId}`, binding]));
    for (const binding of fresh) ledger.set(`${binding.kind} ${binding.scimId}`, binding);
    this.#bindings = [...ledger.values()];
  }
}

/** The same question by somebody who knows nothing yet: no part of it is the one that was asked about before. */
function askAnew({ readKeys, users, ...rest }: DesiredStateInput): DesiredStateInput {
  const people = users.map(({ record, confirmedAt, absent }) => ({ record, confirmedAt, absent }));
  return { ...structuredClone({ ...rest, users: people }), ...(readKeys === undefined ? {} : { readKeys }) };
}

describe('what the policy remembers', () => {
  it('never shows: after any changes it answers as if it were asked for the first time', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
        const state = new State();
        const asked: { question: DesiredStateInput; answer: ReturnType<typeof computeDesiredState> }[] = [];
        for (const take of [() => {}, ...steps]) {
          take(state);
          const question = state.ask();
          const answer = computeDesiredState(question);
          asked.push({ question, answer });
          state.record(answer.bindings);
        }
        // Only now, so that no other question comes between two passes.
        for (const { question, answer } of asked)
          expect(answer).toEqual(computeDesiredState(askAnew(question)));
      }),
      { numRuns: propertyRuns(400, 20_000) },
    );
  });

  it('is used: who stays as they were has the very same account in the next pass', () => {
    const state = new State();
    state.record(computeDesiredState(state.ask()).bindings);
    const before = computeDesiredState(state.ask()).accounts;
    state.alter('p2', { keys: ['AAAAanother key'] });
    const after = computeDesiredState(state.ask()).accounts;
    expect(before.map((account, rank) => account === after[rank])).toEqual([true, true, false, true, true]);
  });
});
