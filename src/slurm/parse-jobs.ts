// Jobs as squeue(1) prints them. Whose they are is told by the uid: the controller knows each name, the worker's host may not.
import type { ControllerUser } from '../common/text/controller-users.ts';

const MOST_LENGTH = 255;

export interface SlurmJob {
  /** Of an array that waits, of the whole. */
  readonly id: string;
  readonly user: string;
  readonly account: string;
  readonly isPending: boolean;
  /** Cancelled or done, and its last processes end. */
  readonly isEnding: boolean;
}

/**
 * A job of a uid that several users have is of each: who adds a user named like a number makes one of that uid.
 * @param text `NUMBER|UID|NAME|ACCOUNT|STATE` lines (`listJobs`).
 * @param users that the controller knows; a job of any other bears the name that squeue has for it.
 */
export function parseJobs(text: string, users: readonly Pick<ControllerUser, 'name' | 'uid'>[]): SlurmJob[] {
  const known = Map.groupBy(users, ({ uid }) => uid);
  return text.split('\n').flatMap((line): SlurmJob[] => {
    const [id = '', uid = '', name = '', account = '', state, ...more] = line.split('|');
    if (state === undefined || more.length > 0) return [];
    if (!/^\d+$/.test(id) || !/^\d+$/.test(uid) || !/^[A-Z]{1,3}$/.test(state)) return [];
    // Of another administrator: slurmctld has names longer than slurmdbd keeps them.
    if (name.length > MOST_LENGTH || account.length > MOST_LENGTH) return [];
    const owners = known.get(Number(uid))?.map((one) => one.name) ?? [name];
    return owners.map((user) => ({ id, user, account, isPending: state === 'PD', isEnding: state === 'CG' }));
  });
}
