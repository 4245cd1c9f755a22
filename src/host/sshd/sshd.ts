// Installs the sshd drop-in, reloads sshd, and checks that the settings in force are those of the drop-in.
import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AgentError } from '../../common/errors.ts';
import { toHostWrite } from '../../common/system-error.ts';
import type { Config } from '../../config/config.ts';
import { hasCode, readText } from '../fs/read-text.ts';
import { findUnsafePath } from '../fs/safe-path.ts';
import {
  HELPER_USER,
  chooseKeySettings,
  helperUnder,
  renderSshdDropIn,
  type KeySettings,
} from './sshd-drop-in.ts';
import { findSshdFaults, type SshdFinding, type SshdSettings } from './sshd-findings.ts';
import { SSHD, askSshd, testSshdConfig } from './sshd-program.ts';
import { reloadSshd } from './sshd-reload.ts';

const DROP_IN = 'etc/ssh/sshd_config.d/10-sunk-agent.conf';
const CONFIG = 'etc/ssh/sshd_config';

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

/** The settings to be written: the helper's own user if the node has it, else (and with a finding) `nobody`. */
async function chooseSettings(keys: Config['keys'], root: string): Promise<KeySettings> {
  const passwd = (await readText(path.join(root, 'etc/passwd'))) ?? '';
  const hasOwnUser = passwd.split('\n').some((line) => line.startsWith(`${HELPER_USER}:`));
  return chooseKeySettings(keys, root, hasOwnUser ? HELPER_USER : 'nobody');
}

/**
 * Writes the drop-in if it differs, after sshd accepted a configuration that starts with it.
 * @returns whether anything was written; sshd must be reloaded then.
 * @throws AgentError refused: sshd does not accept the configuration, and nothing was written; host_write
 */
export async function installSshdDropIn(config: Config, root: string, program = SSHD): Promise<boolean> {
  const file = path.join(root, DROP_IN);
  const text = renderSshdDropIn(config.accounts.primary_group, await chooseSettings(config.keys, root));
  if ((await readText(file)) === text) return false;
  await testDropIn(text, path.join(root, CONFIG), program);
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o755 });
    // A name that sshd_config's `Include /etc/ssh/sshd_config.d/*.conf` does not match.
    const fresh = path.join(path.dirname(file), '.10-sunk-agent.new');
    const handle = await open(fresh, 'w', 0o644);
    try {
      await handle.writeFile(text);
      await handle.chmod(0o644);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(fresh, file);
  } catch (cause) {
    throw toHostWrite(`cannot write ${file}`, cause);
  }
  return true;
}

/** Whether the drop-in is installed with the right text; does not check that sshd reads it. */
export async function hasSshdDropIn(config: Config, root: string): Promise<boolean> {
  const text = renderSshdDropIn(config.accounts.primary_group, await chooseSettings(config.keys, root));
  return (await readText(path.join(root, DROP_IN))) === text;
}

/** Tests sshd's configuration with the text in front, which is where drop-ins are included. */
async function testDropIn(text: string, main: string, program: string): Promise<void> {
  const present = await readText(main);
  if (present === null)
    throw new AgentError('refused', `there is no ${main}`, { hint: 'install openssh-server' });
  const directory = await mkdtemp(path.join(tmpdir(), 'sunk-agent-sshd-'));
  try {
    const candidate = path.join(directory, 'sshd_config');
    await writeFile(candidate, `${text}${present}`, { mode: 0o600 });
    const refusal = await testSshdConfig(candidate, program);
    if (refusal === null) return;
    const before = await testSshdConfig(main, program);
    if (before === null) {
      throw new AgentError(
        'refused',
        `sshd does not accept the drop-in of sunk-agent: ${refusal.replaceAll(candidate, main)}`,
      );
    }
    throw new AgentError('refused', `sshd does not accept its own configuration: ${before}`, {
      hint: 'correct it; sshd -t tests it',
    });
  } finally {
    await rm(directory, { recursive: true });
  }
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
 */
export async function examineSshd(
  config: Config,
  user: string,
  root: string,
  program = SSHD,
): Promise<SshdExamination> {
  const wanted = await chooseSettings(config.keys, root);
  const main = path.join(root, CONFIG);
  const findings: SshdFinding[] = [];
  const asked = await askSshd(main, user, program);
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

/** Where each keyword is first set, without the drop-in of sunk-agent: `file:line`. */
async function locateKeywords(root: string): Promise<Map<string, string>> {
  const directory = path.join(root, path.dirname(DROP_IN));
  const names = await readdir(directory).catch((cause: unknown) => {
    if (hasCode(cause, 'ENOENT')) return [];
    throw cause;
  });
  const files = names
    .filter((name) => name.endsWith('.conf') && name !== path.basename(DROP_IN))
    .sort()
    .map((name) => path.join(directory, name));
  const places = new Map<string, string>();
  for (const file of [...files, path.join(root, CONFIG)]) {
    for (const [index, line] of ((await readText(file)) ?? '').split('\n').entries()) {
      const keyword = /^\s*([A-Za-z]+)[\s=]/.exec(line)?.[1]?.toLowerCase();
      if (keyword !== undefined && !places.has(keyword)) places.set(keyword, `${file}:${index + 1}`);
    }
  }
  return places;
}
