// On a booted node: what `why NAME --try` takes from end to end.
import { installAgent } from '../support/nodes/install.ts';
import { bootNode, type LoginNode } from '../support/nodes/node.ts';
import { BASE_URL, startStore, TOKEN } from '../support/nodes/store.ts';
import { makeEd25519, seedRandom, writeBlob } from '../support/records/key-corpus.ts';
import { showProgress } from './progress.ts';
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
      return [timeWhy(node)];
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
