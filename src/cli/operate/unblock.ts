// `sunk-agent unblock`: the record of the store decides again.
import { recordAct } from '../../agent/report/audit.ts';
import { describeReport } from '../../agent/report/describe-report.ts';
import { readOperatorFiles, removeEntry } from '../../agent/overrides/operator-files.ts';
import { openNodeContext } from '../../agent/node-context.ts';
import { syncFromState } from '../../agent/operator/sync-now.ts';
import { AgentError } from '../../common/errors.ts';
import { readEntry } from './block.ts';
import { announceOwner } from '../owner.ts';
import { announceWait } from '../waiting.ts';
import type { CommandContext } from '../command.ts';

export const failure = 1;
export const options = {};

export const help = `Usage: sunk-agent unblock NAME [--config FILE] [--root DIR]

Removes NAME from /etc/sunk-agent/blocked. The record of the store decides again over that user or key.

Examples:
  sunk-agent unblock alice

Exit status: 0 done, 1 failed.`;

export async function run(context: CommandContext): Promise<number> {
  const entry = readEntry(context);
  const node = openNodeContext(context);
  announceOwner(context);
  if (!readOperatorFiles(node.paths).blocked.includes(entry)) {
    throw new AgentError('refused', `${entry} is not in ${node.paths.blocked}`, {
      hint: 'that file is the block list',
    });
  }
  // Before the act: no access is restored without a trace.
  recordAct(node.paths, { act: 'unblock', subject: entry, detail: '' });
  removeEntry(node.paths.blocked, entry);
  const report = await syncFromState(node, announceWait);
  process.stdout.write(`${entry} is no longer blocked\n${describeReport(report)}`);
  return report.changes.failed === 0 ? 0 : 1;
}
