// What an operator can do about an error of the system, by its code (errno(3)).
import { AgentError } from '../errors.ts';

const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: df -h and df -i; it is tried again',
  EDQUOT: 'the quota is used up; it is tried again',
  EROFS: 'the file system is read-only: mount -o remount,rw, and dmesg says why it became so',
  EPERM: 'root may not write there: an immutable file or folder (lsattr), or an NFS export with root_squash',
  EACCES: 'root may not write there: an NFS export with root_squash, or a security policy',
  EBUSY: 'something is mounted there, or uses it',
  EXDEV: 'something is mounted in between: the file and its folder must be of one file system',
  EIO: 'the disk fails: see dmesg',
  ESTALE: 'the NFS server has lost it: mount it anew',
  ENOTCONN: 'the file system behind it is gone: mount it anew',
  ETIMEDOUT: 'the file server does not answer',
  EHOSTDOWN: 'the file server does not answer',
};

/** `host_write` with the hint that fits the cause; one that is an AgentError already stays what it is. */
export function toHostWrite(message: string, cause: unknown): AgentError {
  if (cause instanceof AgentError) return cause;
  const hint = hintAt(cause);
  return new AgentError('host_write', message, { cause, ...(hint === null ? {} : { hint }) });
}

/** The hint for the first layer of an error that has a code we know, or null. */
function hintAt(error: unknown): string | null {
  for (let layer = error; layer instanceof Error; layer = layer.cause) {
    const code = 'code' in layer ? String(layer.code) : '';
    const hint = HINTS[code];
    if (hint !== undefined) return hint;
  }
  return null;
}
