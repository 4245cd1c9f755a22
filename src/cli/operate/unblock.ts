// `sunk-agent unblock`: what the store says counts again.
import { recordAct } from '../../agent/report/audit.ts';
import { describeReport } from '../../agent/report/describe-report.ts';
import { readOperatorFiles, removeEntry } from '../../agent/overrides/operator-files.ts';
import { openNodeContext } from '../../agent/node-context.ts';
import { syncFromState } from '../../agent/operator/sync-now.ts';
import { AgentError } from '../../common/errors.ts';
import { readEntry } from './block.ts';
import { announceOwner } from '../owner.ts';
import type { CommandContext } from '../command.ts';

export const failure = 1;
export const options = {};

export const help = `Usage: sunk-agent unblock NAME [--config FILE] [--root DIR]

Takes NAME off /etc/sunk-agent/blocked; what the store says of that person or key counts again.

Examples:
  sunk-agent unblock alice

Exit status: 0 done, 1 failed.`;

export async function run(context: CommandContext): Promise<number> {
  const entry = readEntry(context);
  const place = openNodeContext(context);
  announceOwner(context);
  if (!readOperatorFiles(place.paths).blocked.includes(entry)) {
    throw new AgentError('refused', `${entry} is not in ${place.paths.blocked}`, {
      hint: 'that file lists who is blocked',
    });
  }
  // Before the act: nobody is let back in without a trace.
  recordAct(place.paths, { act: 'unblock', subject: entry, detail: '' });
  removeEntry(place.paths.blocked, entry);
  const report = await syncFromState(place, () =>
    process.stderr.write('sunk-agent: a pass is under way; waiting for it\n'),
  );
  process.stdout.write(`${entry} is no longer blocked\n${describeReport(report)}`);
  return report.changes.failed === 0 ? 0 : 1;
}
