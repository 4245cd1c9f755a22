// `sunk-agent freeze`: no grants, and no removals for absence, for a while; revocations continue.
import { recordAct } from '../../agent/report/audit.ts';
import { operatorName, writeFreeze } from '../../agent/overrides/operator-files.ts';
import { openNodeContext } from '../../agent/node-context.ts';
import { parseDuration } from '../../config/types.ts';
import { AgentError } from '../../common/errors.ts';
import { announceOwner } from '../owner.ts';
import type { CommandContext } from '../command.ts';

export const failure = 1;
export const options = { for: { type: 'string' } } as const;

export const help = `Usage: sunk-agent freeze --for DURATION [--config FILE] [--root DIR]

For DURATION (30m, 2h, 1d) no access is granted, and users missing from the store keep theirs. Users who are deactivated
or blocked are still revoked.

Examples:
  sunk-agent freeze --for 2h

Exit status: 0 done, 1 failed.`;

export async function run(context: CommandContext): Promise<number> {
  const text = context.values['for'];
  const seconds = typeof text === 'string' ? parseDuration(text) : null;
  if (seconds === null || seconds === 0)
    throw new AgentError('usage', '--for takes a duration such as 30m, 2h or 1d');
  const { paths } = openNodeContext(context);
  announceOwner(context);
  const until = Math.floor(Date.now() / 1000) + seconds;
  recordAct(paths, { act: 'freeze', subject: '', detail: `until ${new Date(until * 1000).toISOString()}` });
  writeFreeze(paths.freeze, until, `${operatorName()}, ${new Date().toISOString()}`);
  process.stdout.write(`frozen until ${new Date(until * 1000).toISOString()}; sunk-agent thaw ends it\n`);
  return 0;
}
