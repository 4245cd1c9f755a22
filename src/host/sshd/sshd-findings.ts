// Reads what sshd itself says it will do for a user, and finds what takes our place or walks around us.
import type { KeySettings } from './sshd-drop-in.ts';

/** `sshd -T`: keywords in lower case, each with its values in order. */
export type SshdSettings = ReadonlyMap<string, readonly string[]>;

export interface SshdFinding {
  /** Stable, for programs. */
  readonly code: string;
  /** What is wrong, and how to mend it. */
  readonly detail: string;
  /** Whether keys are not served as configured; otherwise somebody may get in beside us. */
  readonly breaksLogin: boolean;
}

export function parseSshdSettings(text: string): SshdSettings {
  const settings = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [, keyword, value = ''] = /^(\S+)(?:\s+(.*?))?\s*$/.exec(line) ?? [];
    if (keyword === undefined) continue;
    const values = settings.get(keyword.toLowerCase()) ?? [];
    values.push(value);
    settings.set(keyword.toLowerCase(), values);
  }
  return settings;
}

/**
 * Compares what is in force for a member of the marker group with what we wrote.
 * @param locate where a keyword stands in the configuration, as `file:line`, to name the culprit.
 */
export function findSshdFaults(
  settings: SshdSettings,
  wanted: KeySettings,
  marker: string,
  locate: (keyword: string) => string,
): SshdFinding[] {
  const findings: SshdFinding[] = [];
  const value = (keyword: string): string => settings.get(keyword)?.join(' ') ?? 'none';
  const add = (code: string, breaksLogin: boolean, detail: string): void => {
    findings.push({ code, breaksLogin, detail });
  };
  const command = value('authorizedkeyscommand');
  if (command !== wanted.authorizedkeyscommand) {
    add(
      'sshd-other-command',
      true,
      `sshd takes keys from "${command}"${locate('authorizedkeyscommand')}, not as configured here: an earlier Match block wins (a global setting does not); remove it there, or see that sshd_config includes our drop-in first`,
    );
  } else if (command !== 'none' && value('authorizedkeyscommanduser') !== wanted.authorizedkeyscommanduser) {
    add(
      'sshd-other-command-user',
      true,
      `sshd runs the helper as "${value('authorizedkeyscommanduser')}"${locate('authorizedkeyscommanduser')}, not as ${wanted.authorizedkeyscommanduser}`,
    );
  }
  if (value('authorizedkeysfile') !== wanted.authorizedkeysfile) {
    add(
      'sshd-other-files',
      wanted.authorizedkeyscommand === 'none',
      `sshd reads keys from "${value('authorizedkeysfile')}"${locate('authorizedkeysfile')} instead of "${wanted.authorizedkeysfile}"; keys there outlive off-boarding`,
    );
  }
  if (value('pubkeyauthentication') === 'no') {
    add(
      'sshd-no-public-keys',
      true,
      `PubkeyAuthentication is off${locate('pubkeyauthentication')}: nobody can log in with a key`,
    );
  }
  const groups = settings.get('allowgroups') ?? [];
  if (groups.length > 0 && !groups.some((pattern) => matchesPattern(pattern, marker))) {
    add(
      'sshd-allow-groups',
      true,
      `AllowGroups${locate('allowgroups')} does not list ${marker}: nobody of ours can log in`,
    );
  }
  if (value('trustedusercakeys') !== 'none') {
    add(
      'sshd-user-ca',
      false,
      `TrustedUserCAKeys ${value('trustedusercakeys')}${locate('trustedusercakeys')}: whoever has a certificate of that authority logs in, whatever the store says`,
    );
  }
  if (value('hostbasedauthentication') === 'yes') {
    add(
      'sshd-host-based',
      false,
      `HostbasedAuthentication is on${locate('hostbasedauthentication')}: users of trusted hosts log in without any key of ours`,
    );
  }
  for (const keyword of ['gssapiauthentication', 'kerberosauthentication']) {
    if (value(keyword) === 'yes') {
      add(
        'sshd-kerberos',
        false,
        `${keyword} is on${locate(keyword)}: a Kerberos ticket logs in, whatever the store says`,
      );
    }
  }
  return findings;
}

/** sshd's patterns (ssh_config(5), PATTERNS): `*`, `?` and, for a refusal, `!` in front. */
export function matchesPattern(pattern: string, name: string): boolean {
  const literal = pattern
    .replace(/[\\^$.+()[\]{}|/]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${literal}$`).test(name);
}
