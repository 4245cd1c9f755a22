// What `status` says of Slurm; loaded where there is something to say.
import { describeSlurm, judgeSlurm } from '../../agent/slurm/judge-slurm.ts';
import { readSlurmStatus, type SlurmStatus } from '../../agent/slurm/slurm-status.ts';
import type { Status } from '../../agent/report/status.ts';
import type { Paths } from '../../common/paths.ts';
import { makePrintable } from '../../common/text/printable.ts';

/** @param now epoch seconds. @returns null: no round has ended yet. */
export function addSlurm(
  status: Status,
  paths: Paths,
  now: number,
): { readonly status: Status; readonly line: string; readonly data: SlurmStatus } | null {
  const data = readSlurmStatus(paths);
  if (data === null) return null;
  const line = `${makePrintable(`  ${'Slurm'.padEnd(10)} ${describeSlurm(data)}`)}\n`;
  return { status: judgeSlurm(status, data, now), line, data };
}
