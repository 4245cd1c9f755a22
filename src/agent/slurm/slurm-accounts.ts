// In which accounts each person can submit jobs, as the last round found it, for `list`: a file that the agent writes.
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { compare } from '../../common/text/compare.ts';
import type { Paths } from '../../common/paths.ts';
import { replaceFiles } from '../../host/fs/atomic-file.ts';
import type { SlurmRows } from '../../plan/slurm/slurm-rows.ts';

const fileSchema = z.object({
  schema_version: z.literal(1),
  /** Epoch seconds when Slurm was read. */
  at: z.int(),
  /** By user. */
  accounts: z.record(z.string(), z.array(z.string())),
});

export interface SlurmAccounts {
  readonly at: number;
  /** By user: the default account first, the others sorted. Absent: no account. */
  readonly accounts: ReadonlyMap<string, readonly string[]>;
}

/**
 * Those that others made count too; those in which no job can be submitted do not.
 * @param names of the people on this node: no one else is listed.
 */
export function listSlurmAccounts(
  { associations, users }: Pick<SlurmRows, 'associations' | 'users'>,
  names: ReadonlySet<string>,
): ReadonlyMap<string, readonly string[]> {
  const defaults = new Map(users.map(({ name, defaultAccount }) => [name, defaultAccount]));
  const found = new Map<string, Set<string>>();
  for (const { user, account, isStopped } of associations) {
    if (isStopped || !names.has(user)) continue;
    found.set(user, (found.get(user) ?? new Set()).add(account));
  }
  return new Map(
    [...found].map(([user, accounts]) => {
      const first = defaults.get(user);
      const sorted = [...accounts].sort((a, b) => Number(b === first) - Number(a === first) || compare(a, b));
      return [user, sorted];
    }),
  );
}

export function writeSlurmAccounts(
  { slurmAccounts }: Pick<Paths, 'slurmAccounts'>,
  { at, accounts }: SlurmAccounts,
): void {
  const content = { schema_version: 1, at, accounts: Object.fromEntries(accounts) };
  const data = `${JSON.stringify(content)}\n`;
  replaceFiles([{ file: slurmAccounts, data, encoding: 'utf8', mode: 0o644 }]);
}

/** @returns null: no round has read Slurm yet. */
export function readSlurmAccounts({ slurmAccounts }: Pick<Paths, 'slurmAccounts'>): SlurmAccounts | null {
  try {
    const { at, accounts } = fileSchema.parse(JSON.parse(readFileSync(slurmAccounts, 'utf8')));
    return { at, accounts: new Map(Object.entries(accounts)) };
  } catch {
    return null;
  }
}
