// The daemon's rounds over Slurm: when they begin, and what they say of a worker that cannot be asked.
import { mkdirSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type NodeContext, openNodeContext } from '../../../src/agent/node-context.ts';
import { type SlurmRounds, startSlurmRounds } from '../../../src/agent/daemon/rounds/slurm-rounds.ts';
import { openSyncContext } from '../../../src/agent/reconcile/context.ts';
import { readSlurmStatus } from '../../../src/agent/slurm/slurm-status.ts';
import { SLURM_PROTOCOL, type SlurmAsk } from '../../../src/protocol/slurm-messages.ts';
import { eventually } from '../../support/eventually.ts';
import { type InProcessRoot, makeCompany, makeInProcessRoot } from '../../support/nodes/in-process-root.ts';
import { type FakeSlurm, makeFakeSlurm } from '../../support/slurm/fake-slurm.ts';

let root: InProcessRoot;
let node: NodeContext;
let rounds: SlurmRounds;
let socket: Socket;
let slurm: FakeSlurm;

beforeEach(() => {
  root = makeInProcessRoot(
    'slurm: { mode: enforce, every: 1h, rules: [{ group: slurm-users, account: all }] }\n',
  );
  node = openNodeContext({ root: root.root, config: undefined });
  mkdirSync(node.paths.run, { recursive: true });
  slurm = makeFakeSlurm(Array.from({ length: 9 }, (_, n) => [`person${n}`, 20_000 + n] as const));
  rounds = startSlurmRounds(node, {
    async withLock(_, work) {
      const context = openSyncContext(node);
      try {
        return await work(context);
      } finally {
        context.state.close();
      }
    },
  });
});
afterEach(() => {
  socket.destroy();
  rounds.stop();
  root.remove();
});

/** A worker. @param onRead before each answer. */
async function connect(protocol: number, onRead: () => Promise<unknown>): Promise<void> {
  socket = createConnection(node.paths.slurmSocket);
  socket.write(`${JSON.stringify({ say: 'hello', protocol })}\n`);
  createInterface(socket).on('line', (line) => {
    const ask = JSON.parse(line) as SlurmAsk;
    const { n } = ask;
    const say = (answer: object): void => void socket.write(`${JSON.stringify({ ...answer, n })}\n`);
    if (ask.ask === 'apply') {
      slurm.apply(ask.step);
      say({ say: 'applied' });
    } else {
      const rows = slurm.read();
      void onRead().then(() => say({ say: 'rows', rows }));
    }
  });
}
const usersOf = (account: string): string[] =>
  slurm.associations.flatMap((row) => (row.account === account ? [row.user] : []));

it('a sync that ends while Slurm is read is followed by another round, which acts on it', async () => {
  const company = makeCompany(3);
  await root.sync(company);
  await connect(SLURM_PROTOCOL, () => Promise.resolve());
  await eventually('all have an association', () => readSlurmStatus(node.paths)?.associations === 3);
  socket.destroy();

  let reads = 0;
  await connect(SLURM_PROTOCOL, async () => {
    reads += 1;
    if (reads > 1) return;
    // As the daemon: the sync, then a look.
    company.people[1]!.active = false;
    await root.sync(company);
    rounds.look(true);
  });
  await eventually('the association is gone', () => !usersOf('all').includes('person1'));
  expect(reads).toBeGreaterThan(1);
});

it('a worker of another protocol is not asked, and the status says what to restart', async () => {
  await root.sync(makeCompany(1));
  await connect(SLURM_PROTOCOL + 1, () => Promise.resolve());
  await eventually(
    'the status says it',
    () => readSlurmStatus(node.paths)?.failure?.problem.endsWith('systemctl restart sunk-agent') === true,
  );
  expect(slurm.log).toEqual([]);
});
