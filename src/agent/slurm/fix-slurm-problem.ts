// What to do about a change that Slurm refused, by its words; pure. They come from the worker, so little of them is repeated.

export function fixSlurmProblem(problem: string): string {
  const qos = /bad qos '([\w.-]{1,100})'/i.exec(problem)?.[1];
  if (qos !== undefined) return `sacctmgr add qos ${qos}, or take it out of slurm.rules; ${AGAIN}`;
  const tres = /no TRES known by type ([\w/]{1,100})/.exec(problem)?.[1];
  if (tres !== undefined)
    return `add ${tres} to AccountingStorageTRES in slurm.conf, then systemctl restart slurmctld; ${AGAIN}`;
  if (/privilege|permission denied/i.test(problem))
    return `sacctmgr modify user where name=sunk-slurm set adminlevel=Operator; ${AGAIN}`;
  if (/Job\(s\) active/i.test(problem))
    return `where squeue shows no such job of that user, slurmctld lost it: once no other job has its number, sacctmgr show runawayjobs, and y; ${AGAIN}`;
  return `fix what Slurm says; ${AGAIN}`;
}

const AGAIN = 'the next round tries again';
