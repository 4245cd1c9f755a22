// What holds for the guard whatever the store says over time.
import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { guard } from '../../../../src/plan/guard/guard.ts';
import type { Change } from '../../../../src/plan/change.ts';
import { planChanges } from '../../../../src/plan/plan.ts';
import { allowance } from '../../../../src/plan/guard/guard-limits.ts';
import { computeDesiredState } from '../../../../src/policy/desired-state.ts';
import { CONFIG, FACTS, NOW } from '../../../support/records/organisation.ts';
import { absent, inactive, makeNode, makeOverrides, runSync } from '../../../support/records/fleet.ts';
import { RUNS } from '../../../support/records/strangers.ts';

/** Histories are dear: a tenth of the usual count. */
const HISTORIES = Math.ceil(RUNS / 10);
vi.setConfig({ testTimeout: 30_000 + RUNS * 10 });

const PEOPLE = 40;
const DAY = 86_400;
const people = fc.uniqueArray(fc.integer({ min: 1, max: PEOPLE }), { maxLength: 12 });
const step = fc.record({
  leaving: people,
  missing: people,
  wait: fc.constantFrom(30, 600, 7200, DAY / 2, DAY),
  isFrozen: fc.boolean(),
  isEmpty: fc.constantFrom(false, false, false, true),
});

describe('the guard', () => {
  it('lets no more go within the window than the limit allows, however it is cut into passes', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
        const node = makeNode();
        runSync(node, makeOverrides(PEOPLE, undefined, { now: NOW - 30 * DAY }));
        node.done.length = 0;
        const limit = allowance(PEOPLE, CONFIG.limits.max_loss);
        let now = NOW;
        for (const { leaving, missing, wait, isFrozen, isEmpty } of steps) {
          now += wait;
          const overrides = makeOverrides(PEOPLE, (user, n) => {
            if (isEmpty || missing.includes(n)) return absent(user);
            return leaving.includes(n) ? inactive(user) : user;
          });
          const { go, held, changes, kinds } = runSync(node, { ...overrides, now, isFrozen });
          const waiting = held.flatMap((set) => set.changes);
          // The sudoers file, and whose root shells end with it, follows the memberships that go.
          const isOther = ({ kind }: Change): boolean =>
            !kind.startsWith('sudoers-') && kind !== 'root-shells-end';
          const guarded = [...go, ...waiting].filter(isOther);
          const expected = changes.filter(isOther);
          expect(new Set(guarded)).toEqual(new Set(expected));
          expect(guarded.length).toBe(expected.length);
          const out = node.done.filter(({ at, kind }) => at > now - DAY && kind === 'account-close');
          expect(new Set(out.map(({ scimId }) => scimId)).size).toBeLessThanOrEqual(limit);
          for (const change of go) {
            if (change.kind !== 'account-close' || kinds.get(change) !== 'account-close:unweighed') continue;
            expect(change.reason).toBe('inactive');
          }
          const split = new Set(
            go.filter(({ kind }) => kind === 'account-close').map(({ scimId }) => scimId),
          );
          for (const { scimId, kind } of waiting) {
            if (kind !== 'home-create') expect(split.has(scimId)).toBe(false);
          }
        }
      }),
      { numRuns: HISTORIES },
    );
  });

  it('acts on every explicit deactivation within limits.hold, whatever else happens', () => {
    fc.assert(
      fc.property(people, fc.array(people, { maxLength: 6 }), (leaving, others) => {
        const node = makeNode();
        runSync(node, makeOverrides(PEOPLE, undefined, { now: NOW - 30 * DAY }));
        const gone = new Set(leaving);
        const pass = (now: number) =>
          runSync(
            node,
            makeOverrides(PEOPLE, (user, n) => (gone.has(n) ? inactive(user) : user), { now }),
          );
        pass(NOW);
        others.forEach((more, index) => {
          for (const n of more) gone.add(n);
          pass(NOW + (index + 1) * 500);
        });
        pass(NOW + 3600);
        for (const n of leaving) expect(node.host.accounts.get(`p${n}`)?.expiryDay).toBe(1);
      }),
      { numRuns: HISTORIES },
    );
  });

  it('names a held set alike whatever the order of changes and records', () => {
    fc.assert(
      fc.property(people, fc.infiniteStream(fc.nat()), (missing, randomNumbers) => {
        const node = makeNode();
        runSync(node, makeOverrides(PEOPLE, undefined, { now: NOW - 30 * DAY }));
        const { users, groups } = makeOverrides(PEOPLE, (user, n) =>
          missing.includes(n) ? absent(user) : user,
        );
        const desired = computeDesiredState({
          users,
          groups,
          bindings: node.bindings,
          former: [],
          grants: [],
          firstOwners: [],
          facts: FACTS,
          config: CONFIG,
          now: NOW,
          blocked: [],
          completeAt: NOW,
          nameServices: { services: [], answers: null },
          extensions: new Map(),
          isComplete: false,
        });
        const changes = planChanges(desired, node.host);
        const question = {
          desired,
          actual: node.host,
          users,
          groups,
          config: CONFIG,
          record: { done: [], heldSince: new Map<string, number>() },
          approved: new Set<string>(),
          freezeReason: null,
          now: NOW,
        };
        const shuffled = changes
          .map((change) => [change, randomNumbers.next().value] as const)
          .sort(([, a], [, b]) => a - b)
          .map(([change]) => change);
        const hashes = [changes, shuffled].map((list) =>
          guard({ ...question, changes: list }).held.map(({ hash }) => hash),
        );
        expect(hashes[1]).toEqual(hashes[0]);
        expect(hashes[0]).toHaveLength(missing.length > allowance(PEOPLE, CONFIG.limits.max_loss) ? 1 : 0);
      }),
      { numRuns: HISTORIES },
    );
  });
});
