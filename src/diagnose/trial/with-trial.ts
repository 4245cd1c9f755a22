// The chain with a trial login as its last link: what really happened outranks what was concluded from settings. Pure.
import type { Chain } from '../why/chain.ts';
import { NOT_RELOADED } from '../why/judge/judge-sshd.ts';
import { error, type Link, type LinkName, ok, unknown, type Verdict } from '../why/verdict.ts';
import type { Trial, TrialResult } from './trial.ts';
import type { Step } from '../../host/trial/trial-outcome.ts';

/** A trial has a key of its own, so it says nothing about the record, the access and the keys of the user. */
const NOT_TRIED: ReadonlySet<LinkName> = new Set(['store', 'record', 'access', 'keys']);

const FIXES: Readonly<Record<Step, string>> = {
  connect:
    'have sshd listen and show its configured host keys: systemctl status ssh; sshd -T | grep -i listenaddress',
  authenticate: 'correct the setting that sshd names, then run sunk-agent doctor',
  account: 'correct the account step of /etc/pam.d/sshd, or what it asks (nologin, access.conf, shadow)',
  session:
    'correct the session step of /etc/pam.d/sshd, or what it asks (limits.conf, the number of processes)',
  shell:
    'correct the shell, the start-up files of the user, or what limits them (/etc/security/limits.conf and limits.d), then try again',
};

/** Sessions wait for systemd-logind (pam_systemd(8)). */
const FIX_OF_SLOW_SESSION =
  'see what the session waits for: systemctl status systemd-logind dbus; then the session step of /etc/pam.d/sshd';

/** `refused connect from ADDRESS` is what libwrap logs. */
const FIX_OF_LIBWRAP = 'correct the line for sshd in /etc/hosts.deny, or admit it in /etc/hosts.allow';

export function addTrial(chain: Chain, result: TrialResult): Chain {
  const link: Link = { link: 'trial', ...judgeResult(result) };
  const links = [...chain.links, link];
  if (!result.tried) return { ...chain, links };
  if (result.trial.failed !== null) {
    const cause = findCause(chain, link, result.trial.failed);
    // Where the cause is more than the warning that it was, its line says so too.
    return {
      links: links.map((one) => (one.link === cause.link ? cause : one)),
      cause,
      mayLogIn: false,
    };
  }
  const { cause } = chain;
  const isWithoutShell = result.trial.detail !== '' && cause?.level !== 'error';
  if (cause === null || isWithoutShell || NOT_TRIED.has(cause.link)) return { ...chain, links };
  // The login works all the same: what was concluded is no more than a warning, and what was not known is known now.
  return { links, cause: { ...cause, level: 'warning' }, mayLogIn: true };
}

/** A cause that was found already says more than the step at which it shows. */
function findCause({ cause, links }: Chain, trial: Link, failed: Step): Link {
  if (cause?.level === 'error') return cause;
  const stale = links.find(({ code }) => code === NOT_RELOADED);
  // The settings that were judged are not those that sshd has.
  return stale !== undefined && failed !== 'shell' ? { ...stale, level: 'error' } : trial;
}

function judgeResult(result: TrialResult): Verdict {
  if (!result.tried) return unknown(result.why);
  const { trial } = result;
  const { failed, detail } = trial;
  if (failed === null) {
    const untried = [...(detail === '' ? [] : [detail]), `not checked: ${trial.notChecked.join(', ')}`];
    const said = `a login at ${where(trial)} succeeded in ${(trial.took / 1000).toFixed(1)} s; ${untried.join('; ')}`;
    // Without a shell it does not show that one works.
    return detail === '' ? ok(said) : unknown(said);
  }
  return error(
    `trial-${failed}`,
    `a trial login at ${where(trial)} failed at ${failed}: ${detail}`,
    'operator',
    chooseFix(failed, detail),
  );
}

function chooseFix(failed: Step, detail: string): string {
  if (/refused connect from/.test(detail)) return FIX_OF_LIBWRAP;
  return failed === 'session' && detail.startsWith('no answer in time') ? FIX_OF_SLOW_SESSION : FIXES[failed];
}

function where({ address, port }: Trial): string {
  return `${address} port ${port}`;
}
