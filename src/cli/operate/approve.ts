// `sunk-agent approve`: approves the held set of that hash, and no other.
import { recordAct } from '../../agent/report/audit.ts';
import { describeReport } from '../../agent/report/describe-report.ts';
import { addEntry, operatorName } from '../../agent/overrides/operator-files.ts';
import { openNodeContext } from '../../agent/node-context.ts';
import { syncFromState } from '../../agent/operator/sync-now.ts';
import { AgentError } from '../../common/errors.ts';
import { announceOwner } from '../owner.ts';
import { announceWait } from '../waiting.ts';
import type { CommandContext } from '../command.ts';

export const failure = 1;
export const options = {};

export const help = `Usage: sunk-agent approve HASH [--config FILE] [--root DIR]

Approves the changes that the guard holds under HASH (see sunk-agent plan), and no others.
HASH is the same on every node, so a fleet can share /etc/sunk-agent/approved instead.

Examples:
  sunk-agent approve 3f9c2b7a10d4e8aa

Exit status: 0 approved, 1 failed.`;

export async function run(context: CommandContext): Promise<number> {
  const [hash, ...more] = context.positionals;
  if (hash === undefined || more.length > 0 || !/^[0-9a-f]{8,64}$/.test(hash)) {
    throw new AgentError('usage', 'the hash of a held set is expected', { hint: 'sunk-agent plan shows it' });
  }
  const node = openNodeContext(context);
  announceOwner(context);
  // Before the act: nothing is approved without a trace.
  recordAct(node.paths, { act: 'approve', subject: hash, detail: '' });
  addEntry(node.paths.approved, hash, `${operatorName()}, ${new Date().toISOString()}`);
  const report = await syncFromState(node, announceWait);
  process.stdout.write(describeReport(report));
  return report.changes.failed === 0 ? 0 : 1;
}
