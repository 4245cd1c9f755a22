// The person that an operator means: by POSIX name, userName, e-mail address, SCIM id, externalId or the fingerprint of a key.
import type { Config } from '../../config/config.ts';
import type { Binding, StoredUser } from '../../policy/model.ts';
import { readKeys } from '../../policy/keys/ssh-key.ts';
import type { QuarantineRow } from '../../state/stored-records.ts';
import { applyChosenNames } from '../../policy/names/chosen-names.ts';
import { foldName } from '../../policy/identity/match-lines.ts';
import { foldDomains, readUsername } from '../../policy/identity/username.ts';

export interface FoundPerson {
  readonly user: StoredUser;
  /** The account's name: as bound, else as it would be; null where none can be made. */
  readonly name: string | null;
}

/** Ids first, then what is bound on this node, then what the store says; null: no one. */
export function findPerson(...question: Parameters<typeof findPeople>): FoundPerson | null {
  return findPeople(...question)[0] ?? null;
}

/** The people of the first rule with a match: several only where the store has several of that name. */
export function findPeople(
  word: string,
  records: readonly StoredUser[],
  bindings: readonly Binding[],
  config: Config,
): FoundPerson[] {
  const users = applyChosenNames(records, config);
  const domains = foldDomains(config.accounts.domains);
  const bound = new Map(
    bindings.filter(({ kind }) => kind === 'account').map((one) => [one.scimId, one.name]),
  );
  const nameOf = ({ record }: StoredUser): string | null => {
    const reading = readUsername(record.username, domains);
    return bound.get(record.id) ?? (reading.ok ? reading.name : null);
  };
  const folded = word.toLowerCase();
  const reading = readUsername(word, domains);
  const name = reading.ok ? reading.name : null;
  const rules: ((user: StoredUser) => boolean)[] = word.startsWith('SHA256:')
    ? [({ record }) => listsKey(record.keys, word)]
    : [
        ({ record }) => record.id === word,
        ({ record }) => bound.get(record.id) === word,
        ({ record }) => record.userName.toLowerCase() === folded,
        ({ record }) => record.externalId === word,
        ({ record }) => record.username?.toLowerCase() === folded,
        ({ record }) => name !== null && bound.get(record.id) === name,
        (user) => name !== null && nameOf(user) === name,
        ({ record }) => name !== null && foldName(bound.get(record.id) ?? '') === name,
      ];
  for (const rule of rules) {
    const matches = users.filter(rule);
    // A person who is still there is meant, before one who had that name once.
    const present = matches.filter(({ absent }) => !absent);
    const meant = present.length > 0 ? present : matches;
    if (meant.length > 0) return meant.map((user) => ({ user, name: nameOf(user) }));
  }
  return [];
}

/**
 * Of the records in quarantine the one that has this id or name: of people it has no record to find, if none was sound
 * so far. Users before groups.
 */
export function findNewcomer(
  word: string,
  rows: readonly QuarantineRow[],
  config: Config,
): QuarantineRow | null {
  const domains = foldDomains(config.accounts.domains);
  const fold = (text: string): string => {
    const reading = readUsername(text, domains);
    return reading.ok ? reading.name : text.toLowerCase();
  };
  const isNamed = ({ id, names }: QuarantineRow): boolean =>
    id === word || names.some((name) => fold(name) === fold(word));
  const found = rows.filter(isNamed);
  return found.find(({ kind }) => kind === 'User') ?? found[0] ?? null;
}

function listsKey(keys: readonly string[], fingerprint: string): boolean {
  return readKeys(keys).some((reading) => reading.ok && reading.key.fingerprint === fingerprint);
}
