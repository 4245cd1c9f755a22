// Applies the configuration to sshd, and checks that the settings in force are those of the drop-in.
import { constants, globSync } from 'node:fs';
import { access } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../../config/config.ts';
import { hasCode, readText } from '../fs/read-text.ts';
import { findUnsafePath } from '../fs/safe-path.ts';
import { chooseSettings, installSshdDropIn } from './install-drop-in.ts';
import { listSshdFiles, type SshdFiles } from './config-files.ts';
import { locateKeywords } from './locate-keywords.ts';
import { DROP_IN, HELPER_USER, helperUnder, renderSshdDropIn, type KeySettings } from './sshd-drop-in.ts';
import { findSshdFaults, type SshdFinding, type SshdSettings } from './sshd-findings.ts';
import { SSHD, SSHD_CONFIG, askSshd } from './sshd-program.ts';
import { askWithoutHostKeys, hasNoHostKeys } from './without-host-keys.ts';
import { reloadSshd } from './sshd-reload.ts';
import { scanHostKeys } from '../trial/scan-host-keys.ts';
import { listTargets } from '../trial/trial-target.ts';
import { findUnreadConfig } from './unread-config.ts';

export interface SshdOutcome {
  readonly isWritten: boolean;
  /** Empty: keys are served as configured, and by sunk-agent alone. */
  readonly findings: readonly SshdFinding[];
}

/**
 * Applies the configuration to sshd: the drop-in, a reload where it changed, and a check of the settings in force for
 * `user`. Below another root than `/` it reloads no sshd.
 * @throws AgentError refused, host_write
 */
export async function applySshd(config: Config, user: string, root: string): Promise<SshdOutcome> {
  const isWritten = await installSshdDropIn(config, root);
  if (isWritten && root === '/') await reloadSshd(root);
  return { isWritten, findings: await inspectSshd(config, user, root) };
}

/** Whether the drop-in is installed with the right text; does not check that sshd reads it. */
export async function hasSshdDropIn(config: Config, root: string): Promise<boolean> {
  const text = renderSshdDropIn(config.accounts.primary_group, await chooseSettings(config.keys, root));
  return (await readText(path.join(root, DROP_IN))) === text;
}

/** The settings in force for one user, and what is wrong with them. */
export interface SshdExamination {
  /** null: sshd does not print them. */
  readonly settings: SshdSettings | null;
  /** Empty: keys are served as configured. */
  readonly findings: readonly SshdFinding[];
  /** Whether the drop-in of sunk-agent is in place, so that to write it again would change nothing. */
  readonly hasDropIn: boolean;
}

/** The findings of `examineSshd`, without the settings. */
export async function inspectSshd(
  config: Config,
  user: string,
  root: string,
  program = SSHD,
): Promise<readonly SshdFinding[]> {
  return (await examineSshd(config, user, root, program)).findings;
}

/**
 * Asks sshd for the settings in force for `user` (a member of the managed group), and finds all that replaces or
 * bypasses sunk-agent.
 * @param from the address that the user connects from; by default this machine's own.
 */
export async function examineSshd(
  config: Config,
  user: string,
  root: string,
  program = SSHD,
  from?: string,
): Promise<SshdExamination> {
  const wanted = await chooseSettings(config.keys, root);
  const main = path.join(root, SSHD_CONFIG);
  const files = await listSshdFiles(root);
  const hasDropIn = await hasSshdDropIn(config, root);
  const findings: SshdFinding[] = [];
  const asked = await askSshd(main, user, program, from);
  const inMemory =
    'fault' in asked && root === '/' ? await findInMemory(asked.fault, main, user, from) : null;
  const settings = 'settings' in asked ? asked.settings : (inMemory?.settings ?? null);
  if ('fault' in asked)
    findings.push(inMemory?.finding ?? explainSilence(asked.fault, `${program} -T -f ${main}`, root));
  if (settings !== null) {
    const places = await locateKeywords(root, files.files);
    const locate = (keyword: string): string =>
      places.has(keyword) ? ` (${places.get(keyword) ?? ''})` : '';
    const faults = findSshdFaults(settings, wanted, config.accounts.primary_group, locate);
    const isUnread = hasDropIn && files.dropIn !== 'included';
    findings.push(...(isUnread ? sayNotIncluded(faults, files.dropIn, main) : faults));
    findings.push(...(await inspectPaths(settings, user, root, locate)));
    if (root === '/') findings.push(...(await findStale(files, settings)));
  }
  if (config.keys.serve === 'command') findings.push(...(await inspectHelper(wanted, root)));
  return { settings, findings, hasDropIn };
}

/**
 * Since OpenSSH 9.8 an sshd that runs goes on with the host keys that it has read, although the files are gone; null: it has
 * none to show, or something else is wrong.
 */
