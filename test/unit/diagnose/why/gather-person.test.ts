import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { pathsUnder, type Paths } from '../../../../src/common/paths.ts';
import type { PersonFacts } from '../../../../src/diagnose/why/facts.ts';
import {
  findProblem,
  gatherGroups,
  gatherPerson,
  type PersonSources,
} from '../../../../src/diagnose/why/gather-person.ts';
import { ALICE, config, group, NOW, person, record } from '../../../support/records/healthy.ts';

type Groups = Parameters<typeof gatherGroups>[1];
type Rows = ReturnType<Parameters<typeof findProblem>[0]['history']>;

const stored = (...records: (typeof group)[]): Groups => records.map((record) => ({ record, absent: false }));
const pinned = {
  ...config,
  access: { ...config.access, groups: [{ name: 'slurm-users', id: 'old' }] },
} as typeof config;

describe('the access groups of a person', () => {
  test('list the members', () => {
    const [found] = gatherGroups(config, stored(group), ALICE, []);
    expect(found).toMatchObject({ name: 'slurm-users', found: { id: 'g1' }, listsPerson: true });
    expect(gatherGroups(config, stored(group), 'another', [])[0]?.listsPerson).toBe(false);
  });

  test.each(['Slurm-Users', 'slurm users', 'slurm_users'])('%s is a lookalike, not the group', (name) => {
    const [found] = gatherGroups(config, stored({ ...group, name }), ALICE, []);
    expect(found).toMatchObject({ found: null, lookalikes: [name], listsPerson: false });
  });

  test('a group of the name with another id than the pinned one is a lookalike', () => {
    const [found] = gatherGroups(pinned, stored(group), ALICE, []);
    expect(found).toMatchObject({ pinned: 'old', found: null, lookalikes: ['slurm-users'] });
  });

  test('an absent group is neither found nor a lookalike', () => {
    const absent = stored({ ...group, name: 'Slurm-Users' }).map((one) => ({ ...one, absent: true }));
    expect(gatherGroups(config, absent, ALICE, [])[0]).toMatchObject({ found: null, lookalikes: [] });
  });
});

describe('the problem of a person', () => {
  const row = (sync: number, problem: string | null) => ({ sync, problem });
  const find = (...rows: object[]) => findProblem({ history: () => rows as unknown as Rows }, 'alice');

  test('is a failure of the newest sync in the history', () => {
    expect(find(row(7, null), row(7, 'disk full'), row(6, 'older'))).toEqual(row(7, 'disk full'));
  });

  test('is the cause of those that were not tried because of it', () => {
    const untried = row(7, 'an earlier step for it failed');
    expect(find(untried, row(7, 'disk full'), untried)).toEqual(row(7, 'disk full'));
    expect(find(untried)).toEqual(untried);
  });

  test('is none where the newest sync succeeded, the history is empty, or no name is known', () => {
    expect(find(row(7, null), row(6, 'older'))).toBeNull();
    expect(find()).toBeNull();
    expect(findProblem({ history: () => [row(7, 'x')] as unknown as Rows }, null)).toBeNull();
  });
});

