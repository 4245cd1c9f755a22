// What Slurm has, from the parsable lists of sacctmgr(1) and squeue(1).
import { AgentError } from '../common/errors.ts';
import { compare } from '../common/text/compare.ts';
import type { ControllerUser } from '../common/text/controller-users.ts';
import type {
  SlurmAccountRow,
  SlurmAssociationRow,
  SlurmRows,
  SlurmUserRow,
} from '../plan/slurm/slurm-rows.ts';
import { listControllerUsers, PLAIN_NAME } from './list-users.ts';
import { askDefaults, listAssociations } from './list-associations.ts';
import { listJobs } from './list-jobs.ts';
import { parseJobs } from './parse-jobs.ts';
import { findCluster, type KnownAssociations, parseKnown, wakeController } from './registration.ts';
import { LIST_MS, MOST_NAMES, runSlurm } from './run-slurm.ts';

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
const COLUMNS = [
  'cluster',
  'id',
  'account',
  'user',
  'partition',
  'parentname',
  'share',
  'qos',
  'defaultqos',
] as const;
const ASSOCIATION_FORMAT = [...COLUMNS, ...LIMIT_COLUMNS.map(([column]) => column)];

const DEFAULT_FORMAT = ['cluster', 'id', 'user', 'account'] as const;

/** Where the agent names none: the cluster that was read last. */
let lastCluster: string | null = null;
/** Whether the next read asks slurmdbd too. */
let areDefaultsDoubted = false;

/**
 * To be called where slurmdbd refuses what is right by the default accounts of slurmctld: that one may have missed a change,
 * as of a slurmdbd that was killed before it told it.
 */
export function doubtDefaults(): void {
  areDefaultsDoubted = true;
}

/** @param cluster null: see `findCluster`. @throws AgentError slurm_failed, or slurm_unreachable */
export async function readRows(cluster: string | null): Promise<SlurmRows & { readonly version: string }> {
  try {
    const rows = await readCluster(cluster, cluster ?? lastCluster);
    lastCluster = rows.cluster;
    return rows;
  } catch (error) {
    // It may be there no more.
    if (error instanceof AgentError && error.code === 'slurm_failed') lastCluster = null;
    throw error;
  }
}

/** @param likely which it will be; null: not known. */
async function readCluster(
  cluster: string | null,
  likely: string | null,
): Promise<SlurmRows & { readonly version: string }> {
  // At once, the longest first.
  const [early, found] = await Promise.all([readLists(likely), findCluster(cluster, likely)]);
  const { name, isRegistered, isOnly, isHere } = found;
  if (isRegistered) {
    // Lists of several clusters have ids twice.
    const isOfIt = likely === name || (likely === null && isOnly);
    const { version, ...lists } = isOfIt ? early : await readLists(name);
    const rows = { ...parseRows(name, isHere ? lists : { ...lists, jobs: null }), version };
    if (!isUntold(rows, lists) && (await areStopsKnown(rows))) return rows;
  }
  const isTold = await wakeController(name);
  const [{ version, ...lists }, known] = await Promise.all([
    readLists(name),
    show('assoc').catch(() => null),
  ]);
  const jobs = isTold ? lists.jobs : null;
  return { ...parseRows(name, { ...lists, jobs }, known === null ? null : parseKnown(known)), version };
}

async function readLists(cluster: string | null): Promise<Lists & { readonly version: string }> {
  const [associations, defaults, users, jobs, version] = await Promise.all([
    // As they are set: else each row would show what it has of its parents.
    listAssociations(ASSOCIATION_FORMAT, cluster),
    areDefaultsDoubted ? listAssociations(DEFAULT_FORMAT, cluster, askDefaults) : [],
    readUsers(),
    // Without the controller nothing is said of jobs and uids; the rest is slurmdbd's.
    listJobs().catch(() => null),
    readVersion(),
  ]);
  areDefaultsDoubted = false;
  return { associations, defaults, jobs, ...users, version: version.trim() };
}

/** Whether slurmctld has each stop of slurmdbd: in an association that ends only with its jobs, one that it missed would last. */
async function areStopsKnown({ associations, uids }: SlurmRows): Promise<boolean> {
  const stopped = associations.filter(({ isStopped }) => isStopped);
  if (stopped.length === 0 || uids === null) return true;
  const names = [...new Set(stopped.map(({ user }) => user))].filter((name) => PLAIN_NAME.test(name));
  const known = parseKnown(await show('assoc', names.length > MOST_NAMES ? [] : names));
  return stopped.every(({ id }) => known.get(id) !== false);
}

/** Of the commands: a worker that runs on after an upgrade of Slurm says the one before. */
let lastVersion: string | null = null;

async function readVersion(): Promise<string> {
  lastVersion ??= await runSlurm('sacctmgr', ['-V'], LIST_MS);
  return lastVersion;
}

async function show(flags: string, users: readonly string[] = []): Promise<string> {
  const of = users.length === 0 ? [] : [`users=${users.join()}`];
  return await runSlurm('scontrol', ['-o', 'show', 'assoc_mgr', ...of, `flags=${flags}`], LIST_MS);
}

