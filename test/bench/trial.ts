// On a booted node: what `why NAME --try` takes from end to end, and what the canary costs the whole node.
import { setTimeout as sleep } from 'node:timers/promises';
import { installAgent } from '../support/nodes/install.ts';
import { bootNode, type LoginNode } from '../support/nodes/node.ts';
import { BASE_URL, startStore, TOKEN } from '../support/nodes/store.ts';
import { makeEd25519, seedRandom, writeBlob } from '../support/records/key-corpus.ts';
import { showProgress } from './progress.ts';
import { findContainer, readCpu } from './processes.ts';
import { makeRow, median, type Row } from './row.ts';

const TURNS = 20;

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
canary: { every: never }
`;

/** Trials that are counted, and seconds between them: by then systemd has ended the user manager of the one before. */
const TRIALS = 8;
const EVERY = 30;
/** Seconds between two trials as configured by default (canary.every), over which the cost is spread. */
const BY_DEFAULT = 300;
const SETTLE_SECONDS = 20;

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
      return [timeWhy(node), await measureCanary(node)];
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
 * Processor time of all processes of the node, those that ended among them (proc_pid_stat(5), cutime): agent, canary, ssh,
 * sshd, PAM, the user manager of systemd, and the journal. What the node uses without a canary is taken off.
 */
async function measureCanary(node: LoginNode): Promise<Row> {
  const pid = Number(/\d+/.exec(node.networkPath())?.[0]);
  const measure = async (seconds: number): Promise<number> => {
    const before = readCpu(findContainer(pid));
    await sleep(seconds * 1000);
    return readCpu(findContainer(pid)) - before;
  };
  showProgress('trial: the node without a canary');
  await sleep(SETTLE_SECONDS * 1000);
  const atRest = (await measure(2 * EVERY)) / 2;
  must(
    node,
    `sed -i 's/every: never/every: ${EVERY}s/' /etc/sunk-agent/config.yaml; systemctl restart sunk-agent`,
  );
  await sleep(SETTLE_SECONDS * 1000);
  showProgress(`trial: ${TRIALS} logins of the canary`);
  const began = must(node, 'date +%s').trim();
  const used = (await measure(TRIALS * EVERY)) - TRIALS * atRest;
  const said = must(
    node,
    `journalctl --sync; journalctl -q -o cat --since=@${began} --grep='^Accepted publickey for sunk-canary '`,
  );
  const logins = said.trim().split('\n').length;
  return makeRow({
    bench: 'trial',
    row: 'canary-cpu-share',
    unit: 'cores',
    measured: used / logins / BY_DEFAULT,
    reference: null,
    goal: 0.001,
  });
}
