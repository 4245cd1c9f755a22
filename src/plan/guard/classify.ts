// First step of the guard: what each change means, what is exempt, and what a freeze holds back.
import { nameEnded } from '../../policy/grants.ts';
import type { Change } from '../change.ts';
import { type EffectContext, findDisabledReason, nameEffect, readEffectContext } from './effect.ts';
import { freezePlan } from './freeze.ts';
import type { ClassifiedPlan, GuardQuestion } from './guard-model.ts';
import { nameUnit, readGroupIds } from './held-hash.ts';

export function classifyPlan(question: GuardQuestion): ClassifiedPlan {
  const { changes, desired, freezeReason } = question;
  const accountOf = readEffectContext(desired);
  const exempt = findExempt(question, accountOf);
  const frozen = freezeReason === null ? new Set<Change>() : freezePlan(changes, accountOf, exempt);
  const moving = changes.filter((change) => !frozen.has(change));
  return { question, accountOf, groupIds: readGroupIds(desired), exempt, frozen, moving };
}

/** Blocks of people, and of keys; the ends of grants; and what an operator decided account by account (see policy/inherited/). */
function findExempt({ changes, desired }: GuardQuestion, accountOf: EffectContext): Set<Change> {
  const blockedKeys = new Set(
    desired.refusals.filter(({ code }) => code === 'key-blocked').map(({ scimId }) => `User ${scimId}`),
  );
  const dropped = new Set(
    desired.leftovers.filter(({ fate }) => fate === 'drop').map(({ scimId }) => scimId),
  );
  const groupIds = readGroupIds(desired);
  const isEndedMember = ({ kind, name, scimId }: Change): boolean =>
    kind === 'member-remove' &&
    scimId !== null &&
    desired.endedGrants.has(nameEnded(scimId, groupIds.get(name) ?? ''));
  const exempt = changes.filter((change) => {
    const reason = findDisabledReason(change, accountOf);
    if (reason === 'grant-ended' || isEndedMember(change)) return true;
    if (reason === 'blocked' || reason === 'retired' || dropped.has(change.scimId ?? '')) return true;
    if (!blockedKeys.has(nameUnit(change))) return false;
    return ['lose-keys', 'drop-keys', 'replace-keys'].includes(nameEffect(change, accountOf));
  });
  return new Set(exempt);
}
