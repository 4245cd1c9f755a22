// Users that the store sends without `active`: who stays inactive.
import type { Config } from '../../config/config.ts';
import { findDisabledBecause, readOperatorOverrides, resolveAccess } from '../../policy/access.ts';
import type { StateDatabase } from '../../state/state.ts';
import type { ResourceJudge } from './judge-resource.ts';

type Records = Pick<StateDatabase, 'users' | 'groups' | 'bindings' | 'lastSync'>;

/** What tells a full read of this build from one of 0.1.0, which took a missing `active` for `true`. */
interface MarkedSync {
  readonly fetched: {
    readonly mode: string;
    readonly isAnswered: boolean;
    readonly ingested: { readonly missed?: number };
  } | null;
}

/**
 * Until this build has read the store completely, a stored `active: true` may be 0.1.0's reading of a missing one. Where
 * such an account is disabled, and nothing but `active` can be the reason, the user counts as inactive.
 * @param blocked the operators' block list.
 * @returns SCIM ids.
 */
export function findUnsaidInactive(
  state: Records,
  config: Config,
  blocked: () => readonly string[],
): ReadonlySet<string> {
  const found = new Set<string>();
  if (state.lastSync<MarkedSync>('full, of a build that keeps active', isMarked) !== null) return found;
  const disabled = new Map(
    state.bindings().flatMap(({ kind, scimId, name, disabledAt }) => {
      return kind === 'account' && disabledAt !== null ? [[scimId, name] as const] : [];
    }),
  );
  if (disabled.size === 0) return found;
  const { members } = resolveAccess(config.access, state.groups());
  const overrides = readOperatorOverrides(config, blocked());
  for (const { record, absent } of state.users()) {
    const name = disabled.get(record.id);
    if (name === undefined) continue;
    const { id, userName, active } = record;
    const { block } = overrides.rulesFor(record, name);
    const [member, listed] = [members.has(id), overrides.isListed(userName)];
    if (findDisabledBecause({ block, active, absent, member, listed }) === null) found.add(id);
  }
  return found;
}

function isMarked({ fetched }: MarkedSync): boolean {
  return fetched?.mode === 'full' && fetched.isAnswered && fetched.ingested.missed !== undefined;
}

/** A judge to which these users' last value is inactive. */
export function presumeInactive(judge: ResourceJudge, ids: ReadonlySet<string>): ResourceJudge {
  if (ids.size === 0) return judge;
  return {
    ...judge,
    readUser: (raw, previous) =>
      judge.readUser(
        raw,
        previous !== null && ids.has(previous.id) ? { ...previous, active: false } : previous,
      ),
  };
}
