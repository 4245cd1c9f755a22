// Whether slurmdbd tells slurmctld what changes. It tells those that are registered, and a slurmctld whose connection has
// ended registers again when it next has something to send: on an idle cluster not for minutes, and what was changed
// meanwhile it never learns (24.11). A slurmdbd that starts asks each slurmctld of its database once to register and waits
// for no answer; if that comes late or is lost, the cluster stays listed as registered and is told nothing.
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentError } from '../common/errors.ts';
import { LIST_MS, runSlurm } from './run-slurm.ts';

const TRIES = 10;
const PAUSE_MS = 200;
/** sbatch repeats for two minutes where slurmctld is busy; the next round asks again, and meanwhile nothing waits. */
const WAKE_MS = 10_000;

export interface FoundCluster {
  readonly name: string;
  readonly isRegistered: boolean;
  /** Of all that slurmdbd has. */
  readonly isOnly: boolean;
  /** Whether slurmctld is of it; false: it did not answer. */
  readonly isHere: boolean;
}

type Run = (program: string, args: readonly string[]) => Promise<string>;

/**
 * A cluster in slurmdbd, with the slurmctld that the commands here ask about jobs and names.
 * @param cluster null: the only one, or of several that of slurmctld.
 * @param last what that was before, for while slurmctld does not answer; null: not known.
 * @throws AgentError slurm_failed, also where slurmctld is of another cluster; or slurm_unreachable
 */
export async function findCluster(
  cluster: string | null,
  last: string | null = null,
  run: Run = (program, args) => runSlurm(program, args, LIST_MS),
): Promise<FoundCluster> {
  const format = 'format=cluster,controlhost,controlport';
  const known = parseClusters(await run('sacctmgr', ['-nP', 'list', 'cluster', format]));
  const isOnly = known.length === 1;
  const own = isOnly ? (cluster ?? known[0]?.name ?? null) : await askName(run);
  const name = cluster ?? own ?? last;
  if (name === null)
    throw failure(`${known.length} clusters, and slurmctld does not say which is its own`, known);
  const found = known.find((one) => one.name === name);
  if (found === undefined) throw failure(`no cluster ${name}`, known);
  if (own !== null && own !== name)
    throw new AgentError('slurm_failed', `slurm.cluster is ${name}, and slurmctld here is of ${own}`, {
      hint: 'the worker manages the cluster of its slurm.conf: change that, or slurm.cluster',
    });
  return { ...found, isOnly, isHere: own === name };
}

function parseClusters(said: string): Pick<FoundCluster, 'name' | 'isRegistered'>[] {
  return said.split('\n').flatMap((line) => {
    const [name = '', host = '', port] = line.split('|');
    return port === undefined ? [] : [{ name, isRegistered: host !== '' && port !== '0' }];
  });
}

/** ClusterName of slurmctld; null: it does not answer. */
async function askName(run: Run): Promise<string | null> {
  const said = await run('scontrol', ['show', 'config']).catch(() => '');
  return /^ClusterName\s+= (\S+)$/m.exec(said)?.[1] ?? null;
}

function failure(what: string, known: readonly Pick<FoundCluster, 'name'>[]): AgentError {
  const names = known.map(({ name }) => name).join(', ');
  return new AgentError('slurm_failed', `slurmdbd has ${what}${names === '' ? '' : `: ${names}`}`, {
    hint: 'name one: slurm.cluster',
  });
}

/**
 * Gives slurmctld something to send: a job of the worker's own user, held and taken back.
 * @returns whether it is registered then; false also where no job is taken.
 */
export async function wakeController(cluster: string): Promise<boolean> {
  try {
    const held = ['--parsable', '--hold', '--chdir=/', '--output=/dev/null', '--job-name=sunk-agent'];
    await runSlurm('sbatch', [...held, '--wrap=true'], WAKE_MS);
    // With what earlier attempts left: a slurmctld that is killed may forget that it cancelled one.
    await runSlurm('scancel', ['--quiet', '--me', '--name=sunk-agent'], WAKE_MS);
  } catch {
    return false;
  }
  for (let tries = 0; tries < TRIES; tries += 1) {
    const { isRegistered } = await findCluster(cluster);
    if (isRegistered) return true;
    await sleep(PAUSE_MS);
  }
  return false;
}

/** By Slurm's id: whether no job can be submitted in it. */
export type KnownAssociations = ReadonlyMap<number, boolean>;

const LINE =
  /^ClusterName=\S+ Account=\S+ UserName=\S* Partition=\S* Priority=\d+ ID=(\d+) .* MaxSubmitJobs=(\d*)/gm;

/**
 * From `scontrol -o show assoc_mgr flags=assoc`: what slurmctld has, whatever slurmdbd says. Of an id that comes twice, one
 * line is of a name with newlines in it: then nothing counts as stopped that only one of them says.
 */
export function parseKnown(said: string): KnownAssociations {
  const known = new Map<number, boolean>();
  for (const [, id, most] of said.matchAll(LINE))
    known.set(Number(id), most === '0' && known.get(Number(id)) !== false);
  return known;
}
