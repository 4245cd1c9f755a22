// What the rules give one person in Slurm, and what the last round said.
import { AgentError } from '../../common/errors.ts';
import {
  computeDesiredSlurm,
  type DesiredSlurm,
  type DesiredSlurmPerson,
} from '../../policy/slurm/desired-slurm.ts';
import { viewState } from '../../state/state.ts';
import type { NodeContext } from '../node-context.ts';
import { listSlurmPeople } from './decide-slurm.ts';
import { readSlurmStatus, type SlurmStatus } from './slurm-status.ts';

export interface FoundSlurmPerson {
  /** null: the state database cannot be read. */
  readonly desired: DesiredSlurm | null;
  /** null: the ledger has no account of that name. */
  readonly person: DesiredSlurmPerson | null;
  readonly status: SlurmStatus | null;
}

/** @param name of the account on this node. */
export function findSlurmPerson({ config, paths }: NodeContext, name: string): FoundSlurmPerson {
  const status = readSlurmStatus(paths);
  try {
    const view = viewState(paths.state);
    try {
      const people = listSlurmPeople(view.bindings());
      const desired = computeDesiredSlurm({ config, groups: view.groups(), people });
      return { desired, person: desired.people.find((one) => one.name === name) ?? null, status };
    } finally {
      view.close();
    }
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    return { desired: null, person: null, status };
  }
}
