// Asks the program sshd(8): its version, whether it accepts a configuration, the settings in force for a user.
import { mkdir, readlink } from 'node:fs/promises';
import path from 'node:path';
import type { NodeFacts } from '../../policy/model.ts';
import { hasCode, readText } from '../fs/read-text.ts';
import { runProgram } from '../probes/run-program.ts';
import { parseSshdSettings, type SshdSettings } from './sshd-findings.ts';

export const SSHD = '/usr/sbin/sshd';
/** Below any root. */
export const SSHD_CONFIG = 'etc/ssh/sshd_config';

/** How often sshd is asked when its run directory has just been removed. */
const MAX_TRIES = 10;

/** Files that change whenever the answer of readSshdFacts may: by an upgrade of sshd, or another time zone. */
export function listSshdSources(root: string): string[] {
  return [SSHD, path.join(root, 'etc/localtime'), path.join(root, 'etc/timezone')];
}

/**
 * What policy must know of this node's sshd: its key types, and how it reads `expiry-time`.
 * Where the version is unknown, local time is assumed, which every version reads.
 */
export async function readSshdFacts(
  root: string,
  program = SSHD,
): Promise<Pick<NodeFacts, 'keyTypes' | 'expiry'>> {
  // Before 9.2 sshd lacks -V, and prints its version with the usage.
  const { stdout, stderr } = await runProgram(program, ['-V']);
  const [, major = '0', minor = '0'] = /OpenSSH_(\d+)\.(\d+)/.exec(`${stdout}${stderr}`) ?? [];
  const types = await runProgram('ssh', ['-Q', 'key']);
  return {
    keyTypes: types.status === 0 ? types.stdout.split('\n').filter((type) => type !== '') : [],
    expiry: { zulu: Number(major) * 100 + Number(minor) >= 901, timeZone: await readTimeZone(root) },
  };
}

/** The zone of localtime(5); `unknown`, which is no zone, if /etc/localtime is a copy without a name. */
async function readTimeZone(root: string): Promise<string> {
  try {
    const target = await readlink(path.join(root, 'etc/localtime'));
    return /\/zoneinfo\/(?:posix\/|right\/)?(.+)$/.exec(target)?.[1] ?? 'unknown';
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return 'UTC';
    if (!hasCode(cause, 'EINVAL')) throw cause;
  }
  const named = (await readText(path.join(root, 'etc/timezone')))?.trim() ?? '';
  return named === '' ? 'unknown' : named;
}

/** Why sshd refuses a configuration file (`sshd -t`); null: it accepts it. */
export async function testSshdConfig(file: string, program = SSHD): Promise<string | null> {
  const answer = await runWithDirectory(program, ['-t', '-f', file]);
  return answer.status === 0 ? null : firstLine(answer.stderr);
}

/**
 * The settings in force for a user who connects (`sshd -T -C`), or sshd's error. Match blocks may ask for the port that
 * sshd listens on, so that is the first configured one.
 * @param from the address that the user connects from.
 * @param more further arguments of sshd(8).
 */
export async function askSshd(
  file: string,
  user: string,
  program = SSHD,
  from = '127.0.0.1',
  more: readonly string[] = [],
): Promise<{ settings: SshdSettings } | { fault: string }> {
  const ask = async (port: string) => {
    const connection = `user=${user},host=${from},addr=${from},laddr=127.0.0.1,lport=${port}`;
    const answer = await runWithDirectory(program, ['-T', '-f', file, '-C', connection, ...more]);
    return answer.status === 0
      ? { settings: parseSshdSettings(answer.stdout) }
      : { fault: tellingLine(answer.stderr) };
  };
  const usual = await ask(USUAL_PORT);
  const port = 'fault' in usual ? USUAL_PORT : (usual.settings.get('port')?.[0] ?? USUAL_PORT);
  return port === USUAL_PORT ? usual : ask(port);
}

const USUAL_PORT = '22';

/**
 * sshd -t and -T need their run directory, which exists only while sshd's unit runs. Where systemd starts a process per
 * connection, the end of any removes it, also between mkdir here and the check of sshd.
 */
async function runWithDirectory(program: string, args: readonly string[]): ReturnType<typeof runProgram> {
  for (let tries = 1; ; tries += 1) {
    await makeRunDirectory();
    const answer = await runProgram(program, args);
    const isGone = answer.stderr.includes('Missing privilege separation directory');
    if (!isGone || tries === MAX_TRIES) return answer;
  }
}

async function makeRunDirectory(): Promise<void> {
  try {
    await mkdir('/run/sshd', { mode: 0o755 });
  } catch (cause) {
    if (!hasCode(cause, 'EEXIST') && !hasCode(cause, 'EACCES')) throw cause;
  }
}

/** A host key that others can read is said in a box of many lines, of which the last has the consequence. */
function tellingLine(text: string): string {
  return /^.*no hostkeys available.*$/m.exec(text)?.[0].trim() ?? firstLine(text);
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}
