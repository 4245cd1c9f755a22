// Reports that a command runs without root, where everything it creates belongs to the caller.
import { AgentError } from '../common/errors.ts';
import type { CommandContext } from './command.ts';

/** @throws AgentError usage: below `/` the command must run as root. */
export function announceOwner({ root }: CommandContext): void {
  if (process.geteuid?.() === 0) return;
  if (root === '/') {
    throw new AgentError('usage', 'this changes the accounts of the node, which only root may', {
      hint: 'run it with sudo, or try it below a directory of yours with --root DIR',
    });
  }
  const uid = process.geteuid?.() ?? -1;
  process.stderr.write(`sunk-agent: not root: everything below ${root} will belong to uid ${uid}\n`);
}
