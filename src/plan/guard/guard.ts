// What is too much at once: weighs a plan over a sliding window and holds what goes beyond, each kind by itself.
import type { Change } from '../change.ts';
import { findDisabledReason, nameEffect, readEffectContext } from './effect.ts';
import { freezePlan } from './freeze.ts';
import type { GuardQuestion, GuardRecord, GuardVerdict, HeldSet } from './guard-model.ts';
import { hashChanges, hashLines, nameUnit, readGroupIds } from './held-hash.ts';
import { measureGains } from './measure-gains.ts';
import { measureLosses } from './measure-losses.ts';
import { nameRecord, type GuardContext } from './guard-limits.ts';

/**
 * Splits a plan into what may be applied and what waits. The unit of loss is a person: all that one would lose goes
 * or waits together, and with a loss waits what else would happen to that person, except a mere renewal of keys.
 * A block is never held.
 */
export function guard(question: GuardQuestion): GuardVerdict {
  const { changes, record, approved, config, now } = question;
  const weighing = prepare(question);
  const frozen = question.freezeReason !== null ? freezePlan(changes, weighing) : new Set<Change>();
  const moving = changes.filter((change) => !frozen.has(change));
  const proposals = [...measureLosses(moving, weighing), ...measureGains(moving, weighing)];
  const hashOf = (set: readonly Change[]): string => hashChanges(set, weighing.context, weighing.groupIds);
  const remember = new Map<string, number>();
  const held: HeldSet[] = [];
  const stopped = new Set<Change>();
  const unweighed = new Set<Change>(weighing.exempt);
  for (const { kind, reason, changes: set, timed } of proposals) {
    let waiting = set.filter((change) => !stopped.has(change));
    let since = record.heldSince.get(hashOf(waiting)) ?? now;
    const timers = timed ? readTimers(waiting, since, record) : new Map<string, number>();
    if (timed) {
      const mayAct = (change: Change): boolean =>
        now - (timers.get(nameUnit(change)) ?? now) >= config.limits.hold;
      for (const change of waiting) if (mayAct(change)) unweighed.add(change);
      waiting = waiting.filter((change) => !mayAct(change));
      since = waiting.reduce((first, change) => Math.min(first, timers.get(nameUnit(change)) ?? now), now);
    }
    if (waiting.length === 0) continue;
    const hash = hashOf(waiting);
    if (approved.has(hash)) {
      for (const change of waiting) unweighed.add(change);
      continue;
    }
    remember.set(hash, since);
    for (const change of waiting) {
      stopped.add(change);
      const started = timers.get(nameUnit(change));
      if (started !== undefined) remember.set(hashLines([nameUnit(change)]), started);
    }
    const actsAt = timed ? since + config.limits.hold : null;
    held.push({ hash, kind, reason, changes: waiting, since, actsAt });
  }
  if (frozen.size > 0) held.push(describeFreeze([...frozen], weighing, question));
  const isStopped = (change: Change): boolean => stopped.has(change) || frozen.has(change);
  return {
    go: changes.filter((change) => !isStopped(change)),
    held,
    remember,
    kinds: nameRecord(changes, unweighed, weighing),
  };
}

/** Each person's own clock, so that another one who is added does not start everybody's anew. */
function readTimers(
  changes: readonly Change[],
  since: number,
  record: GuardRecord,
): ReadonlyMap<string, number> {
  const timers = new Map<string, number>();
  for (const change of changes) {
    const unit = nameUnit(change);
    if (!timers.has(unit)) timers.set(unit, record.heldSince.get(hashLines([unit])) ?? since);
  }
  return timers;
}

function describeFreeze(
  changes: readonly Change[],
  weighing: GuardContext,
  question: GuardQuestion,
): HeldSet {
  const hash = hashChanges(changes, weighing.context, weighing.groupIds);
  const since = question.record.heldSince.get(hash) ?? question.now;
  return { hash, kind: 'frozen', reason: question.freezeReason ?? '', changes, since, actsAt: null };
}

function prepare(question: GuardQuestion): GuardContext {
  const { changes, desired } = question;
  const context = readEffectContext(desired);
  const blockedKeys = new Set(
    desired.refusals.filter(({ code }) => code === 'key-blocked').map(({ scimId }) => `User ${scimId}`),
  );
  const exempt = changes.filter((change) => {
    if (findDisabledReason(change, context) === 'blocked') return true;
    if (blockedKeys.size === 0 || !blockedKeys.has(nameUnit(change))) return false;
    return ['lose-keys', 'drop-keys', 'replace-keys'].includes(nameEffect(change, context));
  });
  return { question, context, groupIds: readGroupIds(desired), exempt: new Set(exempt) };
}