async function findInMemory(
  fault: string,
  main: string,
  user: string,
  from?: string,
): Promise<{ readonly settings: SshdSettings; readonly finding: SshdFinding } | null> {
  if (!hasNoHostKeys(fault)) return null;
  const settings = await askWithoutHostKeys(main, user, SSHD, from);
  if (settings === null || (await scanHostKeys(listTargets(settings))).length === 0) return null;
  return { settings: new Map([...settings, ['hostkey', []]]), finding: IN_MEMORY };
}

const IN_MEMORY: SshdFinding = {
  code: 'sshd-host-keys-in-memory',
  breaksLogin: false,
  detail:
    'the host keys of sshd are gone from /etc/ssh: it goes on with those that it has read, and will not start again',
};

/** Files and directories that sshd must be able to use for each login, or else refuses it. */
async function inspectPaths(
  settings: SshdSettings,
  user: string,
  root: string,
  locate: (keyword: string) => string,
): Promise<SshdFinding[]> {
  const findings: SshdFinding[] = [];
  const revoked = settings.get('revokedkeys')?.[0] ?? 'none';
  if (revoked !== 'none' && (await readText(path.join(root, revoked))) === null) {
    const detail = `there is no file ${revoked}, which RevokedKeys${locate('revokedkeys')} names, so sshd refuses every key`;
    findings.push({ code: 'sshd-revoked-keys', breaksLogin: true, detail });
  }
  const chroot = settings.get('chrootdirectory')?.[0] ?? 'none';
  // %h needs the account, and a trial login shows it as well.
  if (chroot !== 'none' && !chroot.includes('%h')) {
    const directory = path.join(root, chroot.replaceAll('%u', user));
    const owner = root === '/' ? 0 : (process.getuid?.() ?? 0);
    const fault = await findUnsafePath(directory, owner, root, 'directory');
    const detail = `sshd cannot use ChrootDirectory ${chroot}${locate('chrootdirectory')}: ${fault ?? ''}`;
    if (fault !== null) findings.push({ code: 'sshd-chroot', breaksLogin: true, detail });
  }
  return findings;
}

/** Without a host key sshd does not even print its settings. */
function explainSilence(fault: string, command: string, root: string): SshdFinding {
  if (!hasNoHostKeys(fault)) {
    const detail = `sshd does not say what is in force (${command}): ${fault}`;
    return { code: 'sshd-silent', breaksLogin: true, detail };
  }
  const hasFiles = globSync(path.join(root, 'etc/ssh/ssh_host_*_key')).length > 0;
  return hasFiles
    ? {
        code: 'sshd-host-keys-refused',
        breaksLogin: true,
        detail:
          'sshd takes none of its host keys in /etc/ssh: they must be whole, and readable by root alone',
      }
    : { code: 'sshd-host-keys', breaksLogin: true, detail: 'sshd has no host keys in /etc/ssh' };
}

/** What the drop-in would set is missing, because it is not read. */
function sayNotIncluded(
  faults: readonly SshdFinding[],
  how: SshdFiles['dropIn'],
  main: string,
): SshdFinding[] {
  const isEffect = ({ code }: SshdFinding): boolean => code.startsWith('sshd-other-');
  if (!faults.some(isEffect)) return [...faults];
  const detail =
    how === 'in-match'
      ? `${main} includes /${DROP_IN} within a Match block, so for some users alone`
      : `${main} does not include /${DROP_IN}, so sshd does not read it`;
  return [
    { code: 'sshd-not-included', breaksLogin: true, detail },
    ...faults.filter((fault) => !isEffect(fault)),
  ];
}

async function findStale(files: SshdFiles, settings: SshdSettings): Promise<SshdFinding[]> {
  const changed = await findUnreadConfig(files, settings);
  if (changed === null) return [];
  const detail = `${changed} was changed after sshd had read its configuration, so sshd may run with an older one`;
  return [{ code: 'sshd-not-reloaded', breaksLogin: false, detail }];
}

async function inspectHelper(wanted: KeySettings, root: string): Promise<SshdFinding[]> {
  const findings: SshdFinding[] = [];
  if (wanted.authorizedkeyscommanduser !== HELPER_USER) {
    findings.push({
      code: 'sshd-helper-user',
      breaksLogin: false,
      detail: `there is no user ${HELPER_USER}, so the helper runs as nobody, a user that other services share; run systemd-sysusers`,
    });
  }
  const helper = helperUnder(root);
  const owner = root === '/' ? 0 : (process.getuid?.() ?? 0);
  const fault = (await findUnsafePath(helper, owner, root)) ?? (await findNotExecutable(helper));
  if (fault !== null) {
    const detail = `sshd does not trust the key helper: ${fault}`;
    findings.push({ code: 'sshd-helper-unsafe', breaksLogin: true, detail });
  }
  return findings;
}

async function findNotExecutable(file: string): Promise<string | null> {
  try {
    await access(file, constants.X_OK);
    return null;
  } catch (cause) {
    if (!hasCode(cause, 'EACCES')) throw cause;
    return `${file} is not executable`;
  }
}
