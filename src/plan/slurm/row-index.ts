// What is looked up of Slurm's rows and of the ledger, once for a whole plan; pure.
import { type Drains, indexDrains } from './drain-slurm.ts';
import type { UserNames } from './name-patterns.ts';
import type { SlurmPlanInput } from './plan-model.ts';
import type { SlurmAccountRow, SlurmAssociationRow, SlurmOwned, SlurmUserRow } from './slurm-rows.ts';

/** Rows of Slurm and of the ledger, by name. */
export interface RowIndex {
  readonly accounts: ReadonlyMap<string, SlurmAccountRow>;
  readonly users: ReadonlyMap<string, SlurmUserRow>;
  readonly associationsOf: ReadonlyMap<string, readonly SlurmAssociationRow[]>;
  /** `user account` of each that has jobs. */
  readonly jobs: ReadonlySet<string>;
  /** Accounts of jobs, by user. */
  readonly jobsOf: ReadonlyMap<string, readonly string[]>;
  /** Names that the ledger says are managed in this cluster. */
  readonly ownAccounts: ReadonlySet<string>;
  readonly ownUsers: ReadonlyMap<string, string>;
  readonly cluster: string;
  /** By kind and name: another cluster in which it is managed. */
  readonly elsewhere: ReadonlyMap<string, string>;
  readonly drains: Drains;
  /** null: the controller did not answer. */
  readonly uids: ReadonlyMap<string, number | null> | null;
}

/** What the plan of one person needs besides. */
export interface PersonIndex extends RowIndex {
  /** Accounts in which there can be a managed association. */
  readonly usable: ReadonlySet<string>;
  /** Of all users that have associations, or should. */
  readonly names: UserNames;
}

/** What others and sunk-agent made alike; whose it is, the ledger says. */
export function indexRows({ rows, owned, desired, stops }: SlurmPlanInput): RowIndex {
  const associationsOf = new Map<string, SlurmAssociationRow[]>();
  for (const row of rows.associations) {
    const known = associationsOf.get(row.user);
    if (known === undefined) associationsOf.set(row.user, [row]);
    else known.push(row);
  }
  const own = owned.filter(({ cluster }) => cluster === rows.cluster);
  const names = (kind: SlurmOwned['kind']): (readonly [string, string])[] =>
    own.flatMap((one) => (one.kind === kind ? [[one.name, one.scimId] as const] : []));
  return {
    accounts: new Map(rows.accounts.map((row) => [row.name, row])),
    users: new Map(rows.users.map((row) => [row.name, row])),
    associationsOf,
    jobsOf: new Map(
      [...Map.groupBy(rows.jobs, ({ user }) => user)].map(([user, jobs]) => [
        user,
        jobs.map(({ account }) => account),
      ]),
    ),
    jobs: new Set(rows.jobs.map(({ user, account }) => `${user} ${account}`)),
    ownAccounts: new Set(names('account').map(([name]) => name)),
    ownUsers: new Map(names('user')),
    cluster: rows.cluster,
    elsewhere: new Map(
      owned.flatMap(({ cluster, kind, name }) =>
        cluster === rows.cluster ? [] : [[`${kind} ${name}`, cluster] as const],
      ),
    ),
    drains: indexDrains(desired.accounts, rows.jobs, stops),
    uids: rows.uids === null ? null : new Map(rows.uids.map(({ name, uid }) => [name, uid])),
  };
}

/** Why it is not managed, and the way to have it managed. */
export function sayForeign(
  kind: SlurmOwned['kind'],
  name: string,
  { cluster, elsewhere }: Pick<RowIndex, 'cluster' | 'elsewhere'>,
): string {
  const other = elsewhere.get(`${kind} ${name}`);
  const where = other === undefined ? '' : ` in the cluster ${cluster}, only in ${other}`;
  return `the Slurm ${kind} ${name} was not made by sunk-agent${where}: take it over with sunk-agent import --slurm`;
}
