// The link `sshd`: does it run the key helper for this user, and does it admit the user at all?
import type { Facts } from '../facts.ts';
import { error, ok, unknown, warning, type Verdict } from '../verdict.ts';
import { sayCount } from '../../../common/text/count-noun.ts';
import { explainSshdFix } from '../../sshd-fix.ts';
import { checkAlgorithms, findDenial } from './sshd-denial.ts';

/** sshd may run with an older configuration than the one that is judged here. */
export const NOT_RELOADED = 'sshd-not-reloaded';

/** Logins work from here now, and not from elsewhere, or not for long. */
export const TROUBLES: ReadonlySet<string> = new Set(['sshd-loopback', 'sshd-host-keys-in-memory']);

/** With fewer tries a login fails if the ssh-agent offers other keys first. */
const FEW_TRIES = 3;

export function judgeSshd({ sshd, names, name, from, person }: Facts): Verdict {
  if (!sshd.ok) return unknown(sshd.why);
  const { settings, findings, hasDropIn } = sshd.value;
  const groups = names.ok ? names.value.groups : [];
  const denial = settings === null || name === null ? null : findDenial(settings, name, groups, from);
  if (denial?.level === 'error') return denial;
  // The helper is the link before this one.
  const fault = findings.find(({ breaksLogin, code }) => breaksLogin && code !== 'sshd-helper-unsafe');
  if (fault !== undefined)
    return error(fault.code, fault.detail, 'operator', explainSshdFix(fault.code, hasDropIn));
  if (settings === null) return unknown('sshd does not report its settings');
  const keys = (person.ok ? person.value?.keys : null) ?? [];
  const types = keys.flatMap(({ type, refusal }) => (type === null || refusal !== null ? [] : [type]));
  const algorithms = checkAlgorithms(settings, types);
  if (algorithms !== null) return algorithms;
  if (denial !== null) return denial;
  const stale = findings.find(({ code }) => code === NOT_RELOADED);
  if (stale !== undefined)
    return warning(NOT_RELOADED, stale.detail, 'operator', explainSshdFix(NOT_RELOADED, hasDropIn));
  const tries = Number(settings.get('maxauthtries')?.[0] ?? '6');
  if (tries < FEW_TRIES) {
    return warning(
      'sshd-few-tries',
      `sshd allows ${sayCount(tries, 'try', 'tries')} (MaxAuthTries), which an ssh-agent with several keys uses up`,
      'person',
      'offer one key only: ssh -o IdentitiesOnly=yes -i KEY',
    );
  }
  const trouble = findings.find(({ code }) => TROUBLES.has(code));
  if (trouble !== undefined)
    return warning(trouble.code, trouble.detail, 'operator', explainSshdFix(trouble.code, hasDropIn));
  const bypass = findings.find(({ breaksLogin }) => !breaksLogin);
  if (bypass !== undefined)
    return warning(bypass.code, bypass.detail, 'operator', 'remove that setting, unless it is intended');
  return ok(`runs ${settings.get('authorizedkeyscommand')?.[0] ?? 'no key helper'}`);
}
