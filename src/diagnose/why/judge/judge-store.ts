// The link `store`: is it heard? No login waits for it, so a store that is silent is a warning.
import { sayAgo, saySpan } from '../../../common/relative-time.ts';
import type { Facts } from '../facts.ts';
import { ok, unknown, warning, type Verdict } from '../verdict.ts';

/** A pass that is older than this, with a schedule in seconds, was not made. */
const STALE = 3600;
/** As in agent/hear/hear: beyond it nothing is confirmed. */
const MAX_SKEW = 300;

export function judgeStore({ status, isDaemonUp, config, now }: Facts): Verdict {
  if (!status.ok) return unknown(status.why);
  const { store, mode, lastPass, guard } = status.value;
  if (isDaemonUp === false) {
    return warning(
      `sunk-agent does not run; the last pass was ${sayAgo(lastPass.at, now)}`,
      'operator',
      'start it: systemctl start sunk-agent sunk-agent-reader',
    );
  }
  if (store.failure !== null) {
    const since = store.lastHeard === null ? 'never' : `last ${sayAgo(store.lastHeard, now)}`;
    return warning(`${store.failure.message} (heard ${since})`, 'operator', store.failure.hint);
  }
  if (store.skewSeconds !== null && Math.abs(store.skewSeconds) > MAX_SKEW) {
    return warning(
      `this node's clock is ${saySpan(Math.abs(store.skewSeconds))} ${store.skewSeconds > 0 ? 'ahead of' : 'behind'} the store's, so no key is confirmed`,
      'operator',
      'mend the time synchronisation: timedatectl status',
    );
  }
  if (mode === 'observe' || config.mode === 'observe') {
    return warning('mode is observe: nothing on this node is changed', 'operator', 'set mode: enforce');
  }
  if (guard.frozenUntil !== null && guard.frozenUntil > now) {
    return warning(
      `this node is frozen for another ${saySpan(guard.frozenUntil - now)}: nobody new is let in`,
      'operator',
      'end it, if its time has come: sunk-agent thaw',
    );
  }
  if (store.lastComplete === null)
    return warning('the store has never been read completely', 'operator', 'run sunk-agent sync');
  if (now - lastPass.at > STALE)
    return warning(`the last pass was ${sayAgo(lastPass.at, now)}`, 'operator', 'run sunk-agent sync');
  return ok(`heard ${sayAgo(store.lastHeard, now)}, completely ${sayAgo(store.lastComplete, now)}`);
}
