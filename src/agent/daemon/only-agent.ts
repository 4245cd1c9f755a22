// One agent a node: a second one would take the reader from the first, and each would undo changes of the other.
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { AgentError } from '../../common/errors.ts';
import { tryFlock } from '../../common/flock.ts';
import type { Paths } from '../../common/paths.ts';
import { attempt } from '../../common/system-error.ts';

/**
 * Takes the lock, which ends with this process.
 * @returns a function that gives it back.
 * @throws AgentError lock_busy: another agent runs; host_write
 */
export function becomeOnlyAgent({ run, agentLock }: Pick<Paths, 'run' | 'agentLock'>): () => void {
  const fd = attempt(`cannot open ${agentLock}`, () => {
    mkdirSync(run, { recursive: true, mode: 0o755 });
    return openSync(agentLock, 'a', 0o600);
  });
  if (!tryFlock(fd, 'exclusive')) {
    closeSync(fd);
    throw new AgentError('lock_busy', 'another agent runs on this node', {
      hint: 'systemctl status sunk-agent shows one; sunk-agent doctor lists them',
    });
  }
  return () => closeSync(fd);
}
