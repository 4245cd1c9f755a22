// `sunk-agent sync`: one pass now.
import { describeReport } from '../../agent/report/describe-report.ts';
import { withReader } from '../../agent/reader-client/with-reader.ts';
import { openNodeContext } from '../../agent/node-context.ts';
import { openSyncContext } from '../../agent/reconcile/context.ts';
import { runSync } from '../../agent/reconcile/sync.ts';
import { acquireSyncLock } from '../../agent/reconcile/sync-lock.ts';
import { publishStatus } from '../../agent/report/write-status.ts';
import { isAgreed, type SyncReport } from '../../agent/reconcile/sync-report.ts';
import { makePrintable } from '../../common/printable.ts';
import { announceOwner } from '../owner.ts';
import { showProgress } from '../terminal/progress-bar.ts';
import { wrapText } from '../terminal/wrap.ts';
import type { CommandContext } from '../command.ts';

export const failure = 2;
export const options = { full: { type: 'boolean', default: false } } as const;

export const help = `Usage: sunk-agent sync [--full] [--json] [--config FILE] [--root DIR]

One pass now: reads the store and makes the node agree with it. A terminal shows how far it is; a pipe
gets a line for each step.

  --full   read everything, also where the store offers less

Examples:
  sunk-agent sync --full

Exit status: 0 the node agrees, 1 partly (something is held, failed or was not heard whole, or somebody is still in whom
neither the ledger nor the store knows), 2 failed.`;

const PATIENCE_MS = 600_000;

export async function run(context: CommandContext): Promise<number> {
  const place = openNodeContext(context);
  announceOwner(context);
  const release = await acquireSyncLock(
    place,
    () => process.stderr.write('sunk-agent: another pass is under way; waiting for it\n'),
    PATIENCE_MS,
  );
  const parts = openSyncContext(place);
  try {
    const mode = context.values['full'] === true ? 'full' : 'delta';
    const progress = context.json ? null : showProgress(process.stdout);
    const watched = progress === null ? parts : { ...parts, onProgress: progress.note };
    let report: SyncReport;
    try {
      report = await withReader(place, (reader) => runSync({ ...watched, reader }, mode));
    } finally {
      progress?.end();
    }
    await publishStatus(parts, report);
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
    parts.state.close();
    release();
  }
}
