// Runs ssh(1) once, with a key that lies in memory, and collects what client and session said, each by itself.
import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import path from 'node:path';
import { readText } from '../../host/fs/read-text.ts';
import { openMemoryFile } from '../../host/fs/memory-file.ts';
import { HOST_ALIAS } from '../../host/trial/trial-line.ts';
import { findLocalPort } from './local-port.ts';
import type { TrialTarget } from '../../host/trial/trial-target.ts';

export interface SshQuestion {
  readonly name: string;
  readonly target: TrialTarget;
  readonly privateKey: string;
  /** Of root alone; `known_hosts` in it lists the host keys under HOST_ALIAS. */
  readonly scratch: string;
  /** Whether a session is opened; without one, ssh stops after the login. */
  readonly opensSession: boolean;
}

export interface SshAnswer {
  /** null: it did not end in time. */
  readonly status: number | null;
  /** What ssh itself said. */
  readonly client: string;
  /** What the session printed: the user's start-up files can print anything, the words of ssh too. */
  readonly output: string;
  readonly errors: string;
  /** The port that the connection came from; null: it was over before it could be seen. */
  readonly localPort: number | null;
}

/** Milliseconds for the whole login; a user's start-up files may wait for anything. */
const TIMEOUT_MS = 10_000;
/** Characters of output that are kept, the last ones: it is the user's, and may be endless. */
const MAX_OUTPUT = 64 * 1024;

export async function runSsh(question: SshQuestion): Promise<SshAnswer> {
  // Only this descriptor names the file, and the child has it as its standard input.
  const key = openMemoryFile('trial-key', question.privateKey);
  const child = spawn('ssh', listArguments(question), { stdio: [key, 'pipe', 'pipe'], env: ENVIRONMENT });
  closeSync(key);
  const output = { stdout: '', stderr: '' };
  const keep = (stream: 'stdout' | 'stderr') => (chunk: Buffer) => {
    output[stream] = `${output[stream]}${chunk.toString('utf8')}`.slice(-MAX_OUTPUT);
    // Without a session ssh would stay connected.
    if (!question.opensSession && /^debug1: Authentication succeeded|^Authenticated to/m.test(output.stderr))
      setTimeout(() => child.kill('SIGTERM'), 300).unref();
  };
  child.stdout?.on('data', keep('stdout'));
  child.stderr?.on('data', keep('stderr'));
  const port = findLocalPort(() => child.pid ?? null, question.target.port);
  const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
  const status = await new Promise<number | null>((resolve) => {
    child.on('error', (error) => {
      output.stderr += error.message;
      resolve(null);
    });
    child.on('close', (code) => resolve(code));
  });
  clearTimeout(timer);
  port.stop();
  const { stdout, stderr } = output;
  const said = question.opensSession
    ? { client: (await readText(logOf(question))) ?? stderr, errors: stderr }
    : { client: stderr, errors: '' };
  return { status, output: stdout, ...said, localPort: await port.found };
}

/** No agent, no configuration and no proxy of the operator's takes part. */
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

const logOf = ({ scratch }: SshQuestion): string => path.join(scratch, 'ssh.log');

function listArguments(question: SshQuestion): string[] {
  const { name, target, scratch, opensSession } = question;
  const options = {
    IdentityFile: '/proc/self/fd/0',
    IdentitiesOnly: 'yes',
    IdentityAgent: 'none',
    PreferredAuthentications: 'publickey',
    BatchMode: 'yes',
    StrictHostKeyChecking: 'yes',
    UserKnownHostsFile: path.join(scratch, 'known_hosts'),
    GlobalKnownHostsFile: '/dev/null',
    HostKeyAlias: HOST_ALIAS,
    CheckHostIP: 'no',
    ConnectTimeout: '5',
    ConnectionAttempts: '1',
    ForwardAgent: 'no',
    ControlPath: 'none',
    EscapeChar: 'none',
    LogLevel: 'DEBUG1',
  };
  return [
    '-F',
    'none',
    '-T',
    // Else it would say what it says where the session does.
    ...(opensSession ? ['-E', logOf(question)] : []),
    ...Object.entries(options).flatMap(([option, value]) => ['-o', `${option}=${value}`]),
    '-p',
    String(target.port),
    '-l',
    name,
    ...(opensSession ? [target.address, 'true'] : ['-N', target.address]),
  ];
}
