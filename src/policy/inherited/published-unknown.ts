// What another program publishes on this node and the store does not know.
import type { Identity } from '../identity/identity.ts';
import { foldName } from '../identity/match-lines.ts';
import { readUsername } from '../identity/username.ts';
import type { NodeFacts, Refusal } from '../model.ts';
import type { Person } from '../person.ts';

/** What another program publishes on this node under a name that no person of the store has. */
export function findPublishedUnknown(
  { published }: NodeFacts,
  people: readonly Person[],
  identities: ReadonlyMap<string, Identity>,
  domains: ReadonlySet<string>,
): Refusal[] {
  if (published === null || published.accounts.length === 0) return [];
  const names = new Set([...identities.values()].map(({ name }) => name));
  for (const { user } of people) {
    const reading = readUsername(user.record.username, domains);
    if (reading.ok) names.add(reading.name);
  }
  return published.accounts
    .filter(({ name, isDecided }) => !isDecided && !names.has(name) && !names.has(foldName(name)))
    .map(({ name, uid }) => ({
      scimId: '',
      kind: 'User',
      code: 'published-unknown',
      detail: `this node resolves ${name} with the uid ${uid}, and no person with access at the store has that name: it stays as it is until sunk-agent import FILE --unknown keep, retire or drop`,
    }));
}
