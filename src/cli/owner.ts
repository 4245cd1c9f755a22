// Says when a command works without root, where everything it makes belongs to the caller.
import { AgentError } from '../common/errors.ts';
import type { CommandContext } from './command.ts';

/**
 * @throws AgentError usage: the real root needs to be root's.
 */
export function announceOwner({ root }: CommandContext): void {
  if (process.geteuid?.() === 0) return;
  if (root === '/') {
    throw new AgentError('usage', 'this changes the accounts of the node, which only root may', {
      hint: 'run it with sudo, or try it below a folder of yours with --root DIR',
    });
  }
  const uid = process.geteuid?.() ?? -1;
  process.stderr.write(`sunk-agent: not root: everything below ${root} will belong to uid ${uid}\n`);
}
