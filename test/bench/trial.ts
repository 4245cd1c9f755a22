// On a booted node: what `why NAME --try` takes from end to end, and what share of a core a canary of each five minutes takes.
import { setTimeout as sleep } from 'node:timers/promises';
import { installAgent } from '../support/nodes/install.ts';
import { bootNode, type LoginNode } from '../support/nodes/node.ts';
import { BASE_URL, startStore, TOKEN } from '../support/nodes/store.ts';
import { makeEd25519, seedRandom, writeBlob } from '../support/records/key-corpus.ts';
import { showProgress } from './progress.ts';
import { makeRow, median, type Row } from './row.ts';

const TURNS = 20;
/** Trial logins of the canary. */
const CANARIES = 10;
/** Seconds from one to the next by default (canary.every). */
const EVERY = 300;
/** Milliseconds from before a login to after it, and as long beside it without one. */
const WINDOW_MS = 8000;
const PATIENCE_MS = 60_000;

/** No sync and no other trial meanwhile. */
const CONFIG = `scim:
  base_url: ${BASE_URL}
access:
  groups: [{ name: slurm-users }]
accounts:
  domains: [example.com]
sync:
  poll: "0 0 0 1 1 *"
  full: "0 0 1 1 *"
canary: { every: 1d }
`;

/** Needs root. */
export async function benchTrial(): Promise<Row[]> {
  const node = await bootNode('bookworm', (root) => installAgent(root, { config: CONFIG, token: TOKEN }));
  try {
    const store = await startStore(node);
    try {
      const key = writeBlob('ssh-ed25519', makeEd25519(seedRandom(1))).toString('base64');
      const alice = await store.createUser('alice@example.com', `ssh-ed25519 ${key}`);
      await store.createGroup('slurm-users', [alice]);
      must(node, 'sunk-agent sync');
      return [timeWhy(node), await timeCanary(node)];
    } finally {
      await store.stop();
    }
  } finally {
    await node.stop();
  }
}

function must(node: LoginNode, command: string): string {
  const { status, stdout, stderr } = node.exec(command);
  if (status !== 0) throw new Error(`${command}: status ${status}: ${stdout}${stderr}`);
  return stdout;
}

/** The command from the sources, which a bundle undercuts; whole seconds of a person who waits. */
function timeWhy(node: LoginNode): Row {
  const samples: number[] = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    showProgress(`trial: ${turn} of ${TURNS} trial logins`);
    const start = performance.now();
    const said = must(node, 'sunk-agent why alice --try');
    samples.push((performance.now() - start) / 1000);
    if (!/ok +trial +a login at .* succeeded/.test(said)) throw new Error(said);
  }
  return makeRow({
    bench: 'trial',
    row: 'why-try-s',
    unit: 's',
    measured: median(samples),
    samples,
    reference: null,
    goal: 2,
  });
}

/**
 * Processor time of agent, canary, sshd and the canary's session for one trial login, less what the same units take in as
 * long without one. `doctor` asks for the login, so that no restart of the agent counts.
 */
async function timeCanary(node: LoginNode): Promise<Row> {
  const samples: number[] = [];
  for (let turn = 0; turn < CANARIES; turn += 1) {
    showProgress(`trial: ${turn} of ${CANARIES} logins of the canary`);
    const idle = readCpu(node);
    await sleep(WINDOW_MS);
    const before = readCpu(node);
    const last = readTriedAt(node);
    const began = performance.now();
    must(node, 'sunk-agent doctor >/dev/null; true');
    while (readTriedAt(node) === last) {
      if (performance.now() - began > PATIENCE_MS) throw new Error('the canary tried no login');
      await sleep(50);
    }
    await sleep(Math.max(0, WINDOW_MS - (performance.now() - began)));
    const spent = readCpu(node) - before - (before - idle);
    samples.push(Math.max(0, spent) / EVERY);
  }
  return makeRow({
    bench: 'trial',
    row: 'canary-cpu-share',
    unit: 'cores',
    measured: samples.reduce((sum, one) => sum + one, 0) / samples.length,
    samples,
    reference: null,
    goal: 0.001,
  });
}

/** As the agent writes it, in whole seconds. */
const readTriedAt = (node: LoginNode): string =>
  node.exec('grep -o \'"at":[0-9]*\' /run/sunk-agent/login-path.json').stdout;

/** Seconds of all processes of the units that take part, also of those that have ended (cgroups(7), cpu.stat). */
function readCpu(node: LoginNode): number {
  const files = [
    'system.slice/sunk-agent.service',
    'system.slice/sunk-agent-canary.service',
    'system.slice/ssh.service',
    'user.slice',
  ];
  const text = must(
    node,
    `cd /sys/fs/cgroup; cat ${files.map((file) => `${file}/cpu.stat`).join(' ')} 2>/dev/null; true`,
  );
  const micros = [...text.matchAll(/^usage_usec (\d+)$/gm)].map(([, value]) => Number(value));
  if (micros.length === 0) throw new Error('the node has no cgroups with cpu.stat');
  return micros.reduce((sum, one) => sum + one, 0) / 1e6;
}
