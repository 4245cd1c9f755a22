// Account names that operators chose in `overrides`, in place of what the store has.
import type { Config } from '../../config/config.ts';
import type { StoredUser } from '../model.ts';

/**
 * The users with the chosen name in the place of the attribute that names come from; all further rules hold for it.
 * @returns `users` itself where no name is chosen.
 */
export function applyChosenNames(users: readonly StoredUser[], { overrides }: Config): readonly StoredUser[] {
  const byId = new Map<string, string>();
  const byName = new Map<string, string>();
  for (const { id, name, account } of overrides) {
    if (account === undefined) continue;
    if (id !== undefined) byId.set(id, account);
    else if (name !== undefined) byName.set(name.toLowerCase(), account);
  }
  if (byId.size === 0 && byName.size === 0) return users;
  return users.map((user) => {
    const { record } = user;
    const username = byId.get(record.id) ?? byName.get(record.userName.toLowerCase());
    return username === undefined ? user : rename(user, username);
  });
}

function rename(user: StoredUser, username: string): StoredUser {
  const { record, confirmedAt, absent } = user;
  return {
    record: { ...record, username },
    confirmedAt,
    absent,
    // Read when they are asked for: parsing keys is what costs.
    get readings() {
      return user.readings;
    },
  };
}
