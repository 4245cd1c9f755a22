// Whether a home is safe to log in to: what stands there belongs to that person, and no other user can replace it.
import type { Fault } from './identity.ts';

/**
 * Who can put something in the place of a home. `closed`: root alone. `sticky`: every user can create what is missing,
 * and none can move what root created (mode 1777). `open`: another user can replace what is there. `unknown`: a
 * directory above could not be examined.
 */
export type HomeParent = 'closed' | 'sticky' | 'open' | 'unknown';

/** What a node has at the path of a home. */
export interface HomeOnHost {
  /** `other`: no directory, for example a symbolic link. `unknown`: it, or whose it is, could not be told. */
  readonly found: 'missing' | 'directory' | 'other' | 'unknown';
  /** The owner of a directory; null: no directory, or the process is not root, and owns all it creates. */
  readonly uid: number | null;
  readonly parent: HomeParent;
  /** Why the parent is `open`, or why something is `unknown`, as a clause; else empty. */
  readonly detail: string;
}

export interface HomeQuestion {
  readonly home: string;
  readonly uid: number;
  /** Several people have it, because `accounts.home` is without `%u`: root owns it. */
  readonly isShared: boolean;
  /** Whether a missing home is created before keys are served. */
  readonly isCreated: boolean;
  /** What could not be examined refuses a newcomer, and revokes nothing. */
  readonly isNew: boolean;
}

const CODES: ReadonlySet<string> = new Set([
  'home-other-owner',
  'home-no-directory',
  'home-not-examined',
  'home-open-parent',
]);

/** Whether a refusal is one of `findHomeFault`. */
export function isHomeFault(code: string): boolean {
  return CODES.has(code);
}

/** Why no login to that home is safe; null: one is. @param found undefined: the node was not asked for it. */
export function findHomeFault(question: HomeQuestion, found: HomeOnHost | undefined): Fault | null {
  if (found === undefined) return null;
  const { home, uid, isShared, isCreated, isNew } = question;
  switch (found.found) {
    case 'missing':
      return findParentFault(home, found, isCreated);
    case 'other':
      return refuse('home-no-directory', `${home} is not a directory`);
    case 'unknown':
      return isNew || found.parent === 'sticky' || found.parent === 'open'
        ? refuse('home-not-examined', `${home} cannot be examined (${found.detail})`)
        : null;
    case 'directory':
      if (found.uid === null || found.uid === uid || (isShared && found.uid === 0)) return null;
      return refuse('home-other-owner', `${home} belongs to uid ${found.uid}, not to uid ${uid}`);
  }
}

function findParentFault(home: string, { parent, detail }: HomeOnHost, isCreated: boolean): Fault | null {
  if (parent === 'open') return refuse('home-open-parent', `${home} would not be safe: ${detail}`);
  if (parent !== 'sticky' || isCreated) return null;
  return refuse('home-open-parent', `${home} is missing, and every user can create it (mode 1777)`);
}

function refuse(code: string, what: string): Fault {
  return { code, detail: `${what}: no login there is safe, so its owner gets no key` };
}
