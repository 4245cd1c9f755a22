// `sunk-agent thaw`: ends a freeze.
import { recordAct } from '../../agent/report/audit.ts';
import { removeFreeze } from '../../agent/overrides/operator-files.ts';
import { openNodeContext } from '../../agent/node-context.ts';
import { announceOwner } from '../owner.ts';
import type { CommandContext } from '../command.ts';

export const failure = 1;
export const options = {};

export const help = `Usage: sunk-agent thaw [--config FILE] [--root DIR]

Ends a freeze before its time; the next sync applies what was held.

Examples:
  sunk-agent thaw

Exit status: 0 done, 1 failed.`;

export async function run(context: CommandContext): Promise<number> {
  const { paths } = openNodeContext(context);
  announceOwner(context);
  const wasFrozen = removeFreeze(paths.freeze);
  if (wasFrozen) recordAct(paths, { act: 'thaw', subject: '', detail: '' });
  process.stdout.write(wasFrozen ? 'thawed\n' : 'this node was not frozen\n');
  return 0;
}
