// Asks squeue(1) for the jobs, in an order of columns that is new each time: an account may have a newline in its name.
import { LIST_MS, runSlurm } from './run-slurm.ts';
import { shuffleColumns } from './shuffled-columns.ts';

/** Number, uid, name as this host resolves it, account, state in short. */
const TAKEN = ['%A', '%U', '%u', '%a', '%t'] as const;
/** They only make the order hard to guess. */
const FILLERS = ['%C', '%D', '%Q', '%S'] as const;

/** Lines with the columns that `parseJobs` takes. @throws AgentError slurm_failed, or slurm_unreachable */
export async function listJobs(): Promise<string> {
  const { order, restore } = shuffleColumns([...TAKEN, ...FILLERS]);
  const said = await runSlurm('squeue', ['-h', '-a', '-o', order.join('|')], LIST_MS);
  return restore(said)
    .rows.map((row) => row.slice(0, TAKEN.length).join('|'))
    .join('\n');
}
