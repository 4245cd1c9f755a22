// The link `store`: is it answering, and does the node follow it? No login waits for it, so each fault is a warning, but for lost keys.
import { sayAgo, saySpan } from '../../../common/text/relative-time.ts';
import type { Status } from '../../../agent/report/status.ts';
import { MAX_SKEW_MS } from '../../../protocol/clock-skew.ts';
import type { Facts } from '../facts.ts';
import { error, ok, unknown, warning, type Verdict } from '../verdict.ts';

/** Seconds. Schedules are shorter, so a sync that is older was missed. */
const STALE = 3600;
/** Seconds; beyond it no key is confirmed. */
const MAX_SKEW = MAX_SKEW_MS / 1000;

export function judgeStore(facts: Facts): Verdict {
  const { status, now, unmounted } = facts;
  if (unmounted !== null) return explainUnmounted(unmounted);
  if (!status.ok) return unknown(status.why);
  const { store } = status.value;
  return (
    judgeContact(facts, status.value) ??
    judgeRestraint(facts, status.value) ??
    judgeAge(status.value, now) ??
    ok(
      `last contact ${sayAgo(store.lastContact, now)}, last complete read ${sayAgo(store.lastComplete, now)}`,
    )
  );
}

function explainUnmounted({ point, hasKeys }: NonNullable<Facts['unmounted']>): Verdict {
  const [judge, lost] = hasKeys ? [warning, 'the state database is'] : [error, 'state database and keys are'];
  return judge(
    'store-not-mounted',
    `${point} is in /etc/fstab and not mounted, so ${lost} not there, and sunk-agent does not start`,
    'operator',
    `mount ${point}, then systemctl restart sunk-agent`,
  );
}

/** The daemon does not run, the store does not answer, or the clocks differ; null: none of them. */
function judgeContact({ isDaemonUp, now }: Facts, { store, lastSync }: Status): Verdict | null {
  if (isDaemonUp === false) {
    return warning(
      'store-daemon-stopped',
      `sunk-agent does not run; the last sync was ${sayAgo(lastSync.at, now)}`,
      'operator',
      'start it: systemctl start sunk-agent sunk-agent-reader',
    );
  }
  if (store.failure !== null) {
    return warning(
      'store-unreachable',
      `${store.failure.message} (last contact ${sayAgo(store.lastContact, now)})`,
      'operator',
      store.failure.hint,
    );
  }
  if (store.skewSeconds !== null && Math.abs(store.skewSeconds) > MAX_SKEW) {
    return warning(
      'store-clock',
      `the clock of this node is ${saySpan(Math.abs(store.skewSeconds))} ${store.skewSeconds > 0 ? 'ahead of' : 'behind'} the clock of the store, so no key is confirmed`,
      'operator',
      'correct the time synchronisation: timedatectl status',
    );
  }
  return null;
}

/** An operator's setting keeps the node from following the store; null: none does. */
function judgeRestraint({ config, now }: Facts, { mode, guard }: Status): Verdict | null {
  if (mode === 'observe' || config.mode === 'observe') {
    return warning(
      'store-observe',
      'mode is observe: nothing on this node is changed',
      'operator',
      'set mode: enforce',
    );
  }
  if (guard.frozenUntil !== null && guard.frozenUntil > now) {
    return warning(
      'store-frozen',
      `this node is frozen for another ${saySpan(guard.frozenUntil - now)}: no access is granted`,
      'operator',
      'to end the freeze early: sunk-agent thaw',
    );
  }
  return null;
}

/** The store was never read completely, or the last sync is too old; null: neither. */
function judgeAge({ store, lastSync }: Status, now: number): Verdict | null {
  if (store.lastComplete === null) {
    return warning(
      'store-never-complete',
      'the store has never been read completely',
      'operator',
      'run sunk-agent sync',
    );
  }
  if (now - lastSync.at > STALE) {
    return warning(
      'store-stale',
      `the last sync was ${sayAgo(lastSync.at, now)}`,
      'operator',
      'run sunk-agent sync',
    );
  }
  return null;
}
