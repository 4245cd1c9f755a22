// Why Slurm refuses a job, by what sbatch, slurmdbd and slurmctld said, also where sunk-agent does not manage Slurm.
import type { SubmitAnswer } from '../../../host/slurm/ask-submit.ts';
import { operatorError, type Verdict } from '../verdict.ts';

/** What every command of Slurm needs on this host: the commands, their configuration, munge. null: nothing is missing. */
export function judgeTools({ associations, trial: { said } }: SubmitAnswer): Verdict | null {
  if (/spawn \S+ (?:ENOENT|EACCES)|command not found/.test(said))
    return operatorError(
      'submit-no-sbatch',
      `sbatch cannot be started on this node: ${said}`,
      'install Slurm’s client here (slurm-client), for everyone to execute',
    );
  if (/configuration source|slurm\.conf/i.test(said))
    return operatorError(
      'submit-no-config',
      `Slurm has no configuration on this node: ${said}`,
      'put the cluster’s slurm.conf into /etc/slurm, or name the controller: SLURM_CONF_SERVER, DNS SRV _slurmctld',
    );
  const fault = [said, 'fault' in associations ? associations.fault : ''].find((one) => MUNGE.test(one));
  if (fault === undefined) return null;
  return operatorError(
    'submit-munge',
    `Slurm’s daemons and this node do not authenticate each other: ${fault}`,
    'systemctl status munge here and on slurmctld’s and slurmdbd’s hosts; all need one /etc/munge/munge.key and one clock',
  );
}

const MUNGE = /munge|protocol authentication|invalid authentication|credential/i;

/** @param judgeSettings what limits and partitions say, looked at where Slurm knows the person. */
export function judgeRefusal(
  name: string,
  answer: SubmitAnswer,
  judgeSettings: () => Verdict | null,
): Verdict {
  return judgeController(answer) ?? judgePerson(name, answer) ?? judgeSettings() ?? judgeWords(name, answer);
}

function judgeController({ trial: { said } }: SubmitAnswer): Verdict | null {
  if (/name resolution|getaddrinfo|unable to resolve/i.test(said))
    return operatorError(
      'submit-controller-name',
      `this node cannot resolve the name of slurmctld’s host: ${said}`,
      'scontrol show config | grep SlurmctldHost; make that name resolve here (DNS, /etc/hosts)',
    );
  if (
    /unable to contact slurm controller|connection refused|timed out|no answer within|zero bytes/i.test(said)
  )
    return operatorError(
      'submit-slurmctld',
      `slurmctld gives no answer: ${said}`,
      'systemctl status slurmctld munge on its host',
    );
  return null;
}

function judgePerson(name: string, { associations, uid, ownUid, trial }: SubmitAnswer): Verdict | null {
  const refused = `Slurm refuses a job of ${name}: ${trial.said}`;
  const isKnown = 'rows' in associations && associations.rows.length > 0;
  if ('value' in uid && uid.value === null && isKnown)
    return operatorError(
      'submit-unresolved',
      `${refused}; slurmctld cannot resolve the name`,
      `getent passwd ${name} on slurmctld’s host, then scontrol reconfigure`,
    );
  if ('value' in uid && uid.value !== null && uid.value !== ownUid)
    return operatorError(
      'submit-uid',
      `${refused}; slurmctld knows ${name} with the uid ${uid.value}, and here it is ${ownUid}`,
      `one uid on every host: getent passwd ${name} here and on slurmctld’s host, then scontrol reconfigure`,
    );
  return 'rows' in associations ? judgeAssociations(name, associations.rows, refused) : null;
}

type Rows = Extract<SubmitAnswer['associations'], { rows: unknown }>['rows'];

function judgeAssociations(name: string, rows: Rows, refused: string): Verdict | null {
  const [first] = rows;
  if (first === undefined)
    return operatorError(
      'submit-no-association',
      `${refused}; slurmdbd has no association of ${name}`,
      `sacctmgr add user ${name} account=ACCOUNT`,
    );
  const standard = rows.filter(({ isDefault }) => isDefault);
  const [own] = standard;
  if (own === undefined)
    return operatorError(
      'submit-no-default',
      `${refused}; ${name} has no default account`,
      `sacctmgr modify user where name=${name} set DefaultAccount=${first.account}`,
    );
  if (standard.every(({ partition }) => partition !== ''))
    return operatorError(
      'submit-association-partition',
      `${refused}; in ${own.account} ${name} may use the partition ${standard.map(({ partition }) => partition).join(', ')} alone`,
      `sbatch --partition=${own.partition}, or sacctmgr add user ${name} account=${own.account}`,
    );
  if (standard.some(({ isStopped, partition }) => isStopped && partition === ''))
    return operatorError(
      'submit-stopped',
      `${refused}; MaxSubmitJobs is 0 in the default account ${own.account}`,
      `sacctmgr modify user where name=${name} account=${own.account} set MaxSubmitJobs=-1`,
    );
  return null;
}

function judgeWords(name: string, { trial: { said } }: SubmitAnswer): Verdict {
  const refused = `Slurm refuses a job of ${name}: ${said}`;
  if (/node configuration is not available|nodes are busy|nodes required for job/i.test(said))
    return operatorError(
      'submit-nodes',
      `no node can run a job: ${said}`,
      'sinfo -R says why nodes are down or drained; scontrol update NodeName=... State=RESUME',
    );
  if (/qos/i.test(said) && !/policy/i.test(said))
    return operatorError(
      'submit-qos',
      refused,
      `sacctmgr show assoc user=${name} format=account,qos,defaultqos; sacctmgr show qos lists what there is`,
    );
  if (/partition|qos|limit|policy|node configuration|permission/i.test(said))
    return operatorError(
      'submit-policy',
      refused,
      'scontrol show partition, sacctmgr show qos and sacctmgr show assoc list the limits',
    );
  return operatorError('submit-refused', refused, 'slurmctld’s log says more');
}
