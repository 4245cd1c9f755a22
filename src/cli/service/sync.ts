// `sunk-agent sync`: one sync now.
import { describeReport } from '../../agent/report/describe-report.ts';
import type { Reader } from '../../agent/reader-client/reader-client.ts';
import { withReader } from '../../agent/reader-client/with-reader.ts';
import { keepLastGoodConfig, type NodeContext, openNodeContext } from '../../agent/node-context.ts';
import { openSyncContext } from '../../agent/reconcile/context.ts';
import { runSync } from '../../agent/reconcile/sync.ts';
import { acquireSyncLock } from '../../agent/reconcile/sync-lock.ts';
import { publishStatus } from '../../agent/report/write-status.ts';
import { isAgreed, type SyncReport } from '../../agent/reconcile/sync-report.ts';
import { makePrintable } from '../../common/text/printable.ts';
import { announceOwner } from '../owner.ts';
import { announceWait, LOCK_PATIENCE_MS } from '../waiting.ts';
import { showProgress } from '../terminal/progress-bar.ts';
import { wrapText } from '../terminal/wrap.ts';
import type { CommandContext } from '../command.ts';

export const failure = 2;
export const options = { full: { type: 'boolean', default: false } } as const;

export const help = `Usage: sunk-agent sync [--full] [--json] [--config FILE] [--root DIR]

Runs one sync now: reads the store and makes the node agree with it. A terminal shows the progress; a pipe
gets a line for each step.

  --full   read everything, also where the store offers changes alone

Examples:
  sunk-agent sync --full

Exit status: 0 the node agrees, 1 partly (a change is held or failed, the store was not read completely, or an account
in the managed group that neither the ledger nor the store knows keeps access), 2 failed.`;

export async function run(context: CommandContext): Promise<number> {
  const node = openNodeContext(context);
  announceOwner(context);
  keepLastGoodConfig(node);
  const release = await acquireSyncLock(node, announceWait, LOCK_PATIENCE_MS);
  try {
    // It starts while the state database is opened, and ends when the store has answered: the rest needs the memory.
    return await withReader(node, (reader) => sync(context, node, reader));
  } finally {
    release();
  }
}

/** @returns the exit status. */
async function sync(context: CommandContext, node: NodeContext, reader: Reader): Promise<number> {
  const syncContext = openSyncContext(node);
  try {
    const mode = context.values['full'] === true ? 'full' : 'delta';
    const progress = context.json ? null : showProgress(process.stdout);
    const watched = progress === null ? syncContext : { ...syncContext, onProgress: progress.note };
    let report: SyncReport;
    try {
      report = await runSync({ ...watched, reader, onFetched: () => reader.close() }, mode);
    } finally {
      progress?.end();
    }
    await publishStatus(syncContext, report);
    process.stdout.write(
      context.json ? `${JSON.stringify(report)}\n` : wrapText(describeReport(report), process.stdout.columns),
    );
    if (report.failure !== null) {
      process.stderr.write(
        `sunk-agent: ${makePrintable(`${report.failure.message} (${report.failure.hint})`)}\n`,
      );
      return 2;
    }
    return isAgreed(report) ? 0 : 1;
  } finally {
    syncContext.state.close();
  }
}
