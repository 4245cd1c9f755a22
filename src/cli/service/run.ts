// `sunk-agent run`: the daemon.
import { keepLastGoodConfig, openNodeContext } from '../../agent/node-context.ts';
import { runDaemon } from '../../agent/daemon/daemon.ts';
import { AgentError } from '../../common/errors.ts';
import { announceOwner } from '../owner.ts';
import type { CommandContext } from '../command.ts';

export const failure = 1;

export const options = { reader: { type: 'string', default: 'child' } } as const;

export const help = `Usage: sunk-agent run [--reader child|socket] [--config FILE] [--root DIR]

Applies the state database, then the store, and keeps the node in agreement with it.

  --reader child    start the reader as a child of this process (default)
  --reader socket   wait for the reader's own unit to connect

SIGHUP starts a full sync. SIGTERM ends the daemon after the running sync.

Examples:
  sunk-agent run --reader socket

Exit status: 0 stopped as asked, 1 it could not start, 78 a wrong configuration.`;

export async function run(context: CommandContext): Promise<number> {
  const source = context.values['reader'];
  if (source !== 'child' && source !== 'socket') throw new AgentError('usage', '--reader is child or socket');
  const node = openNodeContext(context);
  announceOwner(context);
  keepLastGoodConfig(node);
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  await runDaemon(node, source, stop.signal);
  return 0;
}
