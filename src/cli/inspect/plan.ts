// `sunk-agent plan`: what a pass would change, by the engine that would change it.
import { openNodeContext } from '../../agent/node-context.ts';
import { openSyncContext } from '../../agent/reconcile/context.ts';
import { decide } from '../../agent/reconcile/decide.ts';
import { judgeFreshness } from '../../agent/ingest/freshness.ts';
import { fetchStore } from '../../agent/ingest/fetch-store.ts';
import { EVERYTHING } from '../../agent/ingest/sync-request.ts';
import { withReader } from '../../agent/reader-client/with-reader.ts';
import { acquireFileLock } from '../../agent/reconcile/file-lock.ts';
import { describeNotInStore } from '../../agent/report/describe-report.ts';
import { summariseNotInStore } from '../../agent/reconcile/sync-report.ts';
import type { Change } from '../../plan/change.ts';
import { printPlan } from '../../plan/print.ts';
import { makePrintable } from '../../common/printable.ts';
import { wrapText } from '../terminal/wrap.ts';
import type { CommandContext } from '../command.ts';
import { mayColour } from '../terminal/colour.ts';
import { announceOwner } from '../owner.ts';

export const failure = 1;
export const options = { fetch: { type: 'boolean', default: false } } as const;

export const help = `Usage: sunk-agent plan [--fetch] [--json] [--config FILE] [--root DIR]

What the next pass would change on this node, and what the guard would hold; changes nothing on it.
Works on the records of the last pass.

  --fetch   read the store first

Examples:
  sunk-agent plan --fetch
  sunk-agent plan --json

Exit status: 0 nothing to change, 2 changes, 1 error.`;

const PATIENCE_MS = 600_000;

export async function run(context: CommandContext): Promise<number> {
  const place = openNodeContext(context);
  announceOwner(context);
  const release = await acquireFileLock(
    place.paths.syncLock,
    () => process.stderr.write('sunk-agent: a pass is under way; waiting for it\n'),
    PATIENCE_MS,
  );
  const parts = openSyncContext(place);
  try {
    const now = Math.floor(parts.clock() / 1000);
    const heard =
      context.values['fetch'] === true
        ? await withReader(place, (reader) => fetchStore({ ...parts, reader, now }, EVERYTHING, null))
        : null;
    const { changes, verdict, unknown } = await decide(parts, now, judgeFreshness(heard, parts.state, now));
    process.stdout.write(
      context.json
        ? `${JSON.stringify({ changes, held: verdict.held, unknown })}\n`
        : wrapText(
            printPlan(changes, verdict, mayColour()) + sayUnknown(unknown, changes),
            process.stdout.columns,
          ),
    );
    return changes.length === 0 ? 0 : 2;
  } finally {
    parts.state.close();
    release();
  }
}

/** About those whom nobody knows and whom the plan leaves in. */
function sayUnknown(unknown: readonly string[], changes: readonly Change[]): string {
  const left = summariseNotInStore(unknown, new Set(changes.map(({ name }) => name)));
  return describeNotInStore({ unknown: left })
    .map((sentence) => `\nStill in: ${makePrintable(sentence)}\n`)
    .join('');
}
