// What the store does wrong during a storm: some of the testbed's faults, chosen by chance.
import type { Rng } from './rng.ts';

/** Requests of the agent's reader: an identity provider asks with a filter. */
const LISTS = '^[^?]*/(Users|Groups)\\?(?!.*filter=)';
const ONE_OF_THEM = '/(Users|Groups)(/|\\?(?!.*filter=))';

type FaultBody = Readonly<Record<string, unknown>>;

/**
 * One fault as data. None of them is an answer that a sound store could give (a whole and
 * consistent lie about one person): everything here must be seen through, or at least not be acted upon.
 */
export function chooseStoreFault(rng: Rng, names: readonly string[]): FaultBody {
  const times = rng.chance(0.5) ? 1 + rng.below(4) : null;
  const list = { path: LISTS, times };
  const any = { path: ONE_OF_THEM, times };
  return rng.pick<FaultBody>([
    { kind: 'delay', ms: rng.below(1500), ...any },
    { kind: 'drip', ms: rng.below(1500), ...list },
    { kind: 'cut', share: rng.below(100) / 100, ...any },
    { kind: 'reset', ...any },
    { kind: 'status', status: rng.pick([401, 403, 404, 408, 500, 502, 503]), ...list },
    { kind: 'status', status: 429, retryAfter: 1, retryAfterForm: rng.pick(['seconds', 'date']), ...any },
    // Bounded by scim.max_wait of the campaign's nodes.
    { kind: 'status', status: 429, retryAfter: 999_999_999, ...list, times: 1 },
    { kind: 'html', status: rng.pick([200, 404, 503]), ...any },
    { kind: 'error-200', ...list },
    { kind: 'not-json', ...any },
    { kind: 'media-type', type: 'text/plain', ...any },
    { kind: 'clock', seconds: rng.pick([-90_000, -400, -290, 290, 400, 90_000]), ...list },
    { kind: 'short', most: 1 + rng.below(9), ...list },
    { kind: 'shifted', by: 1 + rng.below(3), ...list },
    { kind: 'missing', by: 1 + rng.below(9), ...list },
    { kind: 'doubled', ...list },
    { kind: 'empty', ...list },
    { kind: 'lower-case', ...list },
    { kind: 'no-total', ...list },
    { kind: 'page-total', ...list },
    { kind: 'unstable-total', ...list },
    { kind: 'members-cut', at: rng.below(4), ...list },
    { kind: 'members-odd', ...list },
    { kind: 'standing', ...list },
    { kind: 'deep', levels: 5000, ...any },
    ...(names.length === 0 ? [] : [{ kind: 'record', who: rng.pick(names), ...spoilRecord(rng), ...list }]),
  ]);
}

/** A record that is broken where it must not harm its own keys or membership, nor anybody else. */
function spoilRecord(rng: Rng): FaultBody {
  return rng.pick<FaultBody>([
    { set: { displayName: { nested: ['not', 'a', 'text'] } } },
    { set: { meta: 'yesterday' } },
    { set: { name: null, emails: 7, addresses: [null] } },
    { unset: ['userName'] },
    { unset: ['active'] },
    { set: { active: null } },
    { set: { __proto__: null, constructor: 'x' } },
  ]);
}

/** What must delay no revocation beyond two polls, whatever it does to the rest. */
export function chooseNuisance(rng: Rng, names: readonly string[]): FaultBody {
  const list = { path: LISTS, times: null };
  return rng.pick<FaultBody>([
    { kind: 'clock', seconds: rng.pick([-90_000, -400, -290, -200, 200, 290, 400, 90_000]), ...list },
    { kind: 'members-odd', ...list },
    { kind: 'standing', ...list },
    { kind: 'status', status: 429, retryAfter: 999_999_999, ...list, times: 1 },
    ...(names.length === 0 ? [] : [{ kind: 'record', who: rng.pick(names), unset: ['active'], ...list }]),
  ]);
}
