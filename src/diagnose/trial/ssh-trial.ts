// Runs ssh(1) once, with a key that lies in memory, and collects what client and session said.
import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { openMemoryFile } from '../../host/fs/memory-file.ts';
import { HOST_ALIAS } from '../../host/trial/trial-line.ts';
import { findLocalPort } from './local-port.ts';
import type { TrialTarget } from '../../host/trial/trial-target.ts';

export interface SshQuestion {
  readonly name: string;
  readonly target: TrialTarget;
  readonly privateKey: string;
  /** A known_hosts file that lists the host keys under HOST_ALIAS. */
  readonly knownHosts: string;
  /** Whether a session is opened; without one, ssh stops after the login. */
  readonly opensSession: boolean;
}

export interface SshAnswer {
  /** null: it did not end in time. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The port that the connection came from; null: it was over before it could be seen. */
  readonly localPort: number | null;
}

/** Milliseconds for the whole login; a user's start-up files may wait for anything. */
const TIMEOUT_MS = 10_000;
/** Characters of output that are kept: it is the user's, and may be endless. */
const MAX_OUTPUT = 64 * 1024;

export async function runSsh(question: SshQuestion): Promise<SshAnswer> {
  // Only this descriptor names the file, and the child has it as its standard input.
  const key = openMemoryFile('trial-key', question.privateKey);
  const child = spawn('ssh', listArguments(question), { stdio: [key, 'pipe', 'pipe'], env: ENVIRONMENT });
  closeSync(key);
  const output = { stdout: '', stderr: '' };
  const keep = (stream: 'stdout' | 'stderr') => (chunk: Buffer) => {
    output[stream] = `${output[stream]}${chunk.toString('utf8')}`.slice(0, MAX_OUTPUT);
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
  return { status, ...output, localPort: await port.found };
}

/** No agent, no configuration and no proxy of the operator's takes part. */
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

function listArguments({ name, target, knownHosts, opensSession }: SshQuestion): string[] {
  const options = {
    IdentityFile: '/proc/self/fd/0',
    IdentitiesOnly: 'yes',
    IdentityAgent: 'none',
    PreferredAuthentications: 'publickey',
    BatchMode: 'yes',
    StrictHostKeyChecking: 'yes',
    UserKnownHostsFile: knownHosts,
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
    ...Object.entries(options).flatMap(([option, value]) => ['-o', `${option}=${value}`]),
    '-p',
    String(target.port),
    '-l',
    name,
    ...(opensSession ? [target.address, 'true'] : ['-N', target.address]),
  ];
}
