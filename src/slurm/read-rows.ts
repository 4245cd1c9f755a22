// What Slurm has, from the parsable lists of sacctmgr(1) and squeue(1).
import { AgentError } from '../common/errors.ts';
import { compare } from '../common/text/compare.ts';
import { parseControllerUsers } from '../common/text/controller-users.ts';
import type {
  SlurmAccountRow,
  SlurmAssociationRow,
  SlurmRows,
  SlurmUserRow,
} from '../plan/slurm/slurm-rows.ts';
import { runSlurm } from './run-slurm.ts';

/** Columns of `list assoc` that are limits, and how sacctmgr spells them when they are set. */
const LIMIT_COLUMNS = [
  ['grpjobs', 'GrpJobs'],
  ['grpsubmitjobs', 'GrpSubmitJobs'],
  ['grptres', 'GrpTRES'],
  ['grptresmins', 'GrpTRESMins'],
  ['grpwall', 'GrpWall'],
  ['maxjobs', 'MaxJobs'],
  ['maxsubmitjobs', 'MaxSubmitJobs'],
  ['maxtres', 'MaxTRESPerJob'],
  ['maxtresmins', 'MaxTRESMinsPerJob'],
  ['maxwall', 'MaxWallDurationPerJob'],
] as const;
const COLUMNS = ['id', 'account', 'user', 'partition', 'parentname', 'share', 'qos', 'defaultqos'] as const;
const ASSOCIATION_FORMAT = [...COLUMNS, ...LIMIT_COLUMNS.map(([column]) => column)];

/** @param cluster null: the only one. @throws AgentError slurm_failed */
export async function readRows(cluster: string | null): Promise<SlurmRows & { readonly version: string }> {
  const found = await findCluster(cluster);
  const [associations, accounts, users, jobs, version] = await Promise.all([
    list('assoc', ASSOCIATION_FORMAT, [`cluster=${found}`]),
    list('account', ['account', 'organization']),
    readUsers(),
    // Without the controller nothing is said of jobs and uids; the rest is slurmdbd's.
    runSlurm('squeue', ['-h', '-a', '-o', '%u|%a|%t']).catch(() => null),
    runSlurm('sacctmgr', ['-V']),
  ]);
  return { ...parseRows(found, { associations, accounts, jobs, ...users }), version: version.trim() };
}

/** The controller answers 5,000 users in 0.05 s, slurmdbd, which looks for all that each has, in 0.8 s. */
async function readUsers(): Promise<Pick<Lists, 'users' | 'controller'>> {
  try {
    return { users: '', controller: await runSlurm('scontrol', ['-o', 'show', 'assoc_mgr', 'flags=users']) };
  } catch {
    return { users: await list('user', ['user', 'defaultaccount', 'adminlevel']), controller: null };
  }
}

async function findCluster(cluster: string | null): Promise<string> {
  if (cluster !== null) return cluster;
  const names = (await list('cluster', ['cluster'])).split('\n').filter((name) => name !== '');
  const [only] = names;
  if (only === undefined || names.length > 1)
    throw new AgentError('slurm_failed', `slurmdbd has ${names.length} clusters: ${names.join(', ')}`, {
      hint: 'name one: slurm.cluster',
    });
  return only;
}

async function list(what: string, format: readonly string[], more: readonly string[] = []): Promise<string> {
  return await runSlurm('sacctmgr', ['-nP', 'list', what, ...more, `format=${format.join()}`]);
}

export interface Lists {
  readonly associations: string;
  readonly accounts: string;
  /** By slurmdbd; read only where the controller did not answer. */
  readonly users: string;
  /** Users by the controller; null: it did not answer. */
  readonly controller: string | null;
  /** null: the controller did not answer. */
  readonly jobs: string | null;
}

/** Lines whose number of fields is another than asked for are of names with a `|`, and left out: sunk-agent makes none. */
export function parseRows(
  cluster: string,
  { associations, accounts, users, controller, jobs }: Lists,
): SlurmRows {
  const organizations = new Map(
    split(accounts, 2).map(([name = '', organization = '']) => [name, organization]),
  );
  const rows = split(associations, ASSOCIATION_FORMAT.length);
  const known = controller === null ? null : parseControllerUsers(controller);
  return {
    cluster,
    accounts: rows.flatMap((fields) => parseAccount(fields, organizations)),
    users:
      known?.map(({ name, defaultAccount, adminLevel }) => ({ name, defaultAccount, adminLevel })) ??
      split(users, 3).map(toUser),
    associations: rows.flatMap(parseAssociation),
    // Whose jobs are not known, of them nothing is taken away.
    uids: jobs === null ? null : (known?.map(({ name, uid }) => ({ name, uid })) ?? null),
    jobs: parseJobs(jobs ?? ''),
  };
}

/** Once for a user's pending and once for the other jobs in an account. */
function parseJobs(text: string): SlurmRows['jobs'][number][] {
  const found = new Map<string, SlurmRows['jobs'][number]>();
  for (const [user = '', account = '', state] of split(text, 3)) {
    const isPending = state === 'PD';
    found.set(`${user}|${account}|${isPending}`, { user, account, isPending });
  }
  return [...found.values()];
}

function toUser([name = '', defaultAccount = '', adminLevel = '']: readonly string[]): SlurmUserRow {
  return { name, defaultAccount, adminLevel };
}

function split(text: string, count: number): string[][] {
  return text
    .split('\n')
    .map((line) => line.split('|'))
    .filter((fields) => fields.length === count);
}

function parseAccount(
  fields: readonly string[],
  organizations: ReadonlyMap<string, string>,
): SlurmAccountRow[] {
  const [, name = '', user = '', partition = '', parent = '', share = '', qos = '', defaultQos = ''] = fields;
  if (user !== '' || partition !== '') return [];
  const limits = LIMIT_COLUMNS.flatMap(([, limit], index): [string, string][] => {
    const value = fields[COLUMNS.length + index] ?? '';
    return value === '' ? [] : [[limit, value]];
  });
  return [
    {
      name,
      organization: organizations.get(name) ?? '',
      parent,
      qos: qos === '' ? [] : qos.split(',').sort(compare),
      defaultQos,
      fairshare: /^\d+$/.test(share) ? Number(share) : null,
      limits: Object.fromEntries(limits),
    },
  ];
}

const STOPPED = COLUMNS.length + LIMIT_COLUMNS.findIndex(([column]) => column === 'maxsubmitjobs');

function parseAssociation(fields: readonly string[]): SlurmAssociationRow[] {
  const [id = '', account = '', user = '', partition = ''] = fields;
  if (user === '' || !/^\d+$/.test(id)) return [];
  return [{ id: Number(id), account, user, partition, isStopped: fields[STOPPED] === '0' }];
}
