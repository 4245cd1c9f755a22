// The public key of a trial, where sshd finds it for some seconds: one file, root's, named like the account.
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  mkdirSync,
  openSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { AgentError } from '../../common/errors.ts';
import { hasCode } from '../fs/read-text.ts';
import { toHostWrite } from '../../common/system-error.ts';

/** Seconds that a trial key is valid. */
export const TRIAL_SECONDS = 20;

/** Account names are never a path. */
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/;

export interface TrialFile {
  remove(): void;
}

/**
 * What a kill leaves behind admits no one: the key is expired by then, its private half was in memory alone, and the next
 * trial of that name replaces it.
 * @param line as sshd(8) has it, without its end.
 * @throws AgentError refused: another trial of that account is under way; host_write.
 */
export function writeTrialFile(directory: string, name: string, line: string): TrialFile {
  if (!NAME.test(name)) throw new RangeError(`not an account name: ${JSON.stringify(name)}`);
  const file = path.join(directory, name);
  try {
    mkdirSync(directory, { recursive: true });
    // sshd and the helper read it as other users; the umask of this process does not matter.
    chmodSync(directory, 0o755);
    removeExpired(file);
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    const fd = openSync(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644);
    try {
      fchmodSync(fd, 0o644);
      writeSync(fd, `${line}\n`);
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    if (hasCode(cause, 'EEXIST')) {
      throw new AgentError('refused', `another trial login of ${name} is under way`, {
        hint: `try again in ${TRIAL_SECONDS} seconds`,
      });
    }
    throw toHostWrite(`cannot write ${file}`, cause);
  }
  return { remove: () => rmSync(file, { force: true }) };
}

function removeExpired(file: string): void {
  const age = Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  // A clock that was set back makes a file of the future: its key is judged by sshd's clock, not by this one.
  if (age > TRIAL_SECONDS * 1000 || age < -TRIAL_SECONDS * 1000) rmSync(file, { force: true });
}
