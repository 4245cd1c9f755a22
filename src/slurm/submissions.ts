// Whether slurmctld lets users submit jobs in an account as slurmdbd says: what it missed (slurmdbd was killed before it told
// it) it learns of at the next change of that very association, and else at its restart.
import { AgentError } from '../common/errors.ts';
import type { SlurmStep } from '../protocol/slurm-messages.ts';
import { wakeController } from './registration.ts';
import { renderStep } from './render-step.ts';
import { CHANGE_MS, runSlurm } from './run-slurm.ts';

export type SacctmgrStep = Exclude<SlurmStep, { op: 'cancel-jobs' }>;

interface Submitters {
  readonly account: string;
  readonly names: readonly string[];
}

/** A slurmctld that slurmdbd has forgotten may need to be woken twice. */
const TRIES = 4;
/** One that hangs is as good as one that is down. */
const ANSWER_MS = 10_000;

/** Runs one command of sacctmgr(1). @throws AgentError slurm_failed with Slurm's own words, or slurm_unreachable */
export async function change(step: SacctmgrStep, cluster: string): Promise<void> {
  await runSlurm('sacctmgr', ['-iQ', ...renderStep(step, cluster)], CHANGE_MS);
}

/**
 * Has those whose associations slurmctld has otherwise stopped, or allowed, again. Those that it does not have at all are for the
 * next read.
 * @param mayBeDown one that does not answer reads all of them when it starts, and is left to that.
 * @throws AgentError slurm_failed, also where slurmctld does not follow a stop; or slurm_unreachable
 */
export async function demandSubmissions(
  { account, names }: Submitters,
  cluster: string,
  { may, mayBeDown }: { readonly may: boolean; readonly mayBeDown: boolean },
): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const which = [`users=${names.join()}`, `accounts=${account}`, 'flags=assoc'];
    const asked = runSlurm('scontrol', ['-o', 'show', 'assoc_mgr', ...which], ANSWER_MS);
    const said = await (mayBeDown ? asked.catch(() => '') : asked);
    const known = parseSubmitters(said, account);
    const wrong = names.filter((name) => (known.get(name) ?? may) !== may);
    if (wrong.length === 0) return;
    // slurmctld shows what counts, so this may be a limit of the account or of one above it.
    if (tries === TRIES && may) return;
    if (tries === TRIES) {
      const detail = `slurmctld does not learn that ${wrong.join(', ')} may not submit jobs in ${account}`;
      throw new AgentError('slurm_failed', detail, { hint: 'systemctl restart slurmctld' });
    }
    if (tries > 0) await wakeController(cluster);
    await change({ op: may ? 'allow-submissions' : 'stop-submissions', account, names: wrong }, cluster);
  }
}

const LINE =
  /^ClusterName=\S+ Account=(\S+) UserName=([^\s(]+)\(\d+\) Partition= Priority=\d+ .* MaxSubmitJobs=(\d*)/gm;

/**
 * From `scontrol -o show assoc_mgr flags=assoc`: by user, whether jobs can be submitted in an association of all partitions.
 * Of two of one user, one is left of before, and the other one counts.
 */
export function parseSubmitters(said: string, account: string): ReadonlyMap<string, boolean> {
  const known = new Map<string, boolean>();
  for (const [, where, name = '', most] of said.matchAll(LINE))
    if (where === account) known.set(name, most !== '0' || known.get(name) === true);
  return known;
}
