// What sunk-agent made in Slurm, by the ledger, and in which cluster.
import type { SlurmName, SlurmOwned } from '../plan/slurm/slurm-rows.ts';
import type { Connection } from './database.ts';

export interface SlurmLedger {
  /** Of all clusters. */
  slurmOwned(): readonly SlurmOwned[];
  /** Records what is about to be made, or is taken over. @param at epoch seconds. */
  ownSlurm(owned: readonly SlurmOwned[], at: number): void;
  /** Rows of a build that recorded no cluster, until they are assigned to one. */
  slurmUnassigned(): UnassignedSlurm;
  /** Decides once for all such rows. @param cluster null: it is not known; an operator decides, row by row. */
  assignSlurm(cluster: string | null): void;
}

export interface UnassignedSlurm {
  readonly names: readonly SlurmName[];
  /** Whether `assignSlurm` has not been called for some of them. */
  readonly isUndecided: boolean;
}

const INSERT =
  'INSERT INTO slurm_cluster_owned (cluster, kind, name, scim_id, owned_at) VALUES (?, ?, ?, ?, ?) ' +
  'ON CONFLICT (cluster, kind, name) DO UPDATE SET scim_id = excluded.scim_id';
const ASSIGN =
  'INSERT INTO slurm_cluster_owned (cluster, kind, name, scim_id, owned_at) ' +
  'SELECT @cluster, kind, name, scim_id, owned_at FROM slurm_owned WHERE cluster IS NULL ' +
  'ON CONFLICT (cluster, kind, name) DO NOTHING';

export function openSlurmLedger(connection: Connection): SlurmLedger {
  /** A view of a file that its writer has not brought to this version yet has none of it. */
  const isThere = (): boolean =>
    connection.prepare("SELECT 1 FROM sqlite_master WHERE name = 'slurm_cluster_owned'").get() !== undefined;
  return {
    slurmOwned() {
      if (!isThere()) return [];
      return connection
        .prepare<[], SlurmOwned>('SELECT cluster, kind, name, scim_id AS scimId FROM slurm_cluster_owned')
        .all();
    },
    ownSlurm(owned, at) {
      const insert = connection.prepare(INSERT);
      // Of which cluster that row is, does not matter any more.
      const settle = connection.prepare(
        "UPDATE slurm_owned SET cluster = ? WHERE kind = ? AND name = ? AND cluster = ''",
      );
      connection.transaction(() => {
        for (const { cluster, kind, name, scimId } of owned) {
          insert.run(cluster, kind, name, scimId, at);
          settle.run(cluster, kind, name);
        }
      })();
    },
    slurmUnassigned() {
      if (!isThere()) return { names: [], isUndecided: false };
      const rows = connection
        .prepare<[], SlurmName & { readonly cluster: string | null }>(
          "SELECT kind, name, scim_id AS scimId, cluster FROM slurm_owned WHERE coalesce(cluster, '') = ''",
        )
        .all();
      return {
        names: rows.map(({ kind, name, scimId }) => ({ kind, name, scimId })),
        isUndecided: rows.some(({ cluster }) => cluster === null),
      };
    },
    assignSlurm(cluster) {
      connection.transaction(() => {
        if (cluster !== null) connection.prepare(ASSIGN).run({ cluster });
        connection.prepare('UPDATE slurm_owned SET cluster = ? WHERE cluster IS NULL').run(cluster ?? '');
      })();
    },
  };
}
