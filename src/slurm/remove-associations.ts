// Removes associations that slurmctld has as stopped. A removal that it misses (slurmdbd was killed before it told it) leaves
// the association there until slurmctld restarts, and no command reaches it any more: then at least no job comes in by it.
import { AgentError, describeError } from '../common/errors.ts';
import type { SlurmStep } from '../protocol/slurm-messages.ts';
import { doubtDefaults } from './read-rows.ts';
import { wakeController } from './registration.ts';
import { renderStep } from './render-step.ts';
import { CHANGE_MS, LIST_MS, runSlurm } from './run-slurm.ts';

type Removal = Extract<SlurmStep, { op: 'remove-associations' }>;

/** What slurmdbd says of an association that it keeps while the user has another. */
const IS_DEFAULT = /remove the default account/i;
/** A slurmctld that slurmdbd has forgotten may need to be woken twice. */
const TRIES = 4;

/** @throws AgentError slurm_failed, also where slurmctld does not learn of the stop; or slurm_unreachable */
export async function removeAssociations(removal: Removal, cluster: string): Promise<void> {
  await demandStopped(removal, cluster);
  try {
    await change(removal, cluster);
  } catch (error) {
    if (IS_DEFAULT.test(describeError(error))) doubtDefaults();
    throw error;
  }
}

async function demandStopped({ account, names }: Removal, cluster: string): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const which = [`users=${names.join()}`, `accounts=${account}`, 'flags=assoc'];
    const said = await runSlurm('scontrol', ['-o', 'show', 'assoc_mgr', ...which], LIST_MS);
    const open = parseOpen(said, account, new Set(names));
    if (open.length === 0) return;
    if (tries === TRIES) {
      const detail = `slurmctld does not learn that ${open.join(', ')} may submit no job in ${account}`;
      throw new AgentError('slurm_failed', detail, { hint: 'systemctl restart slurmctld' });
    }
    if (tries > 0) await wakeController(cluster);
    await change({ op: 'stop-submissions', account, names: open }, cluster);
  }
}

async function change(step: Exclude<SlurmStep, { op: 'cancel-jobs' }>, cluster: string): Promise<void> {
  await runSlurm('sacctmgr', ['-iQ', ...renderStep(step, cluster)], CHANGE_MS);
}

const LINE =
  /^ClusterName=\S+ Account=(\S+) UserName=([^\s(]+)\(\d+\) Partition= Priority=\d+ .* MaxSubmitJobs=(\d*)/gm;

/** Whose association in `account` takes jobs, from `scontrol -o show assoc_mgr flags=assoc`. */
export function parseOpen(said: string, account: string, names: ReadonlySet<string>): string[] {
  const found = said
    .matchAll(LINE)
    .flatMap(([, where, name = '', most]) => (where === account && most !== '0' ? [name] : []));
  return [...new Set(found)].filter((name) => names.has(name));
}
