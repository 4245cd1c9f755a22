// What Slurm cannot have, whatever a worker says: it could make the plan take minutes, or fill the history. Pure.
import type { SlurmRows } from '../../plan/slurm/slurm-rows.ts';

/** Parents above parents; sites have a handful. */
const MOST_DEPTH = 100;

/** @param cluster that was asked for; null: the only one. @returns what is wrong; null: nothing is. */
export function findImpossible(rows: SlurmRows, cluster: string | null): string | null {
  const { accounts, associations, jobs } = rows;
  if (cluster !== null && rows.cluster !== cluster)
    return `rows of ${rows.cluster}, and ${cluster} was asked for`;
  if (hasTwice(accounts.map(({ name }) => name))) return 'an account twice';
  if (hasTwice(associations.map(({ id }) => id))) return 'an association twice';
  if (
    hasTwice(associations.map(({ account, user, partition }) => JSON.stringify([account, user, partition])))
  )
    return 'two associations of one user, account and partition';
  if (hasTwice(jobs.map(({ user, account, isPending }) => JSON.stringify([user, account, isPending]))))
    return 'jobs of one user and account twice';
  if (associations.some(({ id }) => id < 1)) return 'an association with the id 0 or less';
  if (rows.uids?.some(({ uid }) => uid !== null && (uid < 0 || uid > MOST_UID)) === true)
    return 'a uid that no system has';
  return isDeeper(accounts) ? `accounts more than ${MOST_DEPTH} deep` : null;
}

const MOST_UID = 0xff_ff_ff_ff;

function hasTwice(keys: readonly (string | number)[]): boolean {
  return new Set(keys).size < keys.length;
}

function isDeeper(accounts: SlurmRows['accounts']): boolean {
  const parents = new Map(accounts.map(({ name, parent }) => [name, parent]));
  const known = new Map<string, number>([['', 0]]);
  for (const { name } of accounts) {
    const path: string[] = [];
    let at: string = name;
    // What ends nowhere, or in a circle, is no deeper than what was walked.
    while (!known.has(at) && path.length <= MOST_DEPTH) {
      path.push(at);
      at = parents.get(at) ?? '';
    }
    let depth = known.get(at) ?? MOST_DEPTH;
    for (const one of path.toReversed()) known.set(one, (depth += 1));
    if (depth > MOST_DEPTH) return true;
  }
  return false;
}
