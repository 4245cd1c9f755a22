// The link `sshd`: does it ask our helper for this person, and does it let the person in at all?
import { matchesPattern } from '../../../host/sshd/sshd-findings.ts';
import type { SshdSettings } from '../../../host/sshd/sshd-findings.ts';
import type { Facts } from '../facts.ts';
import { broken, ok, unknown, warning, type Verdict } from '../verdict.ts';
import { sayCount } from '../../../common/count-noun.ts';

/** Fewer tries than this cost a login whose agent offers other keys first. */
const FEW_TRIES = 3;

export function judgeSshd({ sshd, names, name }: Facts): Verdict {
  if (!sshd.ok) return unknown(sshd.why);
  const { settings, findings } = sshd.value;
  const groups = names.ok ? names.value.groups : [];
  const shut = settings === null || name === null ? null : findShut(settings, name, groups);
  if (shut !== null) return shut;
  const fault = findings.find(({ breaksLogin, code }) => breaksLogin && code !== 'sshd-helper-unsafe');
  if (fault !== undefined) return broken(fault.detail, 'operator', 'mend it: sunk-agent doctor --fix');
  if (settings === null) return unknown('sshd did not say what is in force');
  const tries = Number(settings.get('maxauthtries')?.[0] ?? '6');
  if (tries < FEW_TRIES) {
    return warning(
      `sshd allows ${sayCount(tries, 'try', 'tries')} (MaxAuthTries), which an ssh-agent with several keys uses up`,
      'person',
      'offer one key only: ssh -o IdentitiesOnly=yes -i KEY',
    );
  }
  const open = findings.find(({ breaksLogin }) => !breaksLogin);
  if (open !== undefined) return warning(open.detail, 'operator', 'decide whether that is meant');
  return ok(`asks ${settings.get('authorizedkeyscommand')?.[0] ?? 'nobody'}`);
}

/** In sshd's own order (sshd_config(5), DenyUsers): the first that shuts somebody out, or null. */
function findShut(settings: SshdSettings, name: string, groups: readonly string[]): Verdict | null {
  const values = (keyword: string): readonly string[] => settings.get(keyword) ?? [];
  const isUser = (pattern: string): boolean => matchesPattern(pattern.split('@')[0] ?? '', name);
  const isGroup = (pattern: string): boolean => groups.some((group) => matchesPattern(pattern, group));
  const [denied, allowed] = [values('denyusers'), values('allowusers')];
  const [deniedGroups, allowedGroups] = [values('denygroups'), values('allowgroups')];
  if (denied.some(isUser))
    return broken(`DenyUsers of sshd names ${name}`, 'operator', `take ${name} off DenyUsers in sshd_config`);
  if (allowed.length > 0 && !allowed.some(isUser)) {
    return broken(
      `AllowUsers of sshd does not name ${name} (${allowed.join(' ')})`,
      'operator',
      `add ${name} to AllowUsers in sshd_config, or let AllowGroups decide`,
    );
  }
  const culprit = groups.find((group) => deniedGroups.some((pattern) => matchesPattern(pattern, group)));
  if (culprit !== undefined) {
    return broken(
      `DenyGroups of sshd names ${culprit}, in which ${name} is`,
      'operator',
      `take ${culprit} off DenyGroups in sshd_config`,
    );
  }
  if (allowedGroups.length > 0 && groups.length > 0 && !allowedGroups.some(isGroup)) {
    return broken(
      `AllowGroups of sshd names no group of ${name} (${allowedGroups.join(' ')})`,
      'operator',
      'add the marker group to AllowGroups in sshd_config',
    );
  }
  const methods = values('authenticationmethods');
  if (
    methods.length > 0 &&
    !methods.flatMap((list) => list.split(/\s+/)).some((list) => list === 'any' || list === 'publickey')
  ) {
    return broken(
      `sshd demands more than a key (AuthenticationMethods ${methods.join(' ')}), and our accounts have no password`,
      'operator',
      'let publickey alone suffice for the marker group',
    );
  }
  return null;
}