describe('the facts about a person', () => {
  let paths: Paths;
  beforeEach(() => {
    const root = mkdtempSync(path.join(tmpdir(), 'person-'));
    paths = pathsUnder(root);
    mkdirSync(path.dirname(paths.blocked), { recursive: true });
    return () => rmSync(root, { recursive: true });
  });

  const desired = person.desired!;
  const user = { record, absent: false, confirmedAt: NOW, readings: [] };
  const plan = {
    desired: { accounts: [desired], refusals: [] },
    actual: { accounts: new Map([['alice', person.actual]]) },
    verdict: { held: [] },
    grants: [],
  } as unknown as PersonSources['decision'];

  const STATE: PersonSources['state'] = {
    quarantine: () => [],
    history: () => [],
    bindings: () => [],
    former: () => [],
    users: () => [],
  };
  const gather = (more: Partial<PersonSources> = {}): PersonFacts =>
    gatherPerson(
      { user, name: 'alice' },
      {
        config,
        paths,
        state: STATE,
        groups: stored(group),
        decision: plan,
        ...more,
      },
    );
  const decided = (more: object) => gather({ decision: { ...plan, ...more } });

  test('are those of a user who has access', () => {
    expect(gather()).toMatchObject({
      disabled: null,
      block: null,
      desired: { scimId: ALICE },
      actual: { entry: { name: 'alice' } },
      quarantine: null,
      held: [],
      problem: null,
    });
  });

  test.each([ALICE, 'alice@example.com', 'ALICE@example.com', 'alice'])(
    'have the remark of the block list, where it lists %s',
    (entry) => {
      writeFileSync(paths.blocked, `mallory  # by eve\n${entry}  # by anna\n`);
      expect(gather()).toMatchObject({
        disabled: 'blocked',
        block: { source: 'block-list', detail: expect.stringContaining('anna') },
      });
    },
  );

  test('tell a block of the configuration from one of the block list', () => {
    const overrides = [{ id: ALICE, reason: 'x', block: true }] as unknown as typeof config.overrides;
    const blocked = { ...config, overrides };
    expect(gather({ config: blocked })).toMatchObject({
      disabled: 'blocked',
      block: { source: 'overrides' },
    });
    writeFileSync(paths.blocked, 'alice  # by anna\n');
    expect(gather({ config: blocked }).block?.source).toBe('block-list');
  });

  test('are not changed by what the block list has of others', () => {
    writeFileSync(paths.blocked, 'alice2\nalic\n# alice\nSHA256:alice\n');
    expect(gather()).toMatchObject({ disabled: null, block: null });
  });

  test('tell why the account is disabled', () => {
    const stranger = stored({ ...group, members: [] });
    expect(gather({ groups: stranger }).disabled).toBe('no-access-group');
    const access = { ...config.access, users: ['another@example.com'] };
    expect(gather({ config: { ...config, access } }).disabled).toBe('not-listed-here');
  });

  test('take of refusals, held sets and quarantine what is about this person', () => {
    const refusal = { scimId: ALICE, kind: 'User', code: 'uid-range', detail: '' } as const;
    const refusals = [
      { ...refusal, scimId: 'another' },
      { ...refusal, kind: 'Group' as const },
      { ...refusal, scimId: '', code: 'marker-taken' },
      refusal,
    ];
    const facts = decided({ desired: { accounts: [], refusals } });
    expect(facts.desired).toBeNull();
    expect(facts.refusals).toEqual([refusal]);
    expect(facts.commonRefusals.map(({ code }) => code)).toEqual(['marker-taken']);

    const set = (hash: string, ...ids: string[]) => ({ hash, changes: ids.map((scimId) => ({ scimId })) });
    const held = [set('a', 'another'), set('b', 'another', ALICE), set('c')];
    expect(decided({ verdict: { held } }).held.map(({ hash }) => hash)).toEqual(['b']);

    const row = { kind: 'User', id: ALICE, findings: [], names: [], since: NOW } as const;
    const rows = [{ ...row, id: 'another' }, { ...row, kind: 'Group' as const }, row];
    expect(gather({ state: { ...STATE, quarantine: () => rows } }).quarantine).toBe(row);
  });

  test('have the account of the name that the plan gives, else of the bound one', () => {
    const renamed = { ...desired, entry: { ...desired.entry, name: 'alice.new' } };
    const accounts = new Map([
      ['alice', person.actual],
      ['alice.new', { ...person.actual!, expiryDay: 7 }],
    ]);
    const planned = decided({ desired: { accounts: [renamed], refusals: [] }, actual: { accounts } });
    expect(planned.actual?.expiryDay).toBe(7);
    expect(decided({ desired: { accounts: [], refusals: [] }, actual: { accounts } }).actual).toBe(
      person.actual,
    );
    expect(decided({ actual: { accounts: new Map() } }).actual).toBeNull();
  });
});
