// Accounts of Slurm as a tree: what an account has of its parents, what it gets of others, and which would make a circle; pure.
import type { DesiredSlurmAccount } from '../../policy/slurm/desired-slurm.ts';
import { isMore, NO_LIMIT, normalise, tightest } from './limit-values.ts';
import type { SlurmAccountRow } from './slurm-rows.ts';

type Rows = ReadonlyMap<string, SlurmAccountRow>;

/** Limits that hold for each user or job below; those of a group (Grp...) hold for the account as a whole. */
const INHERITED = /^Max/;

/** The row with what it has of its parents: QOS and limits that it does not set itself. */
export function readInForce(row: SlurmAccountRow, rows: Rows): Pick<SlurmAccountRow, 'qos' | 'limits'> {
  const limits: Record<string, string> = {};
  for (const one of listChain(row, rows))
    for (const [limit, value] of Object.entries(one.limits))
      if (one === row || INHERITED.test(limit)) limits[limit] ??= value;
  return { qos: findQos(row, rows), limits };
}

/** What jobs in the account are bound to: as in force, and the limits of the groups above, which hold as well. */
function readBounds(row: SlurmAccountRow, rows: Rows): Pick<SlurmAccountRow, 'qos' | 'limits'> {
  const limits: Record<string, string> = {};
  for (const one of listChain(row, rows))
    for (const [limit, text] of Object.entries(one.limits)) {
      const value = normalise(limit, text);
      const below = limits[limit];
      if (below === undefined) limits[limit] = value;
      else if (!INHERITED.test(limit)) limits[limit] = tightest(below, value);
    }
  return { qos: findQos(row, rows), limits };
}

/** Whether jobs in the account may do more with these rows than with those before; see `compareSettings` for its own ones. */
export function gainsByMove(name: string, before: Rows, after: Rows): boolean {
  const [was, becomes] = [before.get(name), after.get(name)];
  if (was === undefined || becomes === undefined) return false;
  const [then, now] = [readBounds(was, before), readBounds(becomes, after)];
  return (
    now.qos.some((one) => !then.qos.includes(one)) ||
    Object.entries(then.limits).some(([limit, value]) => isMore(now.limits[limit] ?? NO_LIMIT, value))
  );
}

/** Those of the nearest one that sets any. */
function findQos(row: SlurmAccountRow, rows: Rows): readonly string[] {
  return listChain(row, rows).find(({ qos }) => qos.length > 0)?.qos ?? [];
}

/** The account and its parents, upwards. */
export function listChain(row: SlurmAccountRow, rows: Rows): SlurmAccountRow[] {
  const parents = listParents(row.parent, (name) => rows.get(name)?.parent);
  return [row, ...parents.flatMap((name) => rows.get(name) ?? [])];
}

/**
 * Those whose parent would be below themselves: Slurm would move that parent up first, and each round would undo the one
 * before. They keep the parent that they have, as all accounts do that no rule names.
 * @param managed by name: accounts that the rules give a parent.
 */
export function findCircles(
  managed: ReadonlyMap<string, Pick<DesiredSlurmAccount, 'parent'>>,
  rows: ReadonlyMap<string, Pick<SlurmAccountRow, 'parent'>>,
): ReadonlySet<string> {
  const refused = new Set<string>();
  for (;;) {
    const parentOf = (name: string): string | undefined =>
      (refused.has(name) ? undefined : managed.get(name)?.parent) ?? rows.get(name)?.parent;
    const more = [...managed].filter(
      ([name, { parent }]) => !refused.has(name) && listParents(parent, parentOf).includes(name),
    );
    if (more.length === 0) return refused;
    for (const [name] of more) refused.add(name);
  }
}

/** Upwards from `first`; ends at root, and where it would begin again. */
function listParents(first: string, parentOf: (name: string) => string | undefined): string[] {
  const found = new Set<string>();
  for (
    let name: string | undefined = first;
    name !== undefined && name !== '' && !found.has(name);
    name = parentOf(name)
  )
    found.add(name);
  return [...found];
}
