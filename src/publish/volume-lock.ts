// One publisher at a time on a volume, on whatever machine: flock(2), which NFS passes on since version 4.
import { closeSync, constants, existsSync, mkdirSync, openSync } from 'node:fs';
import { AgentError } from '../common/errors.ts';
import { tryFlock } from '../common/flock.ts';
import { attempt } from '../common/system-error.ts';

const FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** @throws AgentError lock_busy, host_write */
export function withVolumeLock<T>(directory: string, work: () => T): T {
  const fd = attempt(`cannot lock ${directory}`, () => {
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    return openSync(`${directory}/lock`, FLAGS, 0o600);
  });
  try {
    if (!tryFlock(fd, 'exclusive'))
      throw new AgentError('lock_busy', `another publisher writes in ${directory}`, {
        hint: 'only one publisher may: stop the other one, or give each a volume of its own',
      });
    return work();
  } finally {
    closeSync(fd);
  }
}

/** Whether a publisher writes there at this moment. @throws the system's error */
export function isVolumeLocked(directory: string): boolean {
  if (!existsSync(`${directory}/lock`)) return false;
  const fd = openSync(`${directory}/lock`, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return !tryFlock(fd, 'shared');
  } finally {
    closeSync(fd);
  }
}
