// Why Slurm refuses a job, by what sbatch, slurmdbd and slurmctld said, also where sunk-agent does not manage Slurm.
import type { SubmitAnswer } from '../../../host/slurm/ask-submit.ts';
import { operatorError, type Verdict } from '../verdict.ts';
import { judgeNodes } from './judge-nodes.ts';

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
      'scontrol ping names its host; there: systemctl status slurmctld munge; SlurmctldPort in slurm.conf here and there must be one',
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
      `make it resolve: getent passwd ${name} on slurmctld’s host, then scontrol reconfigure`,
    );
  if ('value' in uid && uid.value !== null && uid.value !== ownUid)
    return operatorError(
      'submit-uid',
      `${refused}; slurmctld knows ${name} with the uid ${uid.value}, and here it is ${ownUid}`,
      `give the name one uid on every host: getent passwd ${name} here and on slurmctld’s host, then scontrol reconfigure`,
    );
  return 'rows' in associations ? judgeAssociations(name, associations, refused) : null;
}

type Found = Extract<SubmitAnswer['associations'], { rows: unknown }>;

function judgeAssociations(name: string, { rows, elsewhere }: Found, refused: string): Verdict | null {
  const [first] = rows;
  if (first === undefined) {
    const other = elsewhere.length === 0 ? '' : ` on this cluster, only on ${elsewhere.join(', ')}`;
    return operatorError(
      'submit-no-association',
      `${refused}; slurmdbd has no association of ${name}${other}`,
      `sacctmgr add user ${name} account=ACCOUNT${other === '' ? '' : ' cluster=CLUSTER'}`,
    );
  }
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
      `sacctmgr modify user where name=${name} account=${own.account} partition= set MaxSubmitJobs=-1`,
    );
  return null;
}

function judgeWords(name: string, answer: SubmitAnswer): Verdict {
  const { said } = answer.trial;
  const refused = `Slurm refuses a job of ${name}: ${said}`;
  if (/node configuration is not available|nodes are busy|nodes required for job/i.test(said))
    return judgeNodes(answer);
  if (/qos/i.test(said) && !/policy/i.test(said))
    return operatorError(
      'submit-qos',
      refused,
      `sacctmgr show assoc user=${name} format=account,qos,defaultqos; sacctmgr show qos lists what there is`,
    );
  const isOfSettings = /partition|qos|\blimits?\b(?! spec)|policy|permission/i.test(said);
  if (answer.plugins.length > 0 && !isOfSettings)
    return operatorError(
      'submit-plugin',
      `${refused}; slurmctld asks the plugins ${answer.plugins.join(', ')} about each job (JobSubmitPlugins)`,
      /time limit/i.test(said)
        ? 'sbatch --time=MINUTES, or take the plugin out of JobSubmitPlugins in slurm.conf on slurmctld’s host'
        : 'sbatch with what it asks for; its rules are in job_submit.lua and JobSubmitPlugins of slurm.conf on slurmctld’s host',
    );
  if (isOfSettings)
    return operatorError(
      'submit-policy',
      refused,
      'compare the limits: scontrol show partition, sacctmgr show qos, sacctmgr show assoc',
    );
  return operatorError(
    'submit-refused',
    refused,
    'read the log of slurmctld: journalctl -u slurmctld on its host',
  );
}
