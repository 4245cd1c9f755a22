// Reads what sshd itself says it will do for a user, and finds what replaces or bypasses sunk-agent.
import { compileGlob } from '../../common/text/glob.ts';
import type { KeySettings } from './sshd-drop-in.ts';

/** `sshd -T`: keywords in lower case, each with its values in order. */
export type SshdSettings = ReadonlyMap<string, readonly string[]>;

export interface SshdFinding {
  /** Stable, for programs. */
  readonly code: string;
  /** What is wrong, and how to fix it. */
  readonly detail: string;
  /** true: keys are not served as configured; false: another login path bypasses sunk-agent, or it is only possible. */
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

/** What the faults are found in. */
interface Examined {
  /** The values of a keyword; `none` where sshd does not print it. */
  readonly value: (keyword: string) => string;
  /** Where a keyword is set, as ` (file:line)`, to name the culprit; empty where that is unknown. */
  readonly locate: (keyword: string) => string;
}

/**
 * Compares the settings in force for a member of the managed group with those of the drop-in.
 * @param locate where a keyword is set in the configuration, as ` (file:line)`.
 */
export function findSshdFaults(
  settings: SshdSettings,
  wanted: KeySettings,
  managedGroup: string,
  locate: (keyword: string) => string,
): SshdFinding[] {
  const value = (keyword: string): string => settings.get(keyword)?.join(' ') ?? 'none';
  const examined = { value, locate };
  return [
    ...findOtherKeySources(examined, wanted),
    ...findRefusals(examined, settings.get('allowgroups') ?? [], managedGroup),
    ...findBypasses(examined),
  ];
}

/** Keys come from elsewhere than the drop-in says. */
function findOtherKeySources({ value, locate }: Examined, wanted: KeySettings): SshdFinding[] {
  const findings: SshdFinding[] = [];
  const command = value('authorizedkeyscommand');
  const user = value('authorizedkeyscommanduser');
  const files = value('authorizedkeysfile');
  if (command !== wanted.authorizedkeyscommand) {
    findings.push({
      code: 'sshd-other-command',
      breaksLogin: true,
      detail: `sshd takes keys from "${command}"${locate('authorizedkeyscommand')}, not as configured here: an earlier Match block wins (a global setting does not); remove it there, or see that sshd_config includes the drop-in of sunk-agent first`,
    });
  } else if (command !== 'none' && user !== wanted.authorizedkeyscommanduser) {
    findings.push({
      code: 'sshd-other-command-user',
      breaksLogin: true,
      detail: `sshd runs the helper as "${user}"${locate('authorizedkeyscommanduser')}, not as ${wanted.authorizedkeyscommanduser}`,
    });
  }
  if (files !== wanted.authorizedkeysfile) {
    findings.push({
      code: 'sshd-other-files',
      breaksLogin: wanted.authorizedkeyscommand === 'none',
      detail: `sshd reads keys from "${files}"${locate('authorizedkeysfile')} instead of "${wanted.authorizedkeysfile}"; keys there outlive off-boarding`,
    });
  }
  return findings;
}

/** No managed account can log in. */
function findRefusals(
  { value, locate }: Examined,
  allowGroups: readonly string[],
  managedGroup: string,
): SshdFinding[] {
  const findings: SshdFinding[] = [];
  if (value('pubkeyauthentication') === 'no') {
    findings.push({
      code: 'sshd-no-public-keys',
      breaksLogin: true,
      detail: `PubkeyAuthentication is off${locate('pubkeyauthentication')}: no user can log in with a key`,
    });
  }
  if (allowGroups.length > 0 && !allowGroups.some((pattern) => matchesPattern(pattern, managedGroup))) {
    findings.push({
      code: 'sshd-allow-groups',
      breaksLogin: true,
      detail: `AllowGroups${locate('allowgroups')} does not list ${managedGroup}: no managed account can log in`,
    });
  }
  return findings;
}

/** Logins succeed without a key that the user store lists. */
function findBypasses({ value, locate }: Examined): SshdFinding[] {
  const findings: SshdFinding[] = [];
  const add = (code: string, detail: string): void => {
    findings.push({ code, breaksLogin: false, detail });
  };
  if (value('trustedusercakeys') !== 'none') {
    add(
      'sshd-user-ca',
      `TrustedUserCAKeys ${value('trustedusercakeys')}${locate('trustedusercakeys')}: a user with a certificate of that authority logs in, whatever the store says`,
    );
  }
  if (value('hostbasedauthentication') === 'yes') {
    add(
      'sshd-host-based',
      `HostbasedAuthentication is on${locate('hostbasedauthentication')}: users of trusted hosts log in without a key from the store`,
    );
  }
  for (const keyword of ['gssapiauthentication', 'kerberosauthentication']) {
    if (value(keyword) === 'yes') {
      add(
        'sshd-kerberos',
        `${keyword} is on${locate(keyword)}: a Kerberos ticket logs in, whatever the store says`,
      );
    }
  }
  return findings;
}

/**
 * sshd's patterns (ssh_config(5), PATTERNS): `*` and `?`, which are globs. sshd's `?` is one byte; names of accounts and
 * groups have one byte a character.
 */
export function matchesPattern(pattern: string, name: string): boolean {
  return compileGlob(pattern).test(name);
}
