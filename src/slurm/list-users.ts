// Asks slurmctld for the users that it knows. Of a name or a uid that comes twice, one record may be of a name with newlines
// in it, which reads like a user of its own.
import { type ControllerUser, parseControllerUsers } from '../common/text/controller-users.ts';
import { MOST_NAMES } from './run-slurm.ts';

/** A name that another one could write into its own: what scontrol takes in a list. */
export const PLAIN_NAME = /^[^\p{Cc},]{1,255}$/u;

/** @param show what slurmctld says of these users, or of all. @throws AgentError slurm_failed, or slurm_unreachable */
export async function listControllerUsers(
  show: (users: readonly string[]) => Promise<string>,
): Promise<readonly ControllerUser[]> {
  const all = parseControllerUsers(await show([]));
  const twice = new Set([...listTwice(all, ({ name }) => name), ...listTwice(all, ({ uid }) => uid)]);
  if (twice.size === 0) return all;
  const sure = all.filter(({ name }) => !twice.has(name));
  const names = [...twice].filter((name) => PLAIN_NAME.test(name));
  for (let at = 0; at < names.length; at += MOST_NAMES) {
    const some = names.slice(at, at + MOST_NAMES);
    // Asked for by name, it is told exactly.
    sure.push(...parseControllerUsers(await show(some)).filter(({ name }) => some.includes(name)));
  }
  return sure;
}

/** Names of the records that share a key with another one; null is none. */
function listTwice(
  users: readonly ControllerUser[],
  keyOf: (user: ControllerUser) => string | number | null,
): string[] {
  const shared = [...Map.groupBy(users, keyOf)].filter(([key, some]) => key !== null && some.length > 1);
  return shared.flatMap(([, some]) => some.map(({ name }) => name));
}
