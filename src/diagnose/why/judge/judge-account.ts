// The link `account`: is the line in passwd and shadow the one that the plan wants, open, and with a shell?
import { DISABLED_DAY } from '../../../plan/actual.ts';
import type { Refusal } from '../../../policy/model.ts';
import { sayTime } from '../../../common/relative-time.ts';
import type { Facts, PersonFacts } from '../facts.ts';
import { broken, ok, unknown, type Verdict, type Who } from '../verdict.ts';

/** Refusals that keep nobody out. */
const HARMLESS = /^(?:key-|shell-refused|uid-kept|gid-kept|home-kept|rename-kept)/;
const DAY = 86_400;

export function judgeAccount(facts: Facts): Verdict {
  const { person, local, names } = facts;
  if (!person.ok || person.value === null) {
    return local === null ? unknown('not known without the mirror') : judgeLine(facts, local.shell);
  }
  const { refusals, common, desired, actual, closed } = person.value;
  const refusal = [...common, ...refusals].find(({ code }) => !HARMLESS.test(code));
  if (refusal !== undefined && (desired === null || desired.disabled !== null))
    return explainRefusal(refusal);
  if (desired === null) return explainAbsence(facts, person.value, 'the next pass has to make the account');
  if (actual === null) {
    if (local !== null && local.uid !== desired.entry.uid) {
      return broken(
        `passwd has ${local.name} with uid ${local.uid}, where uid ${desired.entry.uid} is bound`,
        'operator',
        'find out who changed that line, and give it its uid back',
      );
    }
    return explainAbsence(facts, person.value, `there is no account ${desired.entry.name} on this node`);
  }
  if (actual.expiryDay === DISABLED_DAY && closed === null)
    return explainAbsence(facts, person.value, `the account ${desired.entry.name} is still closed`);
  if (actual.expiryDay !== null && actual.expiryDay > DISABLED_DAY && actual.expiryDay * DAY <= facts.now) {
    return broken(
      `the account ${desired.entry.name} expired on ${sayTime(actual.expiryDay * DAY).slice(0, 10)}, by somebody’s hand`,
      'operator',
      `take the date away: chage -E -1 ${desired.entry.name}`,
    );
  }
  const locked = names.ok && names.value.shadow?.[1]?.startsWith('!') === true;
  if (locked && usesPam(facts) === false) {
    return broken(
      `the account ${desired.entry.name} is locked in shadow, which sshd without PAM refuses`,
      'operator',
      `unlock it: usermod -p '*' ${desired.entry.name}`,
    );
  }
  return judgeLine(facts, actual.entry.shell);
}

function usesPam({ sshd }: Facts): boolean | null {
  const value = sshd.ok ? sshd.value.settings?.get('usepam')?.[0] : undefined;
  return value === undefined ? null : value === 'yes';
}

function judgeLine({ shell, local, person }: Facts, line: string): Verdict {
  const entry = (person.ok ? person.value?.actual?.entry : null) ?? local;
  if (shell.ok && shell.value.fault !== null) {
    return broken(
      `the shell ${shell.value.shell} ${shell.value.fault}`,
      'operator',
      'install that shell, or name another under accounts.shell',
    );
  }
  return ok(`${entry?.name ?? ''} has uid ${entry?.uid ?? '?'}, gid ${entry?.gid ?? '?'}, ${line}`);
}

/** Why what should be there is not: what was held or failed, else that nobody has acted yet. */
function explainAbsence({ config, isDaemonUp }: Facts, person: PersonFacts, says: string): Verdict {
  const [set] = person.held;
  if (set !== undefined) {
    const mend =
      set.kind === 'frozen'
        ? 'end the freeze: sunk-agent thaw'
        : `look at sunk-agent plan, then sunk-agent approve ${set.hash}`;
    return broken(`${says}: the guard holds it (${set.reason})`, 'operator', mend);
  }
  const { problem } = person;
  if (problem?.problem !== undefined && problem.problem !== null) {
    return broken(
      `${says}: ${problem.kind} failed: ${problem.problem}`,
      'operator',
      'mend that, then run sunk-agent sync',
    );
  }
  if (config.mode === 'observe') return broken(`${says}: mode is observe`, 'operator', 'set mode: enforce');
  const mend =
    isDaemonUp === false
      ? 'start the agent: systemctl start sunk-agent'
      : 'run sunk-agent sync, if it is in a hurry';
  return broken(`${says}: no pass has done it yet`, 'operator', mend);
}

const BY_PROVIDER =
  /^(?:name-(?:missing|characters|plus|start|length)|uid-(?:missing|range)|gid-missing|home-p)/;

function explainRefusal({ code, detail }: Refusal): Verdict {
  const who: Who = BY_PROVIDER.test(code) ? 'provider' : 'operator';
  return broken(detail, who, MENDS[code] ?? 'settle who or what is to give way, then run sunk-agent sync');
}

const MENDS: Readonly<Record<string, string>> = {
  'name-missing': 'map a user name for that person',
  'name-characters': 'give that person a userName of plain letters and digits',
  'name-length': 'give that person a shorter userName',
  'name-start': 'give that person a userName that starts with a letter',
  'name-plus': 'give that person a userName without a plus sign',
  'name-domain': 'add the domain to accounts.domains, if its people may have accounts',
  'name-local': 'rename or remove the local account, or have the person renamed at the store',
  'name-reserved': 'have the person renamed at the store',
  'uid-missing':
    'map the attribute of the uid (scim.attributes.uid), or the operator sets accounts.ids: derived',
  'uid-range': 'give that person a uid within accounts.id_range',
  'uid-local': 'change the local account’s uid, or have the person’s changed at the store',
  'marked-differs': 'import that account, or remove it: sunk-agent import',
};
