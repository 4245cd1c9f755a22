// An agent that stays, as the daemon does: a full sync for each line on stdin, its outcome as a line on stdout.
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ContextKeeper, keepContext } from '../../../../src/agent/daemon/context-recovery.ts';
import { openNodeContext } from '../../../../src/agent/node-context.ts';
import { runSync } from '../../../../src/agent/reconcile/sync.ts';
import { linkReader } from '../../../../src/agent/reader-client/reader-link.ts';
import { publishStatus } from '../../../../src/agent/report/write-status.ts';
import { AgentError, describeError } from '../../../../src/common/errors.ts';
import { isDamage } from '../../../../src/state/database.ts';
import { nameRefusal } from '../../../../src/common/system-error.ts';
import type { Outcome } from './processes.ts';

const [root = ''] = process.argv.slice(2);
const node = openNodeContext({ root, config: undefined });
let kept = null as ContextKeeper | null;
const link = linkReader(node, 'child');

/** Where a reader has ended, a while for the next one to be there. */
async function waitForReader() {
  for (let n = 0; n < 100 && link.current() === null; n += 1) await sleep(50);
  return link.current();
}

async function sync(): Promise<Omit<Outcome, 'signal'>> {
  const reader = await waitForReader();
  try {
    kept ??= keepContext(node);
    const report = await kept.withLock(
      () => {},
      async (context) => {
        const report = await runSync({ ...context, reader }, 'full');
        await publishStatus(context, report);
        return report;
      },
    );
    return { status: report.failure === null ? 0 : 2, report, stderr: '' };
  } catch (error) {
    const named = nameRefusal(error);
    // Anything else is a defect, as the command line would say by this status.
    const isExpected = named instanceof AgentError || isDamage(error);
    return { status: isExpected ? 2 : 70, report: null, stderr: describeError(named) };
  }
}

for await (const _ of createInterface(process.stdin))
  process.stdout.write(`${JSON.stringify(await sync())}\n`);
link.close();
kept?.close();
