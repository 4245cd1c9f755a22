// Slurm: the first associations of 10,000 people against a batch made by hand, a round without news against a bare list,
// how soon a new person's job is accepted, and how soon one who was deactivated has neither submission nor job.
import { showProgress } from './progress.ts';
import { makeRow, median, quantile, type Row } from './row.ts';
import { ACCOUNTS, onSlurmNode, type SlurmWorld } from './slurm-node.ts';

export interface SlurmSizes {
  readonly people: number;
  /** Who come one after the other, and each submits as soon as it is accepted. */
  readonly newcomers: number;
  /** Who come all at once. */
  readonly crowd: number;
  readonly leavers: number;
  readonly quietRounds: number;
}

const FULL: SlurmSizes = { people: 10_000, newcomers: 20, crowd: 1000, leavers: 20, quietRounds: 5 };
/** Of the cluster (slurm-cluster.ts), in seconds. */
const KILL_WAIT = 5;
const PATIENCE_S = 300;

/** Needs root. */
export async function benchSlurm(sizes: SlurmSizes = FULL): Promise<Row[]> {
  const rows: Row[] = [];
  await onSlurmNode(sizes.people, async (world) => {
    rows.push(...(await timeFirst(world, sizes)));
    rows.push(...(await timeQuiet(world, sizes)));
    rows.push(...(await timeNew(world, sizes)));
    rows.push(...(await timeLeaving(world, sizes)));
  });
  return rows;
}

function row(
  name: string,
  unit: string,
  figures: {
    readonly measured: number;
    readonly reference?: number;
    readonly goal: number;
    readonly samples?: readonly number[];
  },
): Row {
  return makeRow({ bench: 'slurm', row: name, unit, reference: null, ...figures });
}

/** By hand: one batch for sacctmgr with a line for each account; each of the two begins with an empty database. */
async function timeFirst(world: SlurmWorld, { people }: SlurmSizes): Promise<Row[]> {
  showProgress(`slurm: ${people} associations by hand`);
  world.must('systemctl stop sunk-agent-slurm; systemctl is-active sunk-agent');
  const names = world
    .must("getent passwd | grep ':/bin/bash$' | cut -d: -f1 | grep '^user'")
    .trim()
    .split('\n');
  const lines = Array.from({ length: ACCOUNTS }, (_, n) => {
    const own = names.filter((_, index) => index % ACCOUNTS === n);
    return `add account hand${n}\nadd user name=${own.join()} account=hand${n} defaultaccount=hand${n}\n`;
  });
  world.must(`cat >/root/batch <<'END'\n${lines.join('')}quit\nEND`);
  const start = performance.now();
  await world.start('sacctmgr -iQ </root/batch >/dev/null');
  const byHand = (performance.now() - start) / 1000;
  if (countAssociations(world, 'hand') !== people) throw new Error('the batch by hand did not add everyone');
  await world.wipe();

  showProgress(`slurm: ${people} associations by sunk-agent`);
  const began = performance.now();
  world.must('systemctl start sunk-agent-slurm');
  await world.until('everyone has an association', () => readRound(world).associations === people);
  const measured = (performance.now() - began) / 1000;
  return [row('first-10k-associations-s', 's', { measured, reference: byHand, goal: 2 })];
}

function countAssociations({ must }: SlurmWorld, prefix: string): number {
  return Number(must(`sacctmgr -nP list assoc format=account,user | grep -c '^${prefix}[0-9]*|.' || true`));
}

interface Round {
  readonly at: number;
  readonly seconds: number;
  readonly associations: number;
  readonly changes: { readonly planned: number };
}

function readRound({ node }: SlurmWorld): Round {
  const { status, stdout } = node.exec('cat /run/sunk-agent/slurm.json');
  const none = { at: 0, seconds: 0, associations: 0, changes: { planned: 0 } };
  return status === 0 ? (JSON.parse(stdout) as Round) : none;
}

/** A worker that connects is asked at once, before any of its code has run; one that runs on, after each sync. */
const RESTART = 'systemctl reset-failed sunk-agent-slurm; systemctl restart sunk-agent-slurm';
const SYNC = 'systemctl reload sunk-agent';

async function timeQuiet(world: SlurmWorld, { quietRounds }: SlurmSizes): Promise<Row[]> {
  const count = (): number => Number(world.must('sacctmgr -nP list transactions format=id | wc -l'));
  const before = count();
  return [
    row('no-change-10k-s', 's', await sampleQuiet(world, quietRounds, RESTART)),
    row('no-change-running-10k-s', 's', await sampleQuiet(world, quietRounds, SYNC)),
    row('no-change-writes', 'transactions', { measured: count() - before, goal: 0 }),
  ];
}

