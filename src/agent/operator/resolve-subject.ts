// Who or what the argument of a command means, the same for every command: exactly one person, or an error that suggests.
import type { Config } from '../../config/config.ts';
import { AgentError } from '../../common/errors.ts';
import { compare } from '../../common/text/compare.ts';
import { editDistance } from '../../common/text/edit-distance.ts';
import type { Binding, StoredUser } from '../../policy/model.ts';
import { foldDomains, readUsername } from '../../policy/identity/username.ts';
import { findPeople } from './find-person.ts';

/** A person, or an account that the store has no record of. */
export interface Subject {
  /** null: neither records nor ledger know it, but the managed group does. */
  readonly scimId: string | null;
  readonly userName: string | null;
  /** The account's name: as bound, else as it would be; null where none can be made. */
  readonly name: string | null;
}

/** What a word is looked up in. */
export interface SubjectSource {
  users(): readonly StoredUser[];
  bindings(): readonly Binding[];
  history(filter: {
    name?: string;
    limit: number;
  }): readonly { readonly scimId: string | null; readonly kind: string }[];
}

const MAX_SUGGESTIONS = 3;
const FORMER_ROWS = 1000;

/**
 * By SCIM id, account name, userName in any case, externalId, attribute, address, or a name that the account had.
 * @param isManaged whether the node has a managed account of that name, which may be in neither records nor ledger.
 * @throws AgentError refused: it means several people, or none; with suggestions.
 */
export function resolveSubject(
  word: string,
  source: SubjectSource,
  config: Config,
  isManaged: (name: string) => boolean,
): Subject {
  const [users, bindings] = [source.users(), source.bindings()];
  const people = findPeople(word, users, bindings, config);
  if (people.length > 1)
    throw refuseAmbiguous(
      word,
      people.map(({ user }) => user.record),
    );
  const [person] = people;
  if (person !== undefined) {
    const { id, userName } = person.user.record;
    return { scimId: id, userName, name: person.name };
  }
  const names = readNames(word, config);
  const bound = bindings.find(
    ({ kind, scimId, name }) => kind === 'account' && (scimId === word || names.includes(name)),
  );
  if (bound !== undefined) return { scimId: bound.scimId, userName: null, name: bound.name };
  const former = findFormer(names, source, users, bindings);
  if (former !== null) return former;
  const managed = names.find(isManaged);
  if (managed !== undefined) return { scimId: null, userName: null, name: managed };
  throw new AgentError('refused', `no person and no account is known as ${JSON.stringify(word)}`, {
    hint: suggestSubjects(word, users, bindings),
  });
}

/** The word itself, and the account name that it would make as an address. */
export function readNames(word: string, config: Config): string[] {
  const reading = readUsername(word, foldDomains(config.accounts.domains));
  return [...new Set([word, word.toLowerCase(), ...(reading.ok ? [reading.name] : [])])];
}

/** The person whose account was once called so, where it was one; null: no one, or several. */
export function findFormerSubject(word: string, source: SubjectSource, config: Config): Subject | null {
  try {
    return findFormer(readNames(word, config), source, source.users(), source.bindings());
  } catch (error) {
    if (error instanceof AgentError) return null;
    throw error;
  }
}

/** The one person whose account was once called so; the history of changes tells. */
function findFormer(
  names: readonly string[],
  source: SubjectSource,
  users: readonly StoredUser[],
  bindings: readonly Binding[],
): Subject | null {
  const ids = new Set<string>();
  for (const name of names)
    for (const { scimId, kind } of source.history({ name, limit: FORMER_ROWS }))
      // Rows of memberships have the name of the group.
      if (
        scimId !== null &&
        /^(?:account|keys)-/.test(kind) &&
        bindings.some((one) => one.kind === 'account' && one.scimId === scimId)
      )
        ids.add(scimId);
  if (ids.size > 1)
    throw refuseAmbiguous(
      names[0] ?? '',
      users.flatMap(({ record }) => (ids.has(record.id) ? [record] : [])),
    );
  const [scimId] = ids;
  if (scimId === undefined) return null;
  const name = bindings.find((one) => one.kind === 'account' && one.scimId === scimId)?.name ?? null;
  const userName = users.find(({ record }) => record.id === scimId)?.record.userName ?? null;
  return { scimId, userName, name };
}

function refuseAmbiguous(word: string, records: readonly { id: string; userName: string }[]): AgentError {
  const list = records.map(({ id, userName }) => `${userName} (${id})`).sort(compare);
  return new AgentError(
    'refused',
    `${JSON.stringify(word)} means ${list.length} people: ${list.slice(0, MAX_SUGGESTIONS).join(', ')}`,
    { hint: 'give the SCIM id of the one you mean' },
  );
}

/** `did you mean ...`, or where to look. */
export function suggestSubjects(
  word: string,
  users: readonly StoredUser[],
  bindings: readonly Binding[],
): string {
  const known = new Set<string>();
  for (const { kind, name } of bindings) if (kind === 'account') known.add(name);
  for (const { record, absent } of users) if (!absent) known.add(record.userName);
  return (
    suggestWords(word, known) ?? 'sunk-agent status lists what is known; sunk-agent sync reads the store'
  );
}

/** The closest of these words; null: none is close. */
export function suggestWords(word: string, known: Iterable<string>): string | null {
  const typed = word.toLowerCase().slice(0, 64);
  const [local = typed] = typed.split('@');
  const ranked = [...known]
    .map((name) => {
      const [short = ''] = name.toLowerCase().split('@');
      return {
        name,
        distance: Math.min(editDistance(typed, name.toLowerCase()), editDistance(local, short)),
      };
    })
    .filter(({ distance }) => distance <= Math.max(1, Math.min(3, Math.floor(local.length / 3))))
    .sort((a, b) => a.distance - b.distance || compare(a.name, b.name));
  const names = ranked.slice(0, MAX_SUGGESTIONS).map(({ name }) => name);
  return names.length === 0 ? null : `did you mean ${names.join(' or ')}?`;
}
