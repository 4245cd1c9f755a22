// The guard's second step for Slurm: people who would lose accounts, and accounts that would get more.
import { sayCount } from '../../common/text/count-noun.ts';
import type { Change } from '../change.ts';
import { withDependants } from '../guard/dependants.ts';
import { nameEffect } from '../guard/effect.ts';
import { guardBy } from '../guard/guard.ts';
import { allowance, countPopulation, countUnion, describeWindow, findDone } from '../guard/guard-limits.ts';
import type { ClassifiedPlan, Excess, GuardQuestion, GuardVerdict } from '../guard/guard-model.ts';
import { nameUnit } from '../guard/held-hash.ts';

/**
 * The verdict on changes of Slurm. What follows from a disabled account is not measured again: that loss was judged when
 * the account was disabled.
 */
export function guardSlurm(question: GuardQuestion): GuardVerdict {
  return guardBy(question, (plan) => [...measureAssociations(plan), ...measureRaises(plan)]);
}

function pick(plan: ClassifiedPlan, effect: string): Change[] {
  const { moving, accountOf, exempt } = plan;
  return moving.filter((change) => nameEffect(change, accountOf) === effect && !exempt.has(change));
}

function measureAssociations(plan: ClassifiedPlan): Excess[] {
  const units = new Set(pick(plan, 'lose-association').map(nameUnit));
  if (units.size === 0) return [];
  const limit = plan.question.config.limits.max_loss;
  const done = findDone(plan, 'reduced', limit.window);
  const total = countPopulation(plan, done);
  const count = countUnion(done, units);
  const allowed = allowance(total, limit);
  if (count <= allowed) return [];
  const reason = `${count} of ${sayCount(total, 'person', 'people')} would lose Slurm accounts, keys or memberships within ${describeWindow(limit.window)}; limits.max_loss allows ${allowed}`;
  return [{ kind: 'loss', reason, changes: withDependants(units, plan), timed: false }];
}

function measureRaises(plan: ClassifiedPlan): Excess[] {
  const raises = pick(plan, 'raise-limits');
  if (raises.length === 0) return [];
  const limit = plan.question.config.limits.max_gain;
  const count = countUnion(findDone(plan, 'raised', limit.window), new Set(raises.map(nameUnit)));
  if (count <= limit.slurm_limits) return [];
  const reason = `${sayCount(count, 'Slurm account')} would get more QOS, limits or shares within ${describeWindow(limit.window)}; limits.max_gain.slurm_limits allows ${limit.slurm_limits}`;
  return [{ kind: 'gain', reason, changes: raises, timed: false }];
}
