// Applies the configuration to sshd, and checks that the settings in force are those of the drop-in.
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../../config/config.ts';
import { hasCode, readText } from '../fs/read-text.ts';
import { findUnsafePath } from '../fs/safe-path.ts';
import { chooseSettings, installSshdDropIn } from './install-drop-in.ts';
import { locateKeywords } from './locate-keywords.ts';
import { DROP_IN, HELPER_USER, helperUnder, renderSshdDropIn, type KeySettings } from './sshd-drop-in.ts';
import { findSshdFaults, type SshdFinding, type SshdSettings } from './sshd-findings.ts';
import { SSHD, SSHD_CONFIG, askSshd } from './sshd-program.ts';
import { reloadSshd } from './sshd-reload.ts';

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
  const findings: SshdFinding[] = [];
  const asked = await askSshd(main, user, program, from);
  if ('fault' in asked) {
    const detail = `sshd does not say what is in force (${program} -T -f ${main}): ${asked.fault}`;
    findings.push({ code: 'sshd-silent', breaksLogin: true, detail });
  } else {
    const places = await locateKeywords(root);
    const locate = (keyword: string): string =>
      places.has(keyword) ? ` (${places.get(keyword) ?? ''})` : '';
    findings.push(...findSshdFaults(asked.settings, wanted, config.accounts.primary_group, locate));
  }
  if (config.keys.serve === 'command') findings.push(...(await inspectHelper(wanted, root)));
  return { settings: 'fault' in asked ? null : asked.settings, findings };
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
