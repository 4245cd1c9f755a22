// Second step of the guard, for losses: people without access, people with less, and groups.
import { resolveAccess } from '../../policy/access.ts';
import { isNotInStore } from '../../policy/leftovers.ts';
import { DISABLED_DAY } from '../actual.ts';
import type { Change } from '../change.ts';
import { withDependants } from './dependants.ts';
import { findDisabledReason, nameEffect } from './effect.ts';
import { nameUnit } from './held-hash.ts';
import { allowance, countPopulation, describeWindow, findDone } from './guard-limits.ts';
import type { ClassifiedPlan, Excess } from './guard-model.ts';
import { sayCount } from '../../common/text/count-noun.ts';

/** A person's loss, as one. */
interface Loss {
  readonly unit: string;
  /** `out`: cannot log in any more; `less`: some keys or memberships go. */
  readonly extent: 'out' | 'less';
  readonly isExplicit: boolean;
  readonly hasVanished: boolean;
}

/** What goes beyond `limits.max_loss`, and whatever an empty store or a vanished access group would take. */
export function measureLosses(plan: ClassifiedPlan): Excess[] {
  const { moving: changes } = plan;
  const vanished = findVanished(plan);
  const losses = gatherLosses(changes, plan, vanished);
  const excess: Excess[] = [];
  const hold = (kind: Excess['kind'], reason: string, held: readonly Loss[], timed = false): void => {
    excess.push({ kind, reason, changes: withDependants(unitsOf(held), plan), timed });
  };
  const gone = losses.filter(({ hasVanished }) => hasVanished);
  const goneGroups = changes.filter(
    (change) => change.kind === 'group-remove' && vanished.groupIds.has(change.scimId ?? ''),
  );
  if (gone.length + goneGroups.length > 0) {
    const set = new Set([
      ...withDependants(unitsOf(gone), plan),
      ...goneGroups,
      ...vanished.sudoers(changes),
    ]);
    excess.push({ kind: 'vanished', reason: vanished.reason, changes: [...set], timed: false });
  }
  const rest = losses.filter(({ hasVanished }) => !hasVanished);
  const out = rest.filter(({ extent }) => extent === 'out');
  const { limits } = plan.question.config;
  const within = describeWindow(limits.max_loss.window);
  const done = findDone(plan, 'lost', limits.max_loss.window);
  const total = countPopulation(plan, done);
  const allowed = allowance(total, limits.max_loss);
  const explicit = out.filter(({ isExplicit }) => isExplicit);
  const implied = out.filter(({ isExplicit }) => !isExplicit);
  const describe = (count: number, what: string): string =>
    `${count} of ${sayCount(total, 'person', 'people')} would ${what} within ${within}; limits.max_loss allows ${allowed}`;
  const told = done.union(unitsOf(explicit));
  const isHeld = told.size > allowed;
  if (isHeld) hold('loss', describe(told.size, 'be deactivated or otherwise lose access'), explicit, true);
  const going = (isHeld ? done : told).union(unitsOf(implied));
  if (going.size > allowed)
    hold('loss', describe(going.size, 'lose access without an explicit revocation by the store'), implied);
  const less = rest.filter(({ extent }) => extent === 'less');
  const fewer = findDone(plan, 'reduced', limits.max_loss.window).difference(done).union(unitsOf(less));
  if (fewer.size > allowed) hold('loss', describe(fewer.size, 'lose keys or memberships'), less);
  excess.push(...measureGroups(changes, plan, goneGroups));
  return withGroups(changes, excess);
}

function unitsOf(losses: readonly Loss[]): Set<string> {
  return new Set(losses.map(({ unit }) => unit));
}

function gatherLosses(changes: readonly Change[], plan: ClassifiedPlan, vanished: Vanished): Loss[] {
  const { accountOf, question, exempt } = plan;
  const { actual } = question;
  const losses = new Map<string, Loss>();
  const disabling = new Set(changes.filter(({ kind }) => kind === 'account-close').map(nameUnit));
  for (const change of changes) {
    const effect = nameEffect(change, accountOf);
    if (effect === 'none' || exempt.has(change)) continue;
    const unit = nameUnit(change);
    const present = actual.accounts.get(change.name);
    // With a lost ledger it may be any account; what the ledger does not bind is not among the actual ones.
    const isUnknown = change.scimId !== null && isNotInStore({ scimId: change.scimId });
    const isOpen = isUnknown || (present !== undefined && present.expiryDay !== DISABLED_DAY);
    // What completes a revocation that is done already takes nothing more away.
    const losesAccess =
      (effect === 'close' && disabling.has(unit)) ||
      (isOpen && (effect === 'lose-keys' || effect === 'remove'));
    if (!losesAccess && effect !== 'drop-keys' && effect !== 'leave') continue;
    const reason = findDisabledReason(change, accountOf);
    const before = losses.get(unit);
    losses.set(unit, {
      unit,
      extent: losesAccess || before?.extent === 'out' ? 'out' : 'less',
      isExplicit: reason === 'inactive',
      hasVanished: before?.hasVanished === true || vanished.concerns(change, reason),
    });
  }
  return [...losses.values()];
}

