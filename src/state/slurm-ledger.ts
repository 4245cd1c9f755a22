// What sunk-agent made in Slurm, by the ledger.
import type { SlurmOwned } from '../plan/slurm/slurm-rows.ts';
import type { Connection } from './database.ts';

export interface SlurmLedger {
  slurmOwned(): readonly SlurmOwned[];
  /** Records what is about to be made. @param at epoch seconds. */
  ownSlurm(owned: readonly SlurmOwned[], at: number): void;
}

export function openSlurmLedger(connection: Connection): SlurmLedger {
  return {
    slurmOwned() {
      // A view of a file that its writer has not brought to this version yet.
      if (connection.prepare("SELECT 1 FROM sqlite_master WHERE name = 'slurm_owned'").get() === undefined)
        return [];
      return connection
        .prepare<[], SlurmOwned>('SELECT kind, name, scim_id AS scimId FROM slurm_owned')
        .all();
    },
    ownSlurm(owned, at) {
      const insert = connection.prepare(
        'INSERT INTO slurm_owned (kind, name, scim_id, owned_at) VALUES (?, ?, ?, ?) ' +
          'ON CONFLICT (kind, name) DO UPDATE SET scim_id = excluded.scim_id',
      );
      connection.transaction(() => {
        for (const { kind, name, scimId } of owned) insert.run(kind, name, scimId, at);
      })();
    },
  };
}
