// The users that slurmctld knows: an association of a name that it could not resolve stays unusable.

export interface ControllerUser {
  readonly name: string;
  /** null: it could not resolve the name. */
  readonly uid: number | null;
  /** On this cluster; empty: none. */
  readonly defaultAccount: string;
  /** `None`, `Operator` or `Administrator`. */
  readonly adminLevel: string;
}

/** How slurmctld shows a user that it could not resolve (NO_VAL of slurm.h). */
const UNRESOLVED = 4294967294;

const LINE = /^UserName=([^\s(|]+)\((\d+)\) DefAccount=([^\s|]*) DefWckey=.* AdminLevel=(\w+)$/gm;

/** From `scontrol -o show assoc_mgr flags=users`. */
export function parseControllerUsers(said: string): ControllerUser[] {
  return [...said.matchAll(LINE)].map(
    ([, name = '', uid = '', defaultAccount = '', adminLevel = '']): ControllerUser => ({
      name,
      uid: Number(uid) === UNRESOLVED ? null : Number(uid),
      defaultAccount: defaultAccount === '(null)' ? '' : defaultAccount,
      adminLevel,
    }),
  );
}