/** A group waits itself while the removal of a member waits. */
function withGroups(changes: readonly Change[], excess: readonly Excess[]): Excess[] {
  return excess.map((one) => {
    const names = new Set(one.changes.filter(({ kind }) => kind === 'member-remove').map(({ name }) => name));
    const known = new Set(one.changes);
    const groups = changes.filter(
      (change) => change.kind === 'group-remove' && names.has(change.name) && !known.has(change),
    );
    return { ...one, changes: [...one.changes, ...groups] };
  });
}

function measureGroups(
  changes: readonly Change[],
  plan: ClassifiedPlan,
  vanished: readonly Change[],
): Excess[] {
  const gone = new Set(vanished);
  const removals = changes.filter((change) => change.kind === 'group-remove' && !gone.has(change));
  const { config, actual } = plan.question;
  const limit = config.limits.max_loss;
  const done = findDone(plan, 'groups', limit.window);
  const count = done.union(new Set(removals.map(nameUnit))).size;
  const total = actual.groups.size + done.size;
  const allowed = allowance(total, limit);
  if (count <= allowed) return [];
  const names = new Set(removals.map(({ name }) => name));
  const set = changes.filter(
    (change) =>
      (change.kind === 'group-remove' && !gone.has(change)) ||
      (change.kind === 'member-remove' &&
        names.has(change.name) &&
        nameEffect(change, plan.accountOf) === 'leave'),
  );
  const reason = `${count} of ${sayCount(total, 'group')} would go within ${describeWindow(limit.window)}; limits.max_loss allows ${allowed}`;
  return [{ kind: 'loss', reason, changes: set, timed: false }];
}

interface Vanished {
  readonly reason: string;
  /** SCIM ids of groups of `access` that are gone. */
  readonly groupIds: ReadonlySet<string>;
  concerns(change: Change, reason: string | null): boolean;
  /** The change to sudoers, if a sudo group is gone. */
  sudoers(changes: readonly Change[]): Change[];
}

/** An empty store, or groups of `access` that the store does not have (any more). */
function findVanished({ question, groupIds: idsByName }: ClassifiedPlan): Vanished {
  const { users, groups, config } = question;
  const isEmpty = users.every(({ absent }) => absent);
  const { missing } = resolveAccess(config.access, groups);
  const gone = groups.filter(
    ({ record, absent }) =>
      absent && missing.some(({ id, name }) => (id === null ? name === record.name : id === record.id)),
  );
  const groupIds = new Set(gone.map(({ record }) => record.id));
  const members = new Set(gone.flatMap(({ record }) => record.members));
  const isTraced = missing.every(({ id, name }) =>
    gone.some(({ record }) => (id === null ? name === record.name : id === record.id)),
  );
  const names = missing.map(({ name }) => name).join(', ');
  const hasNoSudoGroup = config.access.sudo_groups.some((reference) => missing.includes(reference));
  return {
    reason: isEmpty
      ? 'the store has no users at all'
      : `the store does not have a group that access names: ${names}`,
    groupIds,
    concerns(change, reason) {
      if (reason === 'absent') return isEmpty;
      if (reason === 'no-access-group') {
        return isEmpty || (missing.length > 0 && (!isTraced || members.has(change.scimId ?? '')));
      }
      // A key file of an account that neither ledger nor store knows: an empty store says nothing of it.
      if (reason === null && change.kind === 'keys-remove') return isEmpty;
      // A revocation for another reason takes its course, in whatever groups the person was.
      if (reason !== null) return false;
      return change.kind === 'member-remove' && groupIds.has(idsByName.get(change.name) ?? '');
    },
    sudoers: (changes) =>
      hasNoSudoGroup
        ? changes.filter(({ kind }) => kind.startsWith('sudoers-') || kind === 'root-shells-end')
        : [],
  };
}
