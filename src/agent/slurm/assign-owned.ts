// Rows of the ledger from a build that recorded no cluster: to which one they belong.
import { compare } from '../../common/text/compare.ts';
import type { SlurmOwned } from '../../plan/slurm/slurm-rows.ts';
import type { DaemonContext } from '../daemon/open-context.ts';
import { readSlurmStatus, type SlurmStatus } from './slurm-status.ts';

/**
 * Decides once, with the first rows that this build reads: they belong to that cluster if the last round of the build
 * before read it too. Else slurm.cluster or slurmdbd may be another one since, and they wait for `import --slurm`: until
 * then what is of these names counts as foreign.
 * @returns whether there was something to decide.
 */
export function assignOwned(
  { state, paths }: Pick<DaemonContext, 'state' | 'paths'>,
  cluster: string,
): boolean {
  if (!state.slurmUnassigned().isUndecided) return false;
  const last = readSlurmStatus(paths);
  state.assignSlurm(last !== null && isEvidence(last) && last.cluster === cluster ? cluster : null);
  return true;
}

/** A round that knew of such rows, or of other clusters, was this build's: its decision is lost with a copy of the database. */
function isEvidence({ at, unassigned, elsewhere }: SlurmStatus): boolean {
  return at !== null && unassigned.length === 0 && elsewhere.length === 0;
}

/** How many names are managed in each other cluster, which no round reads; sorted. */
export function countElsewhere(
  owned: readonly SlurmOwned[],
  here: string,
): readonly { readonly cluster: string; readonly names: number }[] {
  const others = Map.groupBy(
    owned.filter(({ cluster }) => cluster !== here),
    ({ cluster }) => cluster,
  );
  return [...others]
    .map(([cluster, rows]) => ({ cluster, names: rows.length }))
    .sort((a, b) => compare(a.cluster, b.cluster));
}
