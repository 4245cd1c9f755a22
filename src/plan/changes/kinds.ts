// The kinds of change, in the order in which they are applied: revocations first, grants last; within a kind, by name.
import { accountAlter, accountDisable, accountCreate, accountRemove, accountEnable } from './accounts.ts';
import { groupAlter, groupCreate, groupRemove, memberAdd, memberRemove } from './groups.ts';
import { homeCreate } from './homes.ts';
import { accountInherit, groupInherit } from './inherited.ts';
import { keysRemove, keysWrite } from './keys.ts';
import { hookRun, jobsDisable, jobsRestore, sessionsEnd } from './leaving.ts';
import {
  slurmAccountAdd,
  slurmAccountAlter,
  slurmAssociationAdd,
  slurmAssociationRemove,
  slurmDefaultSet,
  slurmJobsCancel,
  slurmSubmitAllow,
  slurmSubmitStop,
} from './slurm.ts';
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
  // These come after a sync (see agent/slurm/). No job can slip in between the end of submissions and that of the jobs.
  slurmSubmitStop,
  slurmJobsCancel,
  slurmAccountAdd,
  slurmAccountAlter,
  slurmAssociationAdd,
  slurmSubmitAllow,
  // Slurm refuses to remove the association of a default account.
  slurmDefaultSet,
  slurmAssociationRemove,
] as const;
