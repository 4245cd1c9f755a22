// Asks Slurm itself about one user: associations, the controller's uid, and a submission that is tried and not queued.
import { hostname } from 'node:os';
import { compare } from '../../common/text/compare.ts';
import { parseControllerUsers } from '../../common/text/controller-users.ts';
import { runProgram } from '../probes/run-program.ts';
import { type ExhaustedLimit, findExhausted, findExhaustedQos, QOS_LIMITS } from './parse-limits.ts';
import {
  parseNodes,
  parseReservations,
  type SubmitNode,
  type SubmitReservation,
  toSeconds,
} from './parse-nodes.ts';
import { parsePartitions, type SubmitPartition } from './parse-partitions.ts';

/** What Slurm says of a user; each part by itself, since slurmdbd and slurmctld fail singly. */
export interface SubmitAnswer {
  /** By slurmdbd. `fault`: why it gave no answer. */
  readonly associations:
    | {
        readonly rows: readonly SubmitAssociation[];
        /** Other clusters of this slurmdbd in which the user has an association. */
        readonly elsewhere: readonly string[];
      }
    | { readonly fault: string };
  /** The uid that slurmctld has for the name; null: it cannot resolve it, or knows no such user. */
  readonly uid: { readonly value: number | null } | { readonly fault: string };
  /** Of the account on this node. */
  readonly ownUid: number;
  /** By slurmctld; null: it gave no answer. */
  readonly partitions: readonly SubmitPartition[] | null;
  /** Of the default partition. */
  readonly nodes: readonly SubmitNode[];
  readonly reservations: readonly SubmitReservation[];
  /** What slurmctld asks about each job (JobSubmitPlugins). */
  readonly plugins: readonly string[];
  /** Of the default account and the QOS that its jobs get, those that let no job through. */
  readonly limits: readonly ExhaustedLimit[];
  /** Groups of the user on this node. */
  readonly groups: readonly string[];
  /** Short name of this host. */
  readonly host: string;
  /** `sbatch --test-only` as that user: what it said, and whether a job would be taken. */
  readonly trial: {
    readonly isTaken: boolean;
    readonly said: string;
    /** When the job would start, epoch seconds; null: it was not taken. */
    readonly start: number | null;
  };
}

export interface SubmitAssociation {
  readonly account: string;
  /** Empty: of all partitions. */
  readonly partition: string;
  /** No job can be submitted (MaxSubmitJobs is 0). */
  readonly isStopped: boolean;
  readonly isDefault: boolean;
  readonly qos: readonly string[];
  /** Of a job that names none. */
  readonly defaultQos: string;
}

const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin', LC_ALL: 'C' };
/** sbatch itself tries for longer while no controller answers. */
const TIMEOUT_MS = 15_000;
const ASSOCIATION_FORMAT = 'format=cluster,account,partition,maxsubmitjobs,defaultaccount,qos,defaultqos';

function run(program: string, args: readonly string[], user?: { uid: number; gid: number }) {
  return runProgram(program, args, {
    timeout: TIMEOUT_MS,
    environment: ENVIRONMENT,
    ...(user === undefined ? {} : { user }),
  });
}

/** As root: only root becomes the user. @param name of the account on this node, and in Slurm. */
export async function askSubmit(name: string, ids: { uid: number; gid: number }): Promise<SubmitAnswer> {
  const [listed, managed, shown, member, qos, trial, config, reserved] = await Promise.all([
    run('sacctmgr', ['-nP', 'list', 'user', `name=${name}`, 'withassoc', ASSOCIATION_FORMAT]),
    run('scontrol', ['-o', 'show', 'assoc_mgr', `users=${name}`, 'flags=users,assoc']),
    run('scontrol', ['-o', 'show', 'partition']),
    run('id', ['-Gn', name]),
    run('sacctmgr', ['-nP', 'show', 'qos', `format=name,${QOS_LIMITS.map(([column]) => column).join()}`]),
    run('sbatch', ['--test-only', '--chdir=/', '--wrap', 'true'], ids),
    run('scontrol', ['show', 'config']),
    run('scontrol', ['-o', 'show', 'reservation']),
  ]);
  const associations =
    listed.status === 0
      ? splitClusters(parseAssociations(listed.stdout), readSetting(config.stdout, 'ClusterName'))
      : { fault: pickWords(listed.stderr, 'sacctmgr') };
  const partitions = shown.status === 0 ? parsePartitions(shown.stdout) : null;
  const said = `${trial.stdout}\n${trial.stderr}`;
  const start = /^sbatch: Job \d+ to start at (\S+) /m.exec(said)?.[1];
  return {
    associations,
    uid:
      managed.status === 0
        ? { value: parseControllerUsers(managed.stdout).find((one) => one.name === name)?.uid ?? null }
        : { fault: pickWords(managed.stderr, 'scontrol') },
    ownUid: ids.uid,
    partitions,
    nodes: await askNodes(partitions),
    reservations: parseReservations(reserved.stdout),
    plugins: readSetting(config.stdout, 'JobSubmitPlugins').split(',').filter(Boolean),
    limits: 'rows' in associations ? findLimits(associations.rows, name, managed.stdout, qos.stdout) : [],
    groups: member.stdout.trim().split(' '),
    host: hostname().split('.')[0] ?? '',
    trial: {
      isTaken: trial.status === 0,
      said: pickWords(said, 'sbatch'),
      start: start === undefined || trial.status !== 0 ? null : toSeconds(start),
    },
  };
}

