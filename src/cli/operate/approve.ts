// `sunk-agent approve`: approves the held set of that hash, and no other.
import { recordAct } from '../../agent/report/audit.ts';
import { previewSync, withLedger } from '../../agent/operator/ledger-command.ts';
import { readSlurmStatus } from '../../agent/slurm/slurm-status.ts';
import { readStatus } from '../../agent/report/status.ts';
import { describeReport } from '../../agent/report/describe-report.ts';
import { addEntry, operatorName, readOperatorFiles } from '../../agent/overrides/operator-files.ts';
import { type NodeContext, openNodeContext } from '../../agent/node-context.ts';
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

Exit status: 0 approved, 1 failed, or nothing is held under HASH.`;

export async function run(context: CommandContext): Promise<number> {
  const [hash, ...more] = context.positionals;
  if (hash === undefined || more.length > 0 || !/^[0-9a-f]{8,64}$/.test(hash)) {
    throw new AgentError('usage', 'the hash of a held set is expected', { hint: 'sunk-agent plan shows it' });
  }
  const node = openNodeContext(context);
  announceOwner(context);
  await refuseUnknown(hash, node);
  // Before the act: nothing is approved without a trace.
  recordAct(node.paths, { act: 'approve', subject: hash, detail: '' });
  addEntry(node.paths.approved, hash, `${operatorName()}, ${new Date().toISOString()}`);
  const report = await syncFromState(node, announceWait);
  process.stdout.write(describeReport(report));
  return report.changes.failed === 0 ? 0 : 1;
}

/**
 * Looks at what the last sync held, and at what one would hold now.
 * @throws AgentError refused, with the hashes that are held.
 */
async function refuseUnknown(hash: string, node: NodeContext): Promise<void> {
  if (readOperatorFiles(node.paths).approved.has(hash)) return;
  const held = new Map<string, string>();
  try {
    for (const set of readStatus(node.paths.status).guard.held) held.set(set.hash, set.reason);
  } catch (error) {
    // No status was written yet.
    if (!(error instanceof AgentError)) throw error;
  }
  for (const set of readSlurmStatus(node.paths)?.held ?? []) held.set(set.hash, set.reason);
  if (held.has(hash)) return;
  const next = await withLedger(node, announceWait, (context, now) =>
    previewSync(context, context.state.bindings(), now),
  );
  for (const set of next.verdict.held) held.set(set.hash, set.reason);
  if (held.has(hash)) return;
  const list = [...held].map(([one, reason]) => `${one} (${reason})`).join('; ');
  throw new AgentError('refused', `nothing is held under ${hash}`, {
    hint: list === '' ? 'nothing is held at all' : `held: ${list}`,
  });
}
