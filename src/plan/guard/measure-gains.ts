// Second step of the guard, for gains: people enabled again, new sudo members, and keys replaced in bulk.
import type { Change } from '../change.ts';
import type { Measure } from '../changes/descriptor.ts';
import { nameEffect } from './effect.ts';
import { withDependants } from './dependants.ts';
import { nameUnit } from './held-hash.ts';
import { allowance, describeWindow, findDone } from './guard-limits.ts';
import { approveUnblocked, type ClassifiedPlan, type Excess } from './guard-model.ts';
import { sayCount } from '../../common/text/count-noun.ts';

/**
 * What goes beyond `limits.max_gain`. On a node that is made anew (it has no managed group yet) every person is new, and
 * sudo is given without a limit; a sudo group that turns up later is not, because any user may have given a group that name.
 */
export function measureGains(plan: ClassifiedPlan): Excess[] {
  const { accountOf, question, exempt, moving: changes } = plan;
  const { max_gain: limit, max_loss: loss } = question.config.limits;
  const isFreshNode = !question.actual.groups.has(question.desired.managedGroup.name);
  const pick = (effect: string): Change[] =>
    changes.filter((change) => nameEffect(change, accountOf) === effect && !exempt.has(change));
  // An operator decided that, person by person.
  const isUnblocked = ({ scimId }: Change): boolean =>
    scimId !== null && question.approved.has(approveUnblocked(scimId));
  const enabled = pick('enable').filter((change) => !isUnblocked(change));
  const sudo = isFreshNode ? [] : pick('sudo');
  const replaced = pick('replace-keys');
  const within = describeWindow(limit.window);
  const enabledCount = count(enabled, 'enabled', plan);
  const accounts = question.actual.accounts.size;
  const mayEnable = allowance(accounts, { ...loss, share: limit.enabled_again, at_most: Infinity });
  const sudoCount = count(sudo, 'sudo', plan);
  const replacedCount = count(replaced, 'replaced', plan);
  const holders = question.actual.keyFiles.size;
  // As for losses, so many are always well: in a small organisation two people may renew their keys on one day.
  const mayReplace = allowance(holders, { ...loss, share: limit.replaced_keys, at_most: Infinity });
  const excess: Excess[] = [];
  if (enabledCount > mayEnable) {
    const reason = `${enabledCount} of ${sayCount(accounts, 'account')} would be enabled again within ${within}; limits.max_gain.enabled_again allows ${mayEnable}`;
    // Their keys and memberships wait as well.
    const waiting = withDependants(new Set(enabled.map(nameUnit)), plan);
    excess.push({ kind: 'gain', reason, changes: waiting, timed: false });
  }
  if (sudoCount > limit.sudo) {
    const reason = `${sayCount(sudoCount, 'person', 'people')} would be new in sudo groups within ${within}; limits.max_gain.sudo allows ${limit.sudo}`;
    excess.push({ kind: 'gain', reason, changes: sudo, timed: false });
  }
  if (replacedCount > mayReplace) {
    const reason = `${replacedCount} of ${sayCount(holders, 'person', 'people')} would have all their keys replaced within ${within}; limits.max_gain.replaced_keys allows ${mayReplace}`;
    excess.push({ kind: 'gain', reason, changes: replaced, timed: false });
  }
  return excess;
}

/** People who gain now, together with those who did within the window. */
function count(changes: readonly Change[], measure: Measure, plan: ClassifiedPlan): number {
  const done = findDone(plan, measure, plan.question.config.limits.max_gain.window);
  return done.union(new Set(changes.map(nameUnit))).size;
}
