// What a command costs an operator: `status` against an empty script on the same runtime, `why`, `block` and `list` from end to end.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { statusOf } from '../../src/agent/report/status.ts';
import { openStateDatabase } from '../../src/state/state.ts';
import { makeReport, NOW } from '../support/records/sample-report.ts';
import { makeCompany, makeInProcessRoot } from '../support/nodes/in-process-root.ts';
import { makeThrowawayRoot } from '../support/nodes/throwaway-root.ts';
import { makeEd25519, seedRandom, writeBlob } from '../support/records/key-corpus.ts';
import { makeBundled, type Bundled } from './bundled.ts';
import { makeRow, median, type Row } from './row.ts';
import { timePrograms } from './time-programs.ts';

const TURNS = 100;
const OPERATOR_TURNS = 20;
/** People of an access review. */
const REVIEWED = 10_000;
/** Of a year's history. */
const EVENTS = 100_000;

export async function benchCli(): Promise<Row[]> {
  const bundled = await makeBundled();
  try {
    return [...(await benchOperator(bundled)), ...(await benchList(bundled)), await benchStatus(bundled)];
  } finally {
    bundled.remove();
  }
}

/** An access review of 10,000 people with a key each, after a real sync and without a daemon. */
async function benchList({ program }: Bundled): Promise<Row[]> {
  const node = makeInProcessRoot();
  try {
    await node.sync(makeCompany(REVIEWED));
    // Once more, so that the answer of the store is a complete one.
    await node.sync(makeCompany(REVIEWED));
    const shown = execFileSync(program, ['list', '--csv', '--root', node.root], {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    });
    const lines = shown.split('\r\n').filter((line) => line.includes('"enabled"'));
    if (lines.length !== REVIEWED) throw new Error(`list shows ${lines.length} enabled people`);
    const since = fillHistory(node.state);
    const [present = [], past = []] = timePrograms(
      [
        [program, 'list', '--root', node.root],
        [program, 'list', '--at', since, '--root', node.root],
      ],
      OPERATOR_TURNS,
    );
    const row = (name: string, samples: readonly number[], goal: number): Row =>
      makeRow({
        bench: 'cli',
        row: name,
        unit: 'ms',
        measured: median(samples),
        samples,
        reference: null,
        goal,
      });
    return [row('list-10k-ms', present, 300), row('list-at-100k-events-ms', past, 1000)];
  } finally {
    node.remove();
  }
}

/** A year of 100,000 renewals; the time in its middle. */
function fillHistory(directory: string): string {
  const now = Math.floor(Date.now() / 1000);
  const state = openStateDatabase(directory, now, 'this node');
  const step = Math.floor((365 * 86_400) / EVENTS);
  const rows = Array.from({ length: EVENTS }, (_, n) => ({
    at: now - (EVENTS - n) * step,
    scimId: `u-person${n % REVIEWED}`,
    kind: 'keys-write',
    name: `person${n % REVIEWED}`,
    because: 'the expiry of the keys moves',
    problem: null,
    detail: { gained: [], lost: [], until: now - (EVENTS - n) * step + 604_800 },
  }));
  state.endSync(state.beginSync(now), {}, rows);
  state.close();
  return new Date((now - (EVENTS / 2) * step) * 1000).toISOString();
}

async function benchStatus({ program, runtime, emptyScript }: Bundled): Promise<Row> {
  const root = path.join(path.dirname(program), 'root');
  mkdirSync(path.join(root, 'run/sunk-agent'), { recursive: true });
  const status = statusOf({
    report: makeReport(),
    now: NOW,
    mode: 'enforce',
    baseUrl: 'https://store.example/scim/org',
    lastContact: NOW,
    lastComplete: NOW,
    frozenUntil: 0,
    quarantined: [],
    formerRoot: [],
    maxAge: 604_800,
    agentHasNoNetwork: true,
    nextSync: null,
    daemon: null,
    hasSshdDropIn: true,
    host: null,
    nameRound: null,
    secrets: [],
  });
  writeFileSync(path.join(root, 'run/sunk-agent/status.json'), JSON.stringify(status));
  const [floor = [], samples = []] = timePrograms(
    [
      [runtime, emptyScript],
      [program, 'status', '--root', root],
    ],
    TURNS,
  );
  const [measured, reference] = [median(samples), median(floor)];
  return makeRow({
    bench: 'cli',
    row: 'status-vs-node',
    unit: 'ms',
    measured,
    samples,
    reference,
    goal: 1.45,
  });
}

/** For a person with a key, after a real sync and without a daemon; in a throwaway root, where no sshd and no NSS answers for it. */
async function benchOperator({ program }: Bundled): Promise<Row[]> {
  const node = await makeThrowawayRoot();
  try {
    const key = writeBlob('ssh-ed25519', makeEd25519(seedRandom(1))).toString('base64');
    await node.pushGroup('slurm-users', [await node.pushUser('alice@example.com', `ssh-ed25519 ${key}`)]);
    const { status, stderr } = await node.run('sync');
    if (status !== 0) throw new Error(`the sync before it failed: ${stderr}`);
    const keyFile = path.join(node.root, 'var/lib/sunk-agent/authorized_keys/alice');
    if (!existsSync(keyFile)) throw new Error('alice has no key before she is blocked');
    const command = (name: string) => [program, name, 'alice', '--root', node.root] as const;
    const [why = [], blocks = []] = timePrograms(
      [command('why'), command('block'), command('unblock')],
      OPERATOR_TURNS,
    );
    timePrograms([command('block')], 1);
    if (existsSync(keyFile)) throw new Error('alice still has a key after she was blocked');
    const row = (name: string, samples: readonly number[], goal: number): Row =>
      makeRow({
        bench: 'cli',
        row: name,
        unit: 'ms',
        measured: median(samples),
        samples,
        reference: null,
        goal,
      });
    return [row('why-ms', why, 400), row('block-ms', blocks, 1000)];
  } finally {
    await node.close();
  }
}
