// Users whose name Slurm confuses with another one: 24.11 removes a user's rows by a pattern of SQL, in which `_` is any
// character. Removing the last association of `q_` also removes those of `q-` and `qa`, and tells slurmctld nothing.

/** Names of users, by length: only those of one length can be alike. */
export type UserNames = ReadonlyMap<number, readonly string[]>;

export function indexNames(names: Iterable<string>): UserNames {
  return Map.groupBy(names, ({ length }) => length);
}

/** @returns another user whose rows would go with those of `name`; null: there is none. */
export function findAlike(name: string, names: UserNames): string | null {
  if (!name.includes('_')) return null;
  const isAlike = (other: string): boolean => {
    for (let at = 0; at < name.length; at += 1) if (name[at] !== '_' && name[at] !== other[at]) return false;
    return other !== name;
  };
  return names.get(name.length)?.find(isAlike) ?? null;
}