async function sampleQuiet(
  world: SlurmWorld,
  rounds: number,
  trigger: string,
): Promise<Parameters<typeof row>[2]> {
  const samples: number[] = [];
  const bare: number[] = [];
  for (let turn = 0; turn < rounds; turn += 1) {
    showProgress(`slurm: ${turn} of ${rounds} rounds without news (${trigger})`);
    const start = performance.now();
    world.must('sacctmgr -nP list assoc >/dev/null');
    bare.push((performance.now() - start) / 1000);
    const last = readRound(world);
    world.must(trigger);
    await world.until('another round', () => readRound(world).at > last.at);
    const { seconds, changes } = readRound(world);
    if (changes.planned > 0) throw new Error('a round without news had something to do');
    samples.push(seconds);
  }
  return { measured: median(samples), samples, reference: median(bare), goal: 1.5 };
}

/** `sbatch` as `$1` with the uid `$2`; the last words are its own. */
const SUBMIT = 'setpriv --reuid "$uid" --regid "$gid" --init-groups sbatch --chdir=/ --output=/dev/null';

async function timeNew(world: SlurmWorld, { newcomers, crowd }: SlurmSizes): Promise<Row[]> {
  const samples: number[] = [];
  for (let n = 0; n < newcomers; n += 1) {
    showProgress(`slurm: ${n} of ${newcomers} newcomers`);
    const name = `new${n}`;
    const accepted = world.start(`export LC_ALL=C; end=$(( $(date +%s) + ${PATIENCE_S} ))
      until uid=$(id -u ${name} 2>/dev/null); do [ $(date +%s) -lt $end ] || exit 1; sleep 0.01; done
      a=$(date +%s%N); gid=$(id -g ${name})
      until ${SUBMIT} --wrap true >/dev/null 2>&1; do [ $(date +%s) -lt $end ] || exit 1; sleep 0.02; done
      echo $(( ($(date +%s%N) - a) / 1000000 ))`);
    await world.join([name], 'teamnew');
    samples.push(Number(await accepted) / 1000);
  }
  showProgress(`slurm: ${crowd} newcomers at once`);
  const names = Array.from({ length: crowd }, (_, n) => `crowd${n}`);
  await world.join(names, 'teamcrowd');
  await world.until('the crowd has its associations', () => countAssociations(world, 'teamcrowd') === crowd);
  const uids = world.readUids();
  // As those who submit find it, whatever the controller says of itself.
  const refused = world.must(`export LC_ALL=C; n=0
    for name in ${names.join(' ')}; do
      uid=$(id -u $name); gid=$(id -g $name)
      ${SUBMIT} --test-only --wrap true >/dev/null 2>&1 || n=$((n + 1))
    done; echo $n`);
  const unresolved = names.filter((name) => typeof uids.get(name) !== 'number').length;
  return [
    row('new-person-to-sbatch-s', 's', { measured: quantile(samples, 0.95), samples, goal: 5 }),
    row('unusable-of-1k', 'associations', { measured: Math.max(unresolved, Number(refused)), goal: 0 }),
  ];
}

/**
 * Each has a job that runs and one that waits. The controller is asked, not sbatch in a loop: a person whose processes
 * keep coming is what the agent ends first. That sbatch is refused is seen once, when the controller says so.
 */
async function timeLeaving(world: SlurmWorld, { leavers }: SlurmSizes): Promise<Row[]> {
  const names = Array.from({ length: leavers }, (_, n) => `leaver${n}`);
  await world.join(names, 'teamleave');
  await world.until('the leavers have associations', () => countAssociations(world, 'teamleave') === leavers);
  const refused: number[] = [];
  const jobless: number[] = [];
  for (const [index, name] of names.entries()) {
    showProgress(`slurm: ${index} of ${leavers} revocations`);
    world.must(`uid=$(id -u ${name}); gid=$(id -g ${name}); ${SUBMIT} --wrap 'sleep 1000'
      ${SUBMIT} --begin now+1hour --wrap true`);
    const watched = world.start(`export LC_ALL=C; end=$(( $(date +%s) + ${PATIENCE_S} ))
      uid=$(id -u ${name}); gid=$(id -g ${name})
      while scontrol -o show assoc_mgr users=${name} flags=assoc | grep -F 'UserName=${name}(' | grep -qvF 'MaxSubmitJobs=0('; do
        [ $(date +%s) -lt $end ] || exit 1; sleep 0.02
      done
      refused=$(date +%s%N)
      ${SUBMIT} --test-only --wrap true >/dev/null 2>&1 && exit 1
      until [ -z "$(squeue -h -u ${name} -o %i 2>/dev/null)" ]; do [ $(date +%s) -lt $end ] || exit 1; sleep 0.02; done
      echo $((refused / 1000000)) $(( $(date +%s%N) / 1000000 ))`);
    const at = await world.deactivate(name);
    const [first = 0, last = 0] = (await watched).split(' ').map(Number);
    refused.push((first - at) / 1000);
    jobless.push((last - at) / 1000);
  }
  return [
    row('revoked-to-refused-s', 's', { measured: quantile(refused, 0.95), samples: refused, goal: 1.5 }),
    row('revoked-to-no-job-s', 's', {
      measured: quantile(jobless, 0.95),
      samples: jobless,
      goal: KILL_WAIT + 2,
    }),
  ];
}
