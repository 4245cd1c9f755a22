// A kind of change is added in one file: a descriptor, its place in the order, its applier. Here that file is this test.
import { NO_QUESTIONS } from '../../../src/policy/name-services.ts';
import { describe, expect, it, vi } from 'vitest';
import type { Change } from '../../../src/plan/change.ts';
import { type ChangeCommon, type ChangeDescriptor, GRANTS } from '../../../src/plan/changes/descriptor.ts';
import type { Applier } from '../../../src/host/applier.ts';

/** More memory for the jobs of one person: a gain, as sudo is. */
interface QuotaRaise extends ChangeCommon {
  readonly kind: 'quota-raise';
  readonly gib: number;
}

const { applied } = vi.hoisted(() => ({ applied: [] as string[] }));

vi.mock(import('../../../src/plan/changes/kinds.ts'), async (original) => {
  const quotaRaise: ChangeDescriptor<QuotaRaise> = {
    ...GRANTS,
    kind: 'quota-raise',
    phrase: 'quota of %',
    details: ({ gib }) => `: ${gib} GiB`,
    effect: () => 'sudo',
    counted: [{ history: 'quota-raise:sudo', as: 'sudo' }],
    applier: 'quotas',
  };
  const { KINDS } = await original();
  return { KINDS: [...KINDS, quotaRaise] as unknown as typeof KINDS };
});

vi.mock(import('../../../src/host/appliers.ts'), async (original) => {
  const quotas: Applier = (batch, _, fail) => {
    for (const change of batch) {
      if (change.name === 'p2') fail(change, 'no quota on this file system');
      else applied.push(change.name);
    }
  };
  return { APPLIERS: new Map([...(await original()).APPLIERS, ['quotas', quotas]]) };
});

const { CHANGE_ORDER, describeKind, isAccountChange, isRevocation } =
  await import('../../../src/plan/change.ts');
const { guard } = await import('../../../src/plan/guard/guard.ts');
const { COUNTED_KINDS } = await import('../../../src/plan/guard/guard-limits.ts');
const { printPlan } = await import('../../../src/plan/print.ts');
const { applyChanges } = await import('../../../src/host/apply-changes.ts');
const { makeNode, makeOverrides, runSync } = await import('../../support/records/fleet.ts');
const { CONFIG, NOW } = await import('../../support/records/organisation.ts');

function raise(n: number): Change {
  const change: QuotaRaise = {
    kind: 'quota-raise',
    scimId: `u-p${n}`,
    name: `p${n}`,
    because: 'the group has 64 GiB',
    gib: 64,
  };
  return change as unknown as Change;
}

/** What the guard says of such changes on a node that has people already. */
function ask(changes: readonly Change[], more: { readonly frozen?: string; readonly done?: number } = {}) {
  const node = makeNode();
  const { users, groups } = makeOverrides(10);
  runSync(node, { users, groups });
  return guard({
    changes,
    desired: { ...EMPTY, accounts: [] },
    actual: node.host,
    users,
    groups,
    config: CONFIG,
    record: {
      done: Array.from({ length: more.done ?? 0 }, (_, n) => ({
        at: NOW - 1,
        scimId: `other-${n}`,
        kind: 'quota-raise:sudo',
      })),
      heldSince: new Map(),
    },
    approved: new Set(),
    freezeReason: more.frozen ?? null,
    now: NOW,
  });
}

const EMPTY = {
  managedGroup: { name: 'sunk-users', gid: CONFIG.accounts.primary_gid, members: [] },
  groups: [],
  sudoEnds: new Map<string, number>(),
  endedGrants: new Set<string>(),
  grantsSudo: true,
  bindings: [],
  leftovers: [],
  expiry: { zulu: true, timeZone: 'UTC' },
  makesHomes: false,
  sharedHome: null,
  hasHook: false,
  questions: NO_QUESTIONS,
  carried: [],
  refusals: [],
} as const;

describe('a kind of change that this test adds', () => {
  const allowed = CONFIG.limits.max_gain.sudo;
  const few = Array.from({ length: allowed }, (_, n) => raise(n + 1));

  it('has its place, and says what it writes and whether it revokes', () => {
    expect(CHANGE_ORDER.at(-1)).toBe('quota-raise');
    expect([isRevocation(raise(1)), isAccountChange(raise(1))]).toEqual([false, false]);
    expect(() => describeKind({ kind: 'unheard-of' as Change['kind'] })).toThrow('no descriptor');
  });

  it('is measured, held, hashed and remembered by the guard', () => {
    expect(ask(few).held).toEqual([]);
    expect([...ask(few).kinds.values()]).toEqual(few.map(() => 'quota-raise:sudo'));
    const [held] = ask([...few, raise(allowed + 1)]).held;
    expect(held).toMatchObject({ kind: 'gain', changes: { length: allowed + 1 } });
    expect(held!.hash).toMatch(/^[0-9a-f]{16}$/);
    expect(ask([raise(1)], { done: allowed }).held).toHaveLength(1);
    expect(COUNTED_KINDS).toContain('quota-raise:sudo');
  });

  it('waits while the node is frozen', () => {
    expect(ask([raise(1)], { frozen: 'frozen' })).toMatchObject({ go: [], held: [{ kind: 'frozen' }] });
  });

  it('is printed', () => {
    expect(printPlan([raise(1)], ask([raise(1)]), false)).toContain(
      '+ quota of p1: 64 GiB  (the group has 64 GiB)',
    );
  });

  it('reaches its applier, and what fails is told', async () => {
    const context = { paths: { denyList: '/nonexistent/deny' }, backend: { publication: null } };
    const results = await applyChanges([raise(1), raise(2)], context as never, () => {});
    expect(applied).toEqual(['p1']);
    expect(results.map(({ ok }) => ok)).toEqual([true, false]);
  });
});
