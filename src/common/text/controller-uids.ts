// Which uid slurmctld has for each user: an association of a name that it could not resolve stays unusable.

export interface ControllerUid {
  readonly name: string;
  /** null: it could not resolve the name. */
  readonly uid: number | null;
}

/** How slurmctld shows a user that it could not resolve (NO_VAL of slurm.h). */
const UNRESOLVED = 4294967294;

/** From `scontrol -o show assoc_mgr flags=users`. */
export function parseUids(said: string): ControllerUid[] {
  return [...said.matchAll(/^UserName=([^\s(]+)\((\d+)\)\s/gm)].map(([, name = '', uid = '']) => ({
    name,
    uid: Number(uid) === UNRESOLVED ? null : Number(uid),
  }));
}