/** The controller answers 5,000 users in 0.05 s, slurmdbd, which looks for all that each has, in 0.8 s. */
async function readUsers(): Promise<Pick<Lists, 'users' | 'controller'>> {
  try {
    return { users: '', controller: await listControllerUsers((users) => show('users', users)) };
  } catch {
    return { users: await list('user', ['user', 'defaultaccount']), controller: null };
  }
}

async function list(what: string, format: readonly string[]): Promise<string> {
  return await runSlurm('sacctmgr', ['-nP', 'list', what, `format=${format.join()}`], LIST_MS);
}

export interface Lists {
  /** Fields as `ASSOCIATION_FORMAT` says. */
  readonly associations: readonly (readonly string[])[];
  /** Fields as `DEFAULT_FORMAT` says; empty unless they are doubted. */
  readonly defaults: readonly (readonly string[])[];
  /** By slurmdbd; read only where the controller did not answer. */
  readonly users: string;
  /** Users by the controller; null: it did not answer. */
  readonly controller: readonly ControllerUser[] | null;
  /** null: the controller did not answer. */
  readonly jobs: string | null;
}

/**
 * Lines whose number of fields is another than asked for are of names with a `|`, and left out: sunk-agent makes none.
 * @param has what the controller has of the associations, where changes may not have reached it; null: all of them.
 */
export function parseRows(
  cluster: string,
  { associations, defaults, users, controller: known, jobs }: Lists,
  has: KnownAssociations | null = null,
): SlurmRows {
  const rows = associations.filter((row) => row.length === ASSOCIATION_FORMAT.length && row[0] === cluster);
  // Slurm has none twice: what comes second is of a name that reads like a row.
  const listed = keepFirst(rows.flatMap(parseAssociation), ({ id }) => String(id));
  const found = keepFirst(listed, ({ account, user, partition }) => `${account}|${user}|${partition}`);
  const inSlurmdbd = new Map(
    defaults.flatMap(([of, , user = '', account = '']) => (of === cluster ? [[user, account]] : [])),
  );
  return {
    cluster,
    accounts: keepFirst(rows.flatMap(parseAccount), ({ name }) => name),
    users:
      known?.map(({ name, defaultAccount }) => ({
        name,
        defaultAccount: inSlurmdbd.get(name) ?? defaultAccount,
      })) ?? split(users, 2).map(toUser),
    // A stop that the controller does not know does not hold, and neither does its end.
    associations:
      has === null ? found : found.map((row) => ({ ...row, isStopped: has.get(row.id) ?? row.isStopped })),
    // Whose jobs are not known, of them nothing is taken away.
    uids: jobs === null || known === null ? null : listUids(known, found, has),
    jobs: groupJobs(parseJobs(jobs ?? '', known ?? [])),
  };
}

/** An association that the controller has not is as unusable as one of a name that it could not resolve. */
function listUids(
  known: readonly ControllerUser[],
  associations: readonly SlurmAssociationRow[],
  has: KnownAssociations | null,
): { readonly name: string; readonly uid: number | null }[] {
  const uids = new Map(known.map(({ name, uid }) => [name, uid]));
  const lost = new Set(
    associations.filter(({ id, user }) => !uids.has(user) || has?.has(id) === false).map(({ user }) => user),
  );
  // One that knows fewer than it lacks has just started, or keeps none: nothing follows from that.
  if (lost.size <= known.length) for (const user of lost) uids.set(user, null);
  return [...uids].map(([name, uid]) => ({ name, uid }));
}

/** Whether slurmctld does not know users who were added, although slurmdbd lists it as registered. */
function isUntold({ uids }: SlurmRows, { controller }: Lists): boolean {
  const known = new Set(controller?.map(({ name }) => name));
  return uids?.some(({ name }) => !known.has(name)) === true;
}

function keepFirst<T>(rows: readonly T[], keyOf: (row: T) => string): T[] {
  const seen = new Set<string>();
  return rows.filter((row) => {
    const key = keyOf(row);
    return !seen.has(key) && seen.add(key);
  });
}

/** Once for a user's pending and once for the other jobs in an account. */
function groupJobs(jobs: readonly SlurmRows['jobs'][number][]): SlurmRows['jobs'][number][] {
  const found = new Map<string, SlurmRows['jobs'][number]>();
  for (const { user, account, isPending } of jobs)
    found.set(`${user}|${account}|${isPending}`, { user, account, isPending });
  return [...found.values()];
}

function toUser([name = '', defaultAccount = '']: readonly string[]): SlurmUserRow {
  return { name, defaultAccount };
}

function split(text: string, count: number): string[][] {
  return text
    .split('\n')
    .map((line) => line.split('|'))
    .filter((fields) => fields.length === count);
}

function parseAccount(fields: readonly string[]): SlurmAccountRow[] {
  const [, , name = '', user = '', partition = '', parent = '', share = '', qos = '', defaultQos = ''] =
    fields;
  if (user !== '' || partition !== '') return [];
  const limits = LIMIT_COLUMNS.flatMap(([, limit], index): [string, string][] => {
    const value = fields[COLUMNS.length + index] ?? '';
    return value === '' ? [] : [[limit, value]];
  });
  return [
    {
      name,
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
  const [, id = '', account = '', user = '', partition = ''] = fields;
  if (user === '' || !/^[1-9]\d{0,9}$/.test(id)) return [];
  return [{ id: Number(id), account, user, partition, isStopped: fields[STOPPED] === '0' }];
}
