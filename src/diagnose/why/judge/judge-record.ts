// The link `record`: does the state database have the user, and is the record sound and active?
import { sayAgo } from '../../../common/text/relative-time.ts';
import type { Facts } from '../facts.ts';
import { describeFinding } from '../../../protocol/records.ts';
import { error, ok, unknown, warning, type Verdict } from '../verdict.ts';
import { softenHeldLoss } from './held-loss.ts';
import { sayRebind } from './say-rebind.ts';

export function judgeRecord(facts: Facts): Verdict {
  const { person, now } = facts;
  if (!person.ok) return unknown(person.why);
  if (person.value === null) return explainMissing(facts);
  const { record, absent, confirmedAt, quarantine } = person.value;
  const [successor] = person.value.successions.filter(
    ({ kind, from }) => kind === 'account' && from === record.id,
  );
  if (successor !== undefined) {
    return error(
      'record-recreated',
      `the store has ${record.userName} under a new SCIM id (${successor.to}) and no longer under ${record.id}, which has the account ${successor.name} on this node`,
      'operator',
      sayRebind(successor),
    );
  }
  if (absent) {
    const removed = error(
      'record-removed',
      `the store no longer has ${record.userName}`,
      'provider',
      'assign the user to the application again',
    );
    return softenHeldLoss(removed, person.value);
  }
  if (!record.active) {
    const inactive = error(
      'record-inactive',
      `the store reports that ${record.userName} is not active`,
      'provider',
      'enable the user, if the user should have access',
    );
    return softenHeldLoss(inactive, person.value);
  }
  const findings = quarantine?.findings ?? [];
  if (findings.length > 0) {
    const reason = findings.map(describeFinding).join('; ');
    return warning(
      'record-quarantined',
      `the newest record is in quarantine (${reason}); the last good one is in use`,
      'provider',
      'correct that field',
    );
  }
  const when = confirmedAt === 0 ? 'never confirmed' : `confirmed ${sayAgo(confirmedAt, now)}`;
  return ok(`${record.userName} is active, ${when}`);
}

/** An account of this node that sunk-agent has nothing to do with, so that no further link is its own. */
export function isOfOthers({ person, local, newcomer, config }: Facts): boolean {
  const isKnown = !person.ok || person.value !== null || newcomer !== null;
  return !isKnown && local !== null && local.gid !== config.accounts.primary_gid;
}

/** No record of that name: an account of the node without one, or a name that the store does not list. */
function explainMissing({ local, question, status, config, newcomer }: Facts): Verdict {
  if (newcomer) {
    const { kind, id, findings } = newcomer;
    return error(
      'record-never-sound',
      `the store lists the ${kind} ${question} (${id}), but its record is in quarantine and no earlier one was sound: ${findings.map(describeFinding).join('; ')}`,
      'provider',
      'correct that field at the identity provider',
    );
  }
  if (local?.gid === config.accounts.primary_gid) {
    return warning(
      'record-unknown-account',
      `${local.name} (uid ${local.uid}) is in the managed group but in neither the ledger nor the user store: it is not managed, and sunk-agent never disables it`,
      'operator',
      `find the owner of the account; give it another primary group with usermod --gid GROUP ${local.name}, or disable it with usermod --expiredate 1 ${local.name}`,
    );
  }
  if (local !== null) {
    return unknown(`${local.name} (uid ${local.uid}) is a local account, not managed by sunk-agent`);
  }
  const failure = status.ok ? status.value.store.failure : null;
  if (failure !== null) {
    return error(
      'record-store-unreachable',
      `the store has not listed ${question} so far, and it does not answer: ${failure.message}`,
      'operator',
      failure.hint,
    );
  }
  return error(
    'record-not-listed',
    `the store lists no user ${question}`,
    'provider',
    'assign the user to the application that provisions CoreWeave, or check the spelling',
  );
}
