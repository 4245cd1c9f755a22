// The link `record`: does the mirror know the person, and is the record sound and active?
import { sayAgo } from '../../../common/relative-time.ts';
import type { Facts } from '../facts.ts';
import { broken, ok, unknown, warning, type Verdict } from '../verdict.ts';

export function judgeRecord({ person, local, question, status, config, now }: Facts): Verdict {
  if (!person.ok) return unknown(person.why);
  if (person.value === null) {
    if (local?.gid === config.accounts.primary_gid) {
      return warning(
        `${local.name} (uid ${local.uid}) bears our mark, but neither the ledger nor the store knows it: closed once the store was read whole twice`,
        'operator',
        `look who that is; sunk-agent block ${local.name} puts it out at once`,
      );
    }
    if (local !== null) {
      return unknown(
        `${local.name} (uid ${local.uid}) is a local account of this node, none of ours, and the store has no say over it`,
      );
    }
    const failure = status.ok ? status.value.store.failure : null;
    if (failure !== null) {
      return broken(
        `the store has not listed ${question} so far, and it cannot be heard: ${failure.message}`,
        'operator',
        `mend that first: ${failure.hint}`,
      );
    }
    return broken(
      `the store lists nobody called ${question}`,
      'provider',
      'assign that person to the application that provisions CoreWeave, or look for another spelling',
    );
  }
  const { record, absent, confirmedAt, quarantine } = person.value;
  if (absent) {
    return broken(
      `the store no longer has ${record.userName}`,
      'provider',
      'assign that person to the application again',
    );
  }
  if (!record.active) {
    return broken(
      `the store says that ${record.userName} is not active`,
      'provider',
      'enable that person, if they should be in',
    );
  }
  const reason = quarantine?.findings[0]?.detail ?? null;
  if (reason !== null) {
    return warning(
      `the newest record is in quarantine (${reason}), and the last good one counts`,
      'provider',
      'correct that field',
    );
  }
  const when = confirmedAt === 0 ? 'never confirmed' : `confirmed ${sayAgo(confirmedAt, now)}`;
  return ok(`${record.userName} is active, ${when}`);
}
