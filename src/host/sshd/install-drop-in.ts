// Writes the sshd drop-in, after sshd has accepted it.
import { mkdir, mkdtemp, open, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AgentError } from '../../common/errors.ts';
import { toHostWrite } from '../../common/system-error.ts';
import type { Config } from '../../config/config.ts';
import { readText } from '../fs/read-text.ts';
import {
  DROP_IN,
  HELPER_USER,
  chooseKeySettings,
  renderSshdDropIn,
  type KeySettings,
} from './sshd-drop-in.ts';
import { SSHD, SSHD_CONFIG, testSshdConfig } from './sshd-program.ts';

/** The settings to be written: the helper's own user if the node has it, else (and with a finding) `nobody`. */
export async function chooseSettings(keys: Config['keys'], root: string): Promise<KeySettings> {
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
  await testDropIn(text, path.join(root, SSHD_CONFIG), program);
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
