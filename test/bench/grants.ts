// What it costs to ask another name service before 10,000 people get their first accounts, ids and keys.
import path from 'node:path';
import type { SyncReport } from '../../src/agent/reconcile/sync-report.ts';
import { openOwnNode, type OwnNode } from '../support/nodes/own-node.ts';
import { makeBundled } from './bundled.ts';
import { CONFIG } from './host.ts';
import { showProgress } from './progress.ts';
import { makeRow, median, type Row } from './row.ts';
import { startWorker } from './worker.ts';

const PEOPLE = 10_000;
/** Accounts that only the other service knows; extrausers reads all of them for each question. */
const FOREIGN = 100;
const TURNS = 5;
/** Seconds that the question may add. */
const GOAL = 1;

/** A node whose state database knows the people and whose files do not, kept aside for each turn. */
const PREPARE = `
cat >/etc/sunk-agent/config.yaml <<'END'
${CONFIG}END
: >/etc/subuid; : >/etc/subgid
mkdir -p /var/lib/extrausers
seq -f 'foreign%g' ${FOREIGN} | awk '{ print $1 ":x:" 60000 + NR ":60000::/:/bin/sh" }' >/var/lib/extrausers/passwd
echo 'person000000:x:60000:60000::/:/bin/sh' >>/var/lib/extrausers/passwd
echo 'foreign:x:60000:' >/var/lib/extrausers/group
`;
const FILES = 'passwd group shadow gshadow';
const KEEP = `mkdir /run/kept; for file in ${FILES}; do cp -a "/etc/$file" /run/kept/; done
cp -a /var/lib/sunk-agent /run/kept/state`;
const reset = (services: string): string => `
rm -rf /var/lib/sunk-agent; cp -a /run/kept/state /var/lib/sunk-agent
for file in ${FILES}; do cp -a "/run/kept/$file" /etc/; rm -f "/etc/$file-"; done
printf 'passwd: ${services}\\ngroup: ${services}\\nshadow: files\\n' >/etc/nsswitch.conf`;

export async function benchGrants(): Promise<Row[]> {
  const bundled = await makeBundled({ 'host-agent': 'test/bench/host-agent.ts' });
  const node = await openOwnNode();
  try {
    const start = () =>
      startWorker(path.join(bundled.lib, 'host-agent.js'), ['/', String(PEOPLE)], bundled.as, (command) =>
        node.enter(command),
      );
    await must(node, PREPARE);
    const filler = start();
    await filler.ask('fill');
    await filler.stop();
    await must(node, KEEP);
    const samples = { files: [] as number[], 'files extrausers': [] as number[] };
    for (let turn = 0; turn < TURNS; turn += 1) {
      for (const services of ['files', 'files extrausers'] as const) {
        showProgress(`grants: ${services}, ${turn + 1} of ${TURNS}`);
        await must(node, reset(services));
        const worker = start();
        const { ms, report } = await worker.ask<{ ms: number; report: SyncReport }>('sync');
        await worker.stop();
        // The name that the other service has is refused, which shows that it was asked.
        const expected = services === 'files' ? PEOPLE : PEOPLE - 1;
        if (report.counts.accountsEnabled !== expected || report.changes.failed > 0)
          throw new Error(`not every user has an account: ${JSON.stringify(report.changes)}`);
        samples[services].push(ms / 1000);
      }
    }
    const row = (name: string, figures: readonly number[], goal: number | null): Row =>
      makeRow({
        bench: 'grants',
        row: name,
        unit: 's',
        measured: median(figures),
        samples: figures,
        reference: null,
        goal,
      });
    return [
      row('first-grants-10k-files-s', samples.files, null),
      row('first-grants-10k-extrausers-s', samples['files extrausers'], null),
      row(
        'first-grants-10k-asking-s',
        samples['files extrausers'].map((s, n) => s - (samples.files[n] ?? 0)),
        GOAL,
      ),
    ];
  } finally {
    await node.close();
    bundled.remove();
  }
}

async function must(node: OwnNode, command: string): Promise<void> {
  const { status, stdout, stderr } = await node.exec(command);
  if (status !== 0) throw new Error(`${command}: ${status}\n${stdout}\n${stderr}`);
}
