// Which person of the store a line of passwd(5) belongs to: by the rule for names, also where the line is older than the rule.
import type { Config } from '../../config/config.ts';
import type { UserRecord } from '../../protocol/records.ts';
import type { StoredUser } from '../model.ts';
import type { PasswdEntry } from '../posix.ts';
import { foldDomains, readUsername } from './username.ts';

/** People by the name of the line; several where it cannot be told whose it is. */
export type LineMatches = ReadonlyMap<string, readonly StoredUser[]>;

type Line = Pick<PasswdEntry, 'name' | 'uid'>;

/** What `readUsername` makes of a name that stands on a line, such as `Anna.Smith`: `anna_smith`. */
export function foldName(name: string): string {
  return name.toLowerCase().replaceAll('.', '_');
}

/**
 * Whether a line may be that person's: it has the name that comes out for them, the very spelling of their userName, or
 * another spelling of it and their uid.
 * @param derived what `readUsername` makes of their userName.
 */
export function isLineOf({ name, uid }: Line, record: UserRecord, derived: string, config: Config): boolean {
  if (name === derived) return true;
  return foldName(name) === derived && (name === readLocalPart(record) || uid === uidOf(record, config));
}

/**
 * Matches each line to people. Where several lines come out alike, the one with the person's uid is theirs, else the one
 * with their very spelling.
 */
export function matchLines(
  found: readonly Line[],
  users: readonly StoredUser[],
  config: Config,
): LineMatches {
  const domains = foldDomains(config.accounts.domains);
  const lines = Map.groupBy(found, ({ name }) => foldName(name));
  const people = new Map<string, StoredUser[]>();
  for (const user of users) {
    const reading = user.absent ? null : readUsername(user.record.username, domains);
    if (reading?.ok !== true) continue;
    const candidates = (lines.get(reading.name) ?? []).filter((line) =>
      isLineOf(line, user.record, reading.name, config),
    );
    const rank = (line: Line): number =>
      (line.uid === uidOf(user.record, config) ? 2 : 0) + (line.name === readLocalPart(user.record) ? 1 : 0);
    const best = Math.max(...candidates.map(rank));
    const line = candidates.find((candidate) => rank(candidate) === best);
    if (line === undefined) continue;
    const rivals = people.get(line.name);
    if (rivals === undefined) people.set(line.name, [user]);
    else rivals.push(user);
  }
  return people;
}

function uidOf({ uid }: UserRecord, { accounts }: Config): number | null {
  return accounts.ids === 'attribute' ? uid : null;
}

/** The part before the `@`, as it is spelled. */
function readLocalPart({ username }: UserRecord): string | null {
  return username?.split('@')[0] ?? null;
}
