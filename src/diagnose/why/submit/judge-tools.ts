// What every command of Slurm needs on this host: the commands, their configuration, munge.
import path from 'node:path';
import type { SubmitAnswer } from '../../../host/slurm/ask-submit.ts';
import { operatorError, type Verdict } from '../verdict.ts';

/** null: nothing is missing. */
export function judgeTools({ associations, trial: { said } }: SubmitAnswer): Verdict | null {
  if (/spawn \S+ (?:ENOENT|EACCES)/.test(said))
    return operatorError(
      'submit-no-sbatch',
      `sbatch cannot be started on this node: ${said}`,
      said.includes('EACCES') ? 'chmod a+rx "$(command -v sbatch)"' : 'install slurm-client here',
    );
  if (/configuration source|configuration file|slurm\.conf|unable to read|Parsing error/i.test(said))
    return operatorError(
      'submit-no-config',
      `Slurm has no configuration on this node: ${said}`,
      fixConfig(said),
    );
  const fault = [said, 'fault' in associations ? associations.fault : ''].find((one) => MUNGE.test(one));
  return fault === undefined ? null : judgeMunge(fault);
}

function fixConfig(said: string): string {
  const file = /unable to read "([^"]+)": Permission denied/.exec(said)?.[1];
  if (file !== undefined) return `chmod a+r ${file}`;
  if (/Parsing error/.test(said))
    return 'copy the cluster’s slurm.conf to /etc/slurm; the commands here must be of its release';
  return 'put the cluster’s slurm.conf into /etc/slurm, or name the controller: SLURM_CONF_SERVER, DNS SRV _slurmctld';
}

const MUNGE = /munge|protocol authentication|invalid authentication|credential/i;

function judgeMunge(fault: string): Verdict {
  const socket = /Failed to access "([^"]+)": Permission denied/.exec(fault)?.[1];
  if (socket !== undefined)
    return operatorError(
      'submit-munge',
      `users cannot reach the socket of munge: ${fault}`,
      `chmod a+rx ${path.dirname(socket)} && chmod a+rwx ${socket}`,
    );
  if (/Failed to access|Failed to connect/.test(fault))
    return operatorError(
      'submit-munge',
      `munge does not run on this node: ${fault}`,
      'systemctl enable --now munge; journalctl -u munge says why it ends',
    );
  return operatorError(
    'submit-munge',
    `Slurm’s daemons and this node do not authenticate each other: ${fault}; which differs, the key or the clock, is not known here`,
    'munge -n | ssh SLURMCTLD-HOST unmunge tells: Invalid credential: copy its /etc/munge/munge.key here, and systemctl restart munge; Rewound or Expired credential: correct the clock that is wrong',
  );
}
