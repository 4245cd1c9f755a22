// The users that slurmctld knows: an association of a name that it could not resolve stays unusable.

export interface ControllerUser {
  readonly name: string;
  /** null: it could not resolve the name. */
  readonly uid: number | null;
  /** On this cluster; empty: none. */
  readonly defaultAccount: string;
  /** `None` (22.05: `Not Set`), `Operator` or `Administrator`. */
  readonly adminLevel: string;
}

/** How slurmctld shows a user that it could not resolve (NO_VAL of slurm.h). */
const UNRESOLVED = 4294967294;

/** slurmdbd keeps 255 bytes of a name; slurmctld has what was asked for, of any length, until its restart. */
const MOST_LENGTH = 255;
const MOST_UID = 0xff_ff_ff_ff;
const LINE =
  /^UserName=([^\s(|]{1,255})\((\d+)\) DefAccount=([^\s|]*) DefWckey=.* AdminLevel=(\w+(?: Set)?)$/gm;

/** From `scontrol -o show assoc_mgr flags=users`. */
export function parseControllerUsers(said: string): ControllerUser[] {
  return [...said.matchAll(LINE)]
    .filter(([, , uid]) => Number(uid) <= MOST_UID)
    .map(([, name = '', uid = '', defaultAccount = '', adminLevel = '']): ControllerUser => ({
      name,
      uid: Number(uid) === UNRESOLVED ? null : Number(uid),
      defaultAccount:
        defaultAccount === '(null)' || defaultAccount.length > MOST_LENGTH ? '' : defaultAccount,
      adminLevel,
    }));
}
