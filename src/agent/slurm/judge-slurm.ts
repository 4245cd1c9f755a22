// What Slurm's last round means for the health of the node, for `status`; pure.
import { sayCount } from '../../common/text/count-noun.ts';
import { saySpan, sayTime } from '../../common/text/relative-time.ts';
import type { Status } from '../report/status.ts';
import type { SlurmStatus } from './slurm-status.ts';

/** A worker that is restarted, or a slurmdbd that is, is back by then; in seconds. */
const PATIENCE = 60;

/** The same status, degraded by what is wrong with Slurm: logins do not depend on it. @param now epoch seconds. */
export function judgeSlurm(status: Status, slurm: SlurmStatus, now: number): Status {
  const reasons = listReasons(slurm, now);
  if (reasons.length === 0) return status;
  const health = status.health === 'healthy' ? 'degraded' : status.health;
  return { ...status, health, reasons: [...status.reasons, ...reasons] };
}

function listReasons(
  { failure, problems, held, refusals, at, controller, unassigned, cluster }: SlurmStatus,
  now: number,
): string[] {
  const reasons: string[] = [];
  if (failure !== null && now - failure.since >= PATIENCE)
    reasons.push(`Slurm has not been compared for ${saySpan(now - failure.since)}: ${failure.problem}`);
  else if (at !== null && !controller)
    reasons.push('slurmctld does not answer: no one gets a new association until it does');
  const [problem] = problems;
  if (problem !== undefined) reasons.push(`Slurm: ${problem}${sayMore(problems.length)}`);
  for (const { hash, reason } of held) reasons.push(`Slurm: held: ${reason} (sunk-agent approve ${hash})`);
  const [refusal] = refusals;
  if (refusal !== undefined) reasons.push(`Slurm: ${refusal.detail}${sayMore(refusals.length)}`);
  if (unassigned.length > 0) reasons.push(`Slurm: ${sayUnassigned(unassigned, cluster)}`);
  return reasons;
}

/** Names that count as foreign until an operator has decided. */
export function sayUnassigned(names: SlurmStatus['unassigned'], cluster: string): string {
  const [first] = names;
  return `it is not known in which cluster sunk-agent made ${first?.kind} ${first?.name}${sayMore(names.length)}; if in ${cluster}: sunk-agent import --slurm NAME...`;
}

function sayMore(count: number): string {
  return count > 1 ? ` (and ${sayCount(count - 1, 'more', 'more')})` : '';
}

/** One line of `status`. */
export function describeSlurm(status: SlurmStatus): string {
  const { at, cluster, version, observing, associations, draining, elsewhere } = status;
  if (at === null) return 'not compared yet';
  const mode = observing ? ', observing: nothing is changed' : '';
  const last = Math.max(...draining.map(({ until }) => until));
  const drains = draining.length === 0 ? '' : `, ${draining.length} draining until ${sayTime(last)}`;
  const others = elsewhere.map((one) => `, ${sayCount(one.names, 'name')} managed in cluster ${one.cluster}`);
  return `cluster ${cluster}, ${sayCount(associations, 'managed association')}, ${version}${drains}${others.join('')}${mode}`;
}