async function askNodes(partitions: SubmitAnswer['partitions']): Promise<SubmitNode[]> {
  const partition = partitions?.find(({ isDefault }) => isDefault);
  if (partition === undefined) return [];
  const { stdout } = await run('sinfo', ['-h', '-N', '-p', partition.name, '-o', '%N|%T|%E']);
  return parseNodes(stdout);
}

/** From `scontrol show config`; empty: not set, or not known. */
function readSetting(said: string, key: string): string {
  const value = new RegExp(`^${key}\\s+= (.*)$`, 'm').exec(said)?.[1]?.trim() ?? '';
  return value === '(null)' ? '' : value;
}

/** @param own the cluster of slurmctld; empty: it gave no answer, and every association may be of it. */
export function splitClusters(
  found: readonly (SubmitAssociation & { readonly cluster: string })[],
  own: string,
): Extract<SubmitAnswer['associations'], { rows: unknown }> {
  const isOwn = ({ cluster }: { readonly cluster: string }): boolean => own === '' || cluster === own;
  const others = found.filter((one) => !isOwn(one)).map(({ cluster }) => cluster);
  return {
    rows: found.filter(isOwn).map(({ cluster: _cluster, ...row }) => row),
    elsewhere: [...new Set(others)].sort(compare),
  };
}

function findLimits(
  rows: readonly SubmitAssociation[],
  name: string,
  managed: string,
  qos: string,
): ExhaustedLimit[] {
  const standard = rows.find(({ isDefault }) => isDefault);
  if (standard === undefined) return [];
  return [...findExhausted(managed, name, standard.account), ...findExhaustedQos(qos, standard.defaultQos)];
}

/**
 * `CLUSTER|ACCOUNT|PARTITION|MAXSUBMIT|DEFAULT|QOS|DEFAULTQOS` lines; a line of another shape has a name with a `|`,
 * which sunk-agent never makes.
 */
export function parseAssociations(text: string): (SubmitAssociation & { readonly cluster: string })[] {
  return text.split('\n').flatMap((line) => {
    const [
      cluster = '',
      account = '',
      partition = '',
      most = '',
      standard = '',
      listed = '',
      named,
      ...more
    ] = line.split('|');
    if (account === '' || named === undefined || more.length > 0) return [];
    const qos = listed.split(',').filter(Boolean);
    return [
      {
        cluster,
        account,
        partition,
        isStopped: most === '0',
        isDefault: account === standard,
        qos,
        // slurmctld takes the only one, else Slurm's own.
        defaultQos: named !== '' ? named : qos.length === 1 ? (qos[0] ?? '') : 'normal',
      },
    ];
  });
}

/** What is rather the cause than another line, first of all. */
const CAUSES = [/Munge \w+ failed/, /munge|name resolution/i, /unable to read|Parsing error/i];

/** The line that says the cause, without the program's own name before it; Slurm's reason, if it is one word, before it. */
export function pickWords(text: string, program: string): string {
  const lines = text
    .split('\n')
    .map((line) =>
      line
        .replace(/^(?:sbatch|sacctmgr|scontrol|allocation failure): */, '')
        .replace(/(?:: [A-Za-z ]+)?, attempt number -?\d+$/, '')
        .trim(),
    )
    .filter((line) => line !== '');
  // The last line says what follows from that.
  const cause = CAUSES.map((one) => lines.find((line) => one.test(line))).find(Boolean) ?? lines.at(-1);
  const reason = lines
    .map((line) => line.replace(/^error: */, ''))
    .find((line) => /^[A-Z]\w+Limit$/.test(line));
  const said = cause?.replace(/^(?:error|fatal|allocation failure): */, '') ?? '';
  if (said === '') return `${program} said nothing`;
  const before = lines.at(-2)?.replace(/^error: */, '') ?? '';
  // The words of a plugin of slurmctld.
  if (/^(?:Batch job submission failed: )?Unspecified error$/.test(said) && before !== '')
    return before.slice(0, 300);
  return (reason === undefined || reason === said ? said : `${reason}: ${said}`).slice(0, 300);
}
