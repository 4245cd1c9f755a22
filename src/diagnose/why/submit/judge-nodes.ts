// Whether a node of the default partition can run a job, and whether a reservation keeps all of them.
import type { SubmitAnswer } from '../../../host/slurm/ask-submit.ts';
import type { SubmitNode, SubmitReservation } from '../../../host/slurm/parse-nodes.ts';
import { sayTime } from '../../../common/text/relative-time.ts';
import { operatorError, type Verdict } from '../verdict.ts';

const UNUSABLE = /^(?:down|drain|fail|inval|maint|unk|future|reboot|no_respond|power)/i;

/** Where Slurm says that no node can run a job. */
export function judgeNodes({ nodes, partitions, trial: { said } }: SubmitAnswer): Verdict {
  const partition = partitions?.find(({ isDefault }) => isDefault);
  if (partition !== undefined && partition.nodes === '')
    return operatorError(
      'submit-nodes',
      `no node can run a job: the partition ${partition.name} has no nodes`,
      `scontrol update PartitionName=${partition.name} Nodes=..., and in slurm.conf`,
    );
  const unusable = nodes.filter(({ state }) => isUnanswering(state) || UNUSABLE.test(state));
  const [first] = unusable;
  if (first === undefined || unusable.length < nodes.length)
    return operatorError(
      'submit-nodes',
      `no node can run a job: ${said}`,
      'sinfo -N -l shows the nodes and their sizes; scontrol show partition what a job gets that asks for nothing',
    );
  const more = nodes.length > 1 ? ` and no other of the ${nodes.length} nodes is usable` : '';
  const why = first.reason === '' ? '' : ` (${first.reason})`;
  return operatorError(
    'submit-nodes',
    `no node can run a job: ${first.name} is ${isUnanswering(first.state) ? first.state.slice(0, -1) : first.state}${isUnanswering(first.state) ? ' and its slurmd does not answer' : ''}${why}${more}`,
    fixNode(first),
  );
}

function isUnanswering(state: string): boolean {
  return state.endsWith('*');
}

function fixNode({ name, state }: SubmitNode): string {
  return isUnanswering(state)
    ? `systemctl status slurmd munge on ${name}; journalctl -u slurmd says why it does not answer`
    : `scontrol update NodeName=${name} State=RESUME; sinfo -R says who took it out of use, and when`;
}

/** A job that Slurm takes, and starts only when a reservation of all nodes has ended. null: there is none. */
export function judgeReservations(name: string, answer: SubmitAnswer): Verdict | null {
  const { trial, reservations } = answer;
  const { start } = trial;
  if (start === null) return null;
  const found = reservations.find(
    (one) => one.end <= start + MARGIN && one.end > one.start && coversPartition(one, answer),
  );
  if (found === undefined) return null;
  const from = sayTime(found.start);
  const to = sayTime(found.end);
  return operatorError(
    'submit-reservation',
    `no job of ${name} starts before ${to}: the reservation ${found.name} has all nodes from ${from} to ${to}`,
    mayUse(name, found, answer)
      ? `sbatch --reservation=${found.name}`
      : `scontrol delete ReservationName=${found.name}, if it is not needed; before it begins: sbatch --time=MINUTES, for a job that ends by then`,
  );
}

const MARGIN = 60;

function coversPartition(
  { isOfAllNodes, nodes, nodeCount }: SubmitReservation,
  { partitions }: SubmitAnswer,
): boolean {
  const partition = partitions?.find(({ isDefault }) => isDefault);
  if (partition === undefined) return false;
  return isOfAllNodes || (nodes === partition.nodes && nodeCount >= partition.nodeCount);
}

/** Whether it takes jobs of the user, by what it lists. */
export function mayUse(
  name: string,
  { users, accounts, groups }: SubmitReservation,
  { associations, groups: own }: SubmitAnswer,
): boolean {
  const account =
    'rows' in associations ? associations.rows.find(({ isDefault }) => isDefault)?.account : undefined;
  return (
    users.includes(name) ||
    (account !== undefined && accounts.includes(account)) ||
    groups.some((group) => own.includes(group))
  );
}
