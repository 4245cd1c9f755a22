// The link `account`: do passwd and shadow have the line that the plan wants, enabled, and with a shell?
import { DISABLED_DAY } from '../../../plan/actual.ts';
import { sayTime } from '../../../common/text/relative-time.ts';
import type { DesiredAccount } from '../../../policy/model.ts';
import type { Facts, PersonFacts } from '../facts.ts';
import { error, ok, unknown, type Verdict } from '../verdict.ts';
import { explainRefusal, findAccountRefusal } from './account-refusal.ts';

const DAY = 86_400;

export function judgeAccount(facts: Facts): Verdict {
  const { person, local } = facts;
  if (!person.ok || person.value === null) {
    return local === null ? unknown('not known without the state database') : judgeLine(facts, local.shell);
  }
  const { desired, actual } = person.value;
  const refusal = findAccountRefusal(person.value);
  if (refusal !== null) return addAdvice(explainRefusal(refusal, person.value), refusal.code, person.value);
  if (desired === null) return explainAbsence(facts, person.value, 'the account is not on this node');
  if (actual === null) return explainMissing(facts, person.value, desired);
  return judgeShadow(facts, person.value, desired.entry.name) ?? judgeLine(facts, actual.entry.shell);
}

/** For a name that cannot be granted: the step that works for this very user. */
function addAdvice(verdict: Verdict, code: string, { nameAdvice }: PersonFacts): Verdict {
  if (nameAdvice === null || !code.startsWith('name-')) return verdict;
  // It names the domain, or knows that to add it is not enough, because the part before it cannot be a name either.
  if (code === 'name-domain') return { ...verdict, howToFix: nameAdvice };
  return { ...verdict, howToFix: `${verdict.howToFix}; or, on the node, ${nameAdvice}` };
}

function explainMissing(facts: Facts, person: PersonFacts, { entry }: DesiredAccount): Verdict {
  const { local } = facts;
  if (local !== null && local.uid !== entry.uid) {
    return error(
      'account-other-uid',
      `passwd has ${local.name} with uid ${local.uid}, but uid ${entry.uid} is bound to the user`,
      'operator',
      `find out what changed that line, and set its uid to ${entry.uid}`,
    );
  }
  return explainAbsence(facts, person, `the account ${entry.name} is not on this node`);
}

/** Disabled, expired or locked; null: none of them. */
function judgeShadow(facts: Facts, person: PersonFacts, name: string): Verdict | null {
  const { names, now } = facts;
  const expiryDay = person.actual?.expiryDay ?? null;
  if (expiryDay === DISABLED_DAY && person.disabled === null)
    return explainAbsence(facts, person, `the account ${name} is still disabled`);
  if (expiryDay !== null && expiryDay > DISABLED_DAY && expiryDay * DAY <= now) {
    return error(
      'account-expired',
      `the account ${name} expired on ${sayTime(expiryDay * DAY).slice(0, 10)}: the date was set manually`,
      'operator',
      `remove the date: chage -E -1 ${name}`,
    );
  }
  if (hasLostShadow(facts)) {
    return error(
      'account-no-shadow',
      `shadow has no line for ${name}, so PAM refuses the login`,
      'operator',
      'write the missing line: pwconv',
    );
  }
  const isLocked = names.ok && names.value.shadow?.[1]?.startsWith('!') === true;
  if (isLocked && usesPam(facts) === false) {
    return error(
      'account-locked',
      `the account ${name} is locked in shadow, and sshd without PAM denies locked accounts`,
      'operator',
      `unlock it: usermod -p '*' ${name}`,
    );
  }
  return null;
}

/** Only root can tell, who alone learns the settings of sshd as well. */
function hasLostShadow({ names, sshd, config }: Facts): boolean {
  if (!names.ok || !sshd.ok || config.accounts.backend !== 'local') return false;
  return (
    names.value.fault === null &&
    names.value.shadowFault === null &&
    names.value.entry !== null &&
    names.value.shadow === null &&
    !names.value.hasShadowLine
  );
}

function usesPam({ sshd }: Facts): boolean | null {
  const value = sshd.ok ? sshd.value.settings?.get('usepam')?.[0] : undefined;
  return value === undefined ? null : value === 'yes';
}

function judgeLine({ shell, local, person }: Facts, line: string): Verdict {
  const entry = (person.ok ? person.value?.actual?.entry : null) ?? local;
  if (shell.ok && shell.value.fault !== null) {
    return error(
      'account-shell',
      `the shell ${shell.value.shell} ${shell.value.fault}`,
      'operator',
      'install that shell, or name another one in accounts.shell',
    );
  }
  return ok(`${entry?.name ?? ''} has uid ${entry?.uid ?? '?'}, gid ${entry?.gid ?? '?'}, ${line}`);
}

/** Why a wanted change is not done: the guard holds it, it failed, or no sync has made it yet. */
function explainAbsence({ config, isDaemonUp }: Facts, person: PersonFacts, detail: string): Verdict {
  const [set] = person.held;
  if (set !== undefined) {
    return error(
      'account-held',
      `${detail}: the guard holds the change (${set.reason})`,
      'operator',
      set.kind === 'frozen'
        ? 'end the freeze: sunk-agent thaw'
        : `look at it: sunk-agent plan. If it is a mistake, correct it at the store; if it is intended, apply it at once: sunk-agent approve ${set.hash}`,
    );
  }
  const { problem } = person;
  if (problem !== null && problem.problem !== null) {
    return error(
      'account-failed',
      `${detail}: ${problem.kind} failed: ${problem.problem}`,
      'operator',
      'correct that, then run sunk-agent sync',
    );
  }
  if (config.mode === 'observe')
    return error('account-observe', `${detail}: mode is observe`, 'operator', 'set mode: enforce');
  return error(
    'account-pending',
    `${detail}: no sync has made the change yet`,
    'operator',
    isDaemonUp === false
      ? 'start the agent: systemctl start sunk-agent'
      : 'wait for the next sync, or run sunk-agent sync',
  );
}
