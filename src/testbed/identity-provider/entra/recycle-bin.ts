// Entra's recycle bin: a deleted user can be restored for 30 days; then the DELETE follows.
import type { Directory, Person } from '../directory.ts';

const KEPT_MS = 30 * 86_400_000;

/** When a user in the recycle bin is deleted for good, in epoch milliseconds; null outside of it. */
export function findEnd({ deleted, deleted_at: since }: Person): number | null {
  return deleted && since !== null ? Date.parse(since) + KEPT_MS : null;
}

/** Deletes for good the users whose 30 days are over; without a date, as in a file edited by hand, they begin now. */
export function emptyRecycleBin(directory: Directory, now: number): void {
  for (const person of directory.users) {
    person.deleted_at = person.deleted ? (person.deleted_at ?? new Date(now).toISOString()) : null;
    const end = findEnd(person);
    if (end !== null && end <= now) deleteForGood(directory, person);
  }
}

/** Removes a user from the directory; the next cycle sends the DELETE. */
export function deleteForGood(directory: Directory, person: Person): void {
  directory.users = directory.users.filter((one) => one !== person);
  for (const group of directory.groups) {
    group.members = group.members.filter((name) => name !== person.userPrincipalName);
  }
}
