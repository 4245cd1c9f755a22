// Limits that let no job start, or none be submitted: those of a user, of the accounts above, and of a QOS.

export interface ExhaustedLimit {
  /** Of the user's association, of an account above it, or of the QOS. */
  readonly of: 'user' | 'account' | 'qos';
  /** The account, for a user that of the association; or the QOS. */
  readonly name: string;
  /** As sacctmgr takes it to set it: `GrpTRES=cpu`, say, or `MaxJobs`. */
  readonly limit: string;
  readonly value: string;
  /** null: the limit is 0, whatever is in use. */
  readonly used: string | null;
}

/** How slurmctld spells a limit, and how sacctmgr takes it. */
const OF_ACCOUNTS = [
  ['GrpJobs', 'GrpJobs'],
  ['GrpSubmitJobs', 'GrpSubmitJobs'],
  ['GrpWall', 'GrpWall'],
  ['GrpTRES', 'GrpTRES'],
  ['GrpTRESMins', 'GrpTRESMins'],
] as const;
/** What an account has of these, its users inherit: slurmctld shows them at each user. */
const OF_USERS = [
  ...OF_ACCOUNTS,
  ['MaxJobs', 'MaxJobs'],
  ['MaxSubmitJobs', 'MaxSubmitJobs'],
  ['MaxWallPJ', 'MaxWall'],
  ['MaxTRESPJ', 'MaxTRES'],
  ['MaxTRESMinsPJ', 'MaxTRESMins'],
] as const;
/** What is used up stays used up, or refuses at once; the others only make a job wait for another one. */
const USED_UP: ReadonlySet<string> = new Set(['GrpSubmitJobs', 'MaxSubmitJobs', 'GrpWall', 'GrpTRESMins']);
/** Every job has some of these. */
const OF_EVERY_JOB: ReadonlySet<string> = new Set(['', 'cpu', 'node', 'mem', 'billing']);

/**
 * From `scontrol -o show assoc_mgr flags=assoc`: those of the user in the account, then those of the accounts above.
 */
export function findExhausted(said: string, user: string, account: string): ExhaustedLimit[] {
  const records = said.split('\n').filter((line) => line.startsWith('ClusterName='));
  const found: ExhaustedLimit[] = [];
  const own = records.find(
    (line) =>
      valueOf(line, 'Account') === account &&
      valueOf(line, 'UserName').startsWith(`${user}(`) &&
      valueOf(line, 'Partition') === '',
  );
  if (own !== undefined) found.push(...readLimits(own, OF_USERS, 'user', account));
  const seen = new Set<string>();
  for (let name = account; name !== '' && !seen.has(name);) {
    seen.add(name);
    const above: string = name;
    const record = records.find(
      (line) => valueOf(line, 'Account') === above && valueOf(line, 'UserName') === '',
    );
    if (record === undefined) break;
    found.push(...readLimits(record, OF_ACCOUNTS, 'account', above));
    name = valueOf(record, 'ParentAccount').replace(/\(\d+\)$/, '');
  }
  return found;
}

function valueOf(line: string, key: string): string {
  return new RegExp(` ${key}=(\\S*)`).exec(line)?.[1] ?? '';
}

function readLimits(
  line: string,
  limits: readonly (readonly [shown: string, set: string])[],
  of: ExhaustedLimit['of'],
  name: string,
): ExhaustedLimit[] {
  return limits.flatMap(([shown, set]) =>
    valueOf(line, shown)
      .split(',')
      .flatMap((part) => judgePart(part, shown, set).map((one) => ({ of, name, ...one }))),
  );
}

/** `3(1)`, `N(0)`, `cpu=0(0)` or `0`: a limit and what is in use. */
function judgePart(
  part: string,
  shown: string,
  set: string,
): Pick<ExhaustedLimit, 'limit' | 'value' | 'used'>[] {
  const [, resource = '', value = '', used = ''] =
    /^(?:([^=]+)=)?([\d.]+)(?:\(([\d.]+)\))?$/.exec(part) ?? [];
  if (value === '' || !OF_EVERY_JOB.has(resource)) return [];
  const limit = resource === '' ? set : `${set}=${resource}`;
  if (Number(value) === 0) return [{ limit, value, used: null }];
  const isOver = USED_UP.has(shown) && used !== '' && Number(used) >= Number(value);
  return isOver ? [{ limit, value, used }] : [];
}

/** Columns of `sacctmgr show qos`, and how sacctmgr takes them. */
export const QOS_LIMITS = [
  ['grpjobs', 'GrpJobs'],
  ['grpsubmit', 'GrpSubmitJobs'],
  ['grptres', 'GrpTRES'],
  ['grptresmins', 'GrpTRESMins'],
  ['grpwall', 'GrpWall'],
  ['maxjobspu', 'MaxJobsPerUser'],
  ['maxsubmitpu', 'MaxSubmitJobsPerUser'],
  ['maxjobspa', 'MaxJobsPerAccount'],
  ['maxsubmitpa', 'MaxSubmitJobsPerAccount'],
  ['maxwall', 'MaxWall'],
  ['maxtres', 'MaxTRES'],
] as const;

/** From `sacctmgr -nP show qos`, the name first, then QOS_LIMITS: what is 0. */
export function findExhaustedQos(said: string, qos: string): ExhaustedLimit[] {
  const fields = said
    .split('\n')
    .map((line) => line.split('|'))
    .find(([name, ...rest]) => name === qos && rest.length === QOS_LIMITS.length);
  if (fields === undefined) return [];
  return QOS_LIMITS.flatMap(([, set], index) =>
    (fields[index + 1] ?? '').split(',').flatMap((part) =>
      judgePart(part.replace(/^(?:0+:)+0+$/, '0'), set, set).map((one) => ({
        of: 'qos' as const,
        name: qos,
        ...one,
      })),
    ),
  );
}
