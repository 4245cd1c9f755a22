import { expect, it } from 'vitest';
import { fixSlurmProblem } from '../../../../src/agent/slurm/fix-slurm-problem.ts';

it.each([
  // As Slurm 24.11.5 says it.
  ["sacctmgr: error: You gave a bad qos 'long'. Valid QOS's are normal", 'sacctmgr add qos long, '],
  [
    'sacctmgr: error: slurmdb_format_tres_str: no TRES known by type gres/gpu',
    'add gres/gpu to AccountingStorageTRES in slurm.conf',
  ],
  ["sacctmgr: error: Your user doesn't have privilege to perform this action", 'adminlevel=Operator'],
  [' Error with request: Access/permission denied', 'adminlevel=Operator'],
  [
    'Error with request: Job(s) active, cancel job(s) before remove; JobID = 25  C = c  A = a  U = cy',
    'sacctmgr show runawayjobs',
  ],
  ['Slurm did not keep it', 'fix what Slurm says'],
  // A worker that is compromised has no command shown to an operator.
  ["bad qos 'x; reboot'", 'fix what Slurm says'],
])('of %j the fix is named', (problem, fix) => expect(fixSlurmProblem(problem)).toContain(fix));
