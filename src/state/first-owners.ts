// Who had a key on this node first, where no key file tells any more.
import type { FirstOwner, FirstOwnerChanges } from '../policy/keys/first-owners.ts';
import type { Connection } from './database.ts';

export interface FirstOwners {
  /** One row for each fingerprint. */
  firstOwners(): readonly FirstOwner[];
  /** Records changes, all or none. */
  recordFirstOwners(changes: FirstOwnerChanges): void;
}

/** First owners over their table. */
export function openFirstOwners(connection: Connection): FirstOwners {
  return {
    firstOwners: () => readRows(connection),
    recordFirstOwners({ remember, forget }) {
      if (remember.length === 0 && forget.length === 0) return;
      const upsert = connection.prepare(
        'INSERT INTO first_owner (fingerprint, scim_id) VALUES (?, ?) ' +
          'ON CONFLICT (fingerprint) DO UPDATE SET scim_id = excluded.scim_id',
      );
      const remove = connection.prepare('DELETE FROM first_owner WHERE fingerprint = ?');
      connection.transaction(() => {
        for (const { fingerprint, scimId } of remember) upsert.run(fingerprint, scimId);
        for (const fingerprint of forget) remove.run(fingerprint);
      })();
    },
  };
}

function readRows(connection: Connection): FirstOwner[] {
  // A view of a file that its writer has not brought to this version yet.
  if (connection.prepare("SELECT 1 FROM sqlite_master WHERE name = 'first_owner'").get() === undefined)
    return [];
  return connection.prepare<[], FirstOwner>('SELECT fingerprint, scim_id AS scimId FROM first_owner').all();
}
