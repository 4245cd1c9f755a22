// What the agent and the canary's service say to each other: files of a directory of each, and a pipe that wakes the service.
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { hasCode } from '../fs/read-text.ts';
import type { TrialTarget } from './trial-target.ts';

export interface CanaryRequest {
  /** Hexadecimal; the answer repeats it. */
  readonly serial: string;
  /** The service connects to the first at which an SSH server answers. */
  readonly targets: readonly TrialTarget[];
  /** Text of a known_hosts file. */
  readonly knownHosts: string;
  readonly privateKey: string;
}

export interface CanaryAnswer {
  /** Exit status of ssh. */
  readonly status: number;
  readonly target: TrialTarget;
  /** What the session printed, and what `ssh -v` said. */
  readonly output: string;
  readonly client: string;
}

/** Three times what the service writes at most (packaging/canary, ulimit). */
const MAX_BYTES = 256 * 1024;

/**
 * Only the group of the service can read it.
 * @returns false: no service waits.
 */
export function askCanary(directory: string, group: number, request: CanaryRequest): boolean {
  mkdirSync(directory, { recursive: true, mode: 0o750 });
  chownSync(directory, 0, group);
  chmodSync(directory, 0o750);
  const put = (name: string, text: string): void => {
    const file = path.join(directory, name);
    rmSync(file, { force: true });
    writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
    chownSync(file, 0, group);
    chmodSync(file, 0o640);
  };
  put('targets', request.targets.map(({ address, port }) => `${address} ${port}\n`).join(''));
  put('known_hosts', request.knownHosts);
  put('key', request.privateKey);
  return wake(path.join(directory, 'wake'), `${request.serial}\n`);
}

/** The private key is on no file any more. */
export function withdrawKey(directory: string): void {
  rmSync(path.join(directory, 'key'), { force: true });
}

function wake(pipe: string, line: string): boolean {
  try {
    const fd = openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    try {
      if (!fstatSync(fd).isFIFO()) return false;
      writeSync(fd, line);
      return true;
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    // fifo(7): no process reads it (ENXIO), or it is full of lines that no one reads.
    if (['ENXIO', 'EAGAIN', 'ENOENT'].some((code) => hasCode(cause, code))) return false;
    throw cause;
  }
}

/** The answer to that request; null: there is none yet. The service is not trusted: neither its file's kind nor its size. */
export function readCanaryAnswer(directory: string, serial: string): CanaryAnswer | null {
  const text = readBounded(path.join(directory, 'answer'));
  const [, said, status, address, port, length, rest] =
    /^([0-9a-f]+) (\d{1,3}) ([0-9A-Fa-f.:%a-z]+) (\d{1,5}) (\d{1,6})\n([^]*)$/.exec(text ?? '') ?? [];
  if (said !== serial || address === undefined || rest === undefined) return null;
  const bytes = Buffer.from(rest, 'latin1');
  return {
    status: Number(status),
    target: { address, port: Number(port) },
    output: bytes.subarray(0, Number(length)).toString('utf8'),
    client: bytes.subarray(Number(length)).toString('utf8'),
  };
}

/** In latin1, a character a byte; null: there is none, or it is no regular file. */
function readBounded(file: string): string | null {
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause) return null;
    throw cause;
  }
  try {
    if (!fstatSync(fd).isFile()) return null;
    const buffer = Buffer.alloc(MAX_BYTES);
    return buffer.subarray(0, readSync(fd, buffer, 0, MAX_BYTES, 0)).toString('latin1');
  } finally {
    closeSync(fd);
  }
}
