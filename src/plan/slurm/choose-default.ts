// Which of a person's accounts is the default one, and why; pure.
import type { DesiredSlurmPerson } from '../../policy/slurm/desired-slurm.ts';
import type { SlurmAssociationRow, SlurmUserRow } from './slurm-rows.ts';

/** A rule's, else the oldest of those that stay; null: none stays. */
export function chooseDefault(
  { defaultAccount }: DesiredSlurmPerson,
  wanted: readonly string[],
  managed: readonly SlurmAssociationRow[],
): string | null {
  if (defaultAccount !== null && wanted.includes(defaultAccount)) return defaultAccount;
  const [oldest] = managed.filter(({ account }) => wanted.includes(account)).sort((a, b) => a.id - b.id);
  return oldest?.account ?? wanted[0] ?? null;
}

/** Slurm keeps the association of a default account as long as there is another: then the default moves there. */
export function chooseForeign(
  user: SlurmUserRow | undefined,
  leaving: readonly SlurmAssociationRow[],
  foreign: readonly SlurmAssociationRow[],
): string | null {
  if (!leaving.some(({ account }) => account === user?.defaultAccount)) return null;
  return foreign.toSorted((a, b) => a.id - b.id)[0]?.account ?? null;
}

/** Why it is set, for the history. */
export function sayDefault({ defaultAccount }: DesiredSlurmPerson): string {
  return defaultAccount === null ? 'the oldest account is the default' : 'the default by rule';
}
