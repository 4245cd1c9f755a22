// The guard: classify the plan, measure it over a sliding window, hold what goes beyond a limit; each kind by itself.
import { classifyPlan } from './classify.ts';
import type { ClassifiedPlan, Excess, GuardQuestion, GuardVerdict } from './guard-model.ts';
import { nameRecord } from './guard-limits.ts';
import { describeFreeze, holdExcess } from './hold.ts';
import { measureGains } from './measure-gains.ts';
import { measureLosses } from './measure-losses.ts';

/**
 * Splits a plan into what may be applied and what waits. The unit of loss is a person: all that one would lose goes
 * or waits together, and with a loss waits what else would happen to that person, except a mere renewal of keys.
 * A block is never held.
 */
export function guard(question: GuardQuestion): GuardVerdict {
  return guardBy(question, (plan) => [...measureLosses(plan), ...measureGains(plan)]);
}

/** The same for changes that are measured in another way (Slurm's). */
export function guardBy(
  question: GuardQuestion,
  measure: (plan: ClassifiedPlan) => readonly Excess[],
): GuardVerdict {
  const plan = classifyPlan(question);
  const excess = measure(plan);
  const { held, stopped, uncounted, remember } = holdExcess(excess, plan);
  const frozen = plan.frozen.size > 0 ? [describeFreeze(plan)] : [];
  return {
    go: plan.moving.filter((change) => !stopped.has(change)),
    held: [...held, ...frozen],
    remember,
    kinds: nameRecord(question.changes, uncounted, plan),
  };
}
