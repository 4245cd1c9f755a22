// Makes sshd read its new configuration without refusing a login, also where systemd holds its listening socket.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { AgentError } from '../../common/errors.ts';
import { readText } from '../fs/read-text.ts';
import { SSHD, SSHD_CONFIG, askSshd } from './sshd-program.ts';

/** systemd's units of sshd: Debian's and Ubuntu's name, and that of other families. */
const SOCKETS = ['ssh.socket', 'sshd.socket'];
const SERVICES = ['ssh.service', 'sshd.service'];

/**
 * Makes the running sshd read its configuration again; sessions continue.
 *
 * Where systemd holds the socket (ssh.socket, as on Ubuntu 24.04), SIGHUP would end sshd: it cannot bind the port of
 * systemd. There the service is restarted, and the socket queues connections meanwhile. Elsewhere SIGHUP, sshd(8).
 * @returns false: no sshd is running, as with one process per connection, each of which reads it.
 * @throws AgentError refused: sshd does not accept its configuration
 */
export async function reloadSshd(root: string, program = SSHD): Promise<boolean> {
  const asked = await askSshd(path.join(root, SSHD_CONFIG), 'root', program);
  if ('fault' in asked) throw new AgentError('refused', `sshd is not reloaded: ${asked.fault}`);
  if (await isSocketHeld()) {
    await restartServices();
    return true;
  }
  const pid = Number((await readText(asked.settings.get('pidfile')?.[0] ?? '/run/sshd.pid'))?.trim());
  if (!Number.isSafeInteger(pid) || pid < 2) return false;
  // The file may be older than the last boot, and the number another program's by now.
  if ((await readText(`/proc/${pid}/comm`))?.trim() !== 'sshd') return false;
  process.kill(pid, 'SIGHUP');
  return true;
}

/**
 * A restart removes /run/sshd for a moment, without which a login in progress fails (`Missing privilege separation
 * directory`). For this one restart systemd is told to keep it (RuntimeDirectoryPreserve=, systemd.exec(5)).
 */
async function restartServices(): Promise<void> {
  const dropIns = SERVICES.map((service) => `/run/systemd/system/${service}.d/sunk-agent.conf`);
  for (const file of dropIns) {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, '[Service]\nRuntimeDirectoryPreserve=restart\n');
  }
  try {
    await runSystemctl('daemon-reload');
    for (const service of SERVICES) await runSystemctl('try-restart', service);
  } finally {
    for (const file of dropIns) {
      rmSync(file);
      removeIfEmpty(path.dirname(file));
    }
    await runSystemctl('daemon-reload');
  }
}

function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
  }
}

/** `is-active` succeeds if any of the units is active. */
async function isSocketHeld(): Promise<boolean> {
  return existsSync('/run/systemd/system') && (await runSystemctl('is-active', '--quiet', ...SOCKETS));
}

/** systemctl(1); false: it failed, or no such unit exists. */
async function runSystemctl(...args: string[]): Promise<boolean> {
  try {
    await promisify(execFile)('systemctl', args, { timeout: 30_000 });
    return true;
  } catch {
    return false;
  }
}
