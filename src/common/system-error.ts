// Errors of system calls (errno(3)), with what was attempted, where, and what an operator can do about it.
import { AgentError, type ErrorCode } from './errors.ts';
import { errnoOf, isDamageCode, sqliteCode } from './sqlite-error.ts';

const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: make room (df -h and df -i)',
  EDQUOT: 'the quota is used up: raise it, or make room (quota(1))',
  EROFS: 'the file system is read-only: mount -o remount,rw, and dmesg says why it became so',
  EPERM:
    'root may not write there: an immutable file or directory (lsattr), or an NFS export with root_squash',
  EACCES:
    'root may not write there: an NFS export with root_squash, an automounter that has no such home, or a security policy',
  EBUSY: 'something is mounted there, or uses it',
  EXDEV: 'something is mounted in between: the file and its directory must be of one file system',
  EIO: 'the disk fails: see dmesg',
  ESTALE: 'the NFS server has lost it: mount it anew',
  ENOTCONN: 'the file system behind it is gone: mount it anew',
  ETIMEDOUT: 'the file server does not answer',
  EHOSTDOWN: 'the file server does not answer',
  EISDIR: 'a directory lies where a file belongs: move it away',
  ENOTDIR: 'something lies where a directory belongs: move it away',
  EEXIST: 'something lies where a directory belongs: move it away',
  ELOOP: 'a symbolic link lies there, and none is followed: put a file or a directory in its place',
  ENAMETOOLONG: 'a shorter --root is needed',
  EMFILE: 'too many files are open: raise LimitNOFILE of the unit, or ulimit -n',
  ENFILE: 'too many files are open on this machine: fs.file-max of sysctl(8)',
  ENOMEM: 'no memory is left: free -h, and MemoryMax of the unit',
};

/** Hints for a caller who is not root: then the cause is the caller, not the disk. */
const NOT_ROOT: Readonly<Record<string, string>> = {
  EPERM: 'this user may not: run it with sudo',
  EACCES: 'this user may not: run it with sudo',
};

/** Whether an error comes from a system call, and so is no defect of this program. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'errno' in error && 'syscall' in error;
}

/**
 * An AgentError with the hint for the errno, or else the hint of `code`; an AgentError is returned as it is.
 * @param message what was attempted, and where: `cannot write /etc/sunk-agent/blocked`.
 */
export function toSystemError(code: ErrorCode, message: string, cause: unknown): AgentError {
  if (cause instanceof AgentError) return cause;
  const hint = hintAt(cause);
  return new AgentError(code, message, { cause, ...(hint === null ? {} : { hint }) });
}

/** The same for a write to the host. */
export function toHostWrite(message: string, cause: unknown): AgentError {
  return toSystemError('host_write', message, cause);
}

/**
 * Runs `work`; an error of a system call gets `message` in front and a hint behind. Any other error is a defect and is
 * rethrown as it is.
 * @throws AgentError of that code
 */
export function attempt<T>(message: string, work: () => T, code: ErrorCode = 'host_write'): T {
  try {
    return work();
  } catch (error) {
    throw isSystemError(error) ? toSystemError(code, message, error) : error;
  }
}

/**
 * For the outermost frame: an error of a system call that no step has described names call and file itself; an error of
 * SQLite concerns the state database.
 */
export function nameRefusal(error: unknown): unknown {
  if (isSystemError(error)) return toHostWrite('the system refused', error);
  const code = sqliteCode(error);
  if (code === null) return error;
  if (isDamageCode(code))
    return new AgentError('cache_damaged', 'the state database is damaged', { cause: error, hint: REBUILT });
  return errnoOf(code) === null ? error : toHostWrite('the state database cannot be used', error);
}

/** While another process has it open, no command sets it aside. */
const REBUILT =
  'systemctl restart sunk-agent: an agent that starts sets it aside, and rebuilds it from the store and the host';

/** The hint for the first layer of an error that has a known code, or null. */
function hintAt(error: unknown): string | null {
  for (let layer = error; layer instanceof Error; layer = layer.cause) {
    const own = 'code' in layer ? String(layer.code) : '';
    const code = errnoOf(own) ?? own;
    const hint = (process.geteuid?.() === 0 ? undefined : NOT_ROOT[code]) ?? HINTS[code];
    if (hint !== undefined) return hint;
  }
  return null;
}
