// Asks Slurm itself about one user: associations, the controller's uid, and a submission that is tried and not queued.
import { parseControllerUsers } from '../../common/text/controller-users.ts';
import { runProgram } from '../probes/run-program.ts';

/** What Slurm says of a user; each part by itself, since slurmdbd and slurmctld fail singly. */
export interface SubmitAnswer {
  /** By slurmdbd. `fault`: why it gave no answer. */
  readonly associations: { readonly rows: readonly SubmitAssociation[] } | { readonly fault: string };
  /** The uid that slurmctld has for the name; null: it cannot resolve it, or knows no such user. */
  readonly uid: { readonly value: number | null } | { readonly fault: string };
  /** The partition of a job that names none, by slurmctld; null: there is none, or it gave no answer. */
  readonly partition: SubmitPartition | null;
  /** Groups of the user on this node. */
  readonly groups: readonly string[];
  /** `sbatch --test-only` as that user: what it said, and whether a job would be taken. */
  readonly trial: { readonly isTaken: boolean; readonly said: string };
}

/** `sbatch --test-only` asks neither of the two lists. null: everyone. */
export interface SubmitPartition {
  readonly name: string;
  readonly accounts: readonly string[] | null;
  readonly groups: readonly string[] | null;
}

export interface SubmitAssociation {
  readonly account: string;
  /** Empty: of all partitions. */
  readonly partition: string;
  /** No job can be submitted (MaxSubmitJobs=0). */
  readonly isStopped: boolean;
  readonly isDefault: boolean;
}

const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin', LC_ALL: 'C' };
/** sbatch itself tries for longer while no controller answers. */
const TIMEOUT_MS = 15_000;

/** As root: only root becomes the user. @param name of the account on this node, and in Slurm. */
export async function askSubmit(name: string, ids: { uid: number; gid: number }): Promise<SubmitAnswer> {
  const run = (program: string, args: readonly string[], user?: { uid: number; gid: number }) =>
    runProgram(program, args, {
      timeout: TIMEOUT_MS,
      environment: ENVIRONMENT,
      ...(user === undefined ? {} : { user }),
    });
  const format = 'format=account,partition,maxsubmitjobs,defaultaccount';
  const [listed, managed, shown, member, trial] = await Promise.all([
    run('sacctmgr', ['-nP', 'list', 'user', `name=${name}`, 'withassoc', format]),
    run('scontrol', ['-o', 'show', 'assoc_mgr', `users=${name}`, 'flags=users']),
    run('scontrol', ['-o', 'show', 'partition']),
    run('id', ['-Gn', name]),
    run('sbatch', ['--test-only', '--chdir=/', '--wrap', 'true'], ids),
  ]);
  return {
    associations:
      listed.status === 0
        ? { rows: parseAssociations(listed.stdout) }
        : { fault: pickWords(listed.stderr, 'sacctmgr') },
    uid:
      managed.status === 0
        ? { value: parseControllerUsers(managed.stdout).find((one) => one.name === name)?.uid ?? null }
        : { fault: pickWords(managed.stderr, 'scontrol') },
    partition: parsePartition(shown.stdout),
    groups: member.stdout.trim().split(' '),
    trial: {
      isTaken: trial.status === 0,
      said: pickWords(`${trial.stdout}\n${trial.stderr}`, 'sbatch'),
    },
  };
}

/** `ACCOUNT|PARTITION|MAXSUBMIT|DEFAULT` lines; a line of another shape has a name with a `|`, which sunk-agent never makes. */
export function parseAssociations(text: string): SubmitAssociation[] {
  return text.split('\n').flatMap((line) => {
    const [account = '', partition = '', most = '', standard = '', ...more] = line.split('|');
    if (account === '' || more.length > 0) return [];
    return [{ account, partition, isStopped: most === '0', isDefault: account === standard }];
  });
}

/** The default one of `scontrol -o show partition`. */
export function parsePartition(text: string): SubmitPartition | null {
  const line = text.split('\n').find((one) => / Default=YES /.test(one));
  if (line === undefined) return null;
  const list = (key: string): string[] | null => {
    const value = new RegExp(` ${key}=(\\S+)`).exec(line)?.[1] ?? 'ALL';
    return value === 'ALL' ? null : value.split(',');
  };
  const name = /^PartitionName=(\S+)/.exec(line)?.[1] ?? '';
  return { name, accounts: list('AllowAccounts'), groups: list('AllowGroups') };
}

/** The last line that says something, without the program's own name before it. */
function pickWords(text: string, program: string): string {
  const lines = text
    .split('\n')
    .map((line) => line.replace(/^(?:sbatch|sacctmgr|scontrol|allocation failure): */, '').trim())
    .filter((line) => line !== '' && !/attempt number -?\d+$/.test(line));
  // The last line says what follows from that.
  const cause = lines.find((line) => /munge/i.test(line)) ?? lines.at(-1);
  const said = cause?.replace(/^(?:error|allocation failure): */, '') ?? '';
  return said === '' ? `${program} said nothing` : said.slice(0, 300);
}
