// sd_notify(3), or s6's newline: tells the service manager that the agent is ready, alive, busy or stopping.
import { closeSync, existsSync, writeSync } from 'node:fs';
import { bindLibc } from '../../common/libc.ts';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;

const openSocket = bindLibc<(domain: number, type: number, protocol: number) => number>(
  'int socket(int domain, int type, int protocol)',
);
const sendTo = bindLibc<
  (fd: number, data: Buffer, size: number, flags: number, to: Buffer, length: number) => number | bigint
>('intptr_t sendto(int fd, const void *data, size_t size, int flags, const void *to, uint32_t length)');

export interface ServiceManager {
  /** Sends lines such as `READY=1`; does nothing where no manager listens. */
  notify(state: string): void;
  /** How often `WATCHDOG=1` should be sent, in milliseconds; null: never. */
  readonly watchdogInterval: number | null;
}

/**
 * Connects to the manager that NOTIFY_SOCKET names. Node has no datagram sockets of AF_UNIX, so libc is called.
 * NOTIFY_FD, the number of an open descriptor, is for supervisors such as s6 that want a newline there instead.
 * A path and an abstract address (`@...`) are both understood; anything else is ignored, as sd_notify(3) does.
 */
export function connectServiceManager(environment: NodeJS.ProcessEnv = process.env): ServiceManager {
  const descriptor = Number(environment['NOTIFY_FD'] ?? NaN);
  if (Number.isInteger(descriptor) && descriptor > 2) return notifyByLine(descriptor);
  const address = environment['NOTIFY_SOCKET'] ?? '';
  const isPath = address.startsWith('/') && existsSync(address);
  if (!isPath && !address.startsWith('@')) return { notify: () => {}, watchdogInterval: null };

  const fd = openSocket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const to = socketAddress(address);

  return {
    notify(state) {
      const data = Buffer.from(state);
      if (fd >= 0) sendTo(fd, data, data.length, 0, to, to.length);
    },
    watchdogInterval: watchdogInterval(environment),
  };
}

/** Readiness as s6-supervise's notification-fd has it: one newline, once, then the descriptor is closed. */
function notifyByLine(descriptor: number): ServiceManager {
  let isReady = false;
  return {
    notify(state) {
      if (isReady || !state.split('\n').includes('READY=1')) return;
      isReady = true;
      writeSync(descriptor, '\n');
      closeSync(descriptor);
    },
    watchdogInterval: null,
  };
}

/** Half of what the manager allows, as sd_watchdog_enabled(3) recommends. */
function watchdogInterval(environment: NodeJS.ProcessEnv): number | null {
  const pid = environment['WATCHDOG_PID'];
  const allowed = Number(environment['WATCHDOG_USEC'] ?? NaN);
  if (!Number.isFinite(allowed) || allowed <= 0) return null;
  if (pid !== undefined && Number(pid) !== process.pid) return null;
  return Math.max(100, Math.floor(allowed / 2000));
}

/** struct sockaddr_un: the family, then the path; a leading `@` stands for NUL (an abstract address). */
function socketAddress(address: string): Buffer {
  const path = Buffer.from(address);
  if (address.startsWith('@')) path[0] = 0;
  const family = Buffer.alloc(2);
  family.writeUInt16LE(AF_UNIX);
  const end = address.startsWith('@') ? Buffer.alloc(0) : Buffer.alloc(1);
  return Buffer.concat([family, path, end]);
}
