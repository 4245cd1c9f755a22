// The kinds of change, in the order in which they are applied: revocations first, grants last; within a kind, by name.
import { accountAlter, accountDisable, accountCreate, accountRemove, accountEnable } from './accounts.ts';
import { groupAlter, groupCreate, groupRemove, memberAdd, memberRemove } from './groups.ts';
import { homeCreate } from './homes.ts';
import { accountInherit, groupInherit } from './inherited.ts';
import { keysRemove, keysWrite } from './keys.ts';
import { hookRun, jobsDisable, jobsRestore, sessionsEnd } from './leaving.ts';
import { rootShellsEnd, sudoersRemove, sudoersRevoke, sudoersWrite } from './sudo.ts';

export const KINDS = [
  keysRemove,
  accountDisable,
  sudoersRemove,
  sudoersRevoke,
  sessionsEnd,
  rootShellsEnd,
  memberRemove,
  groupRemove,
  jobsDisable,
  accountRemove,
  groupInherit,
  groupCreate,
  groupAlter,
  accountInherit,
  accountCreate,
  accountAlter,
  accountEnable,
  homeCreate,
  memberAdd,
  sudoersWrite,
  jobsRestore,
  keysWrite,
  // It may take its time, so nothing waits for it.
  hookRun,
] as const;
