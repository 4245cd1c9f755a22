// Whether the partition of a job that names none takes jobs of this person; a submission that is only tried meets few of its lists.
import type { SubmitAnswer } from '../../../host/slurm/ask-submit.ts';
import type { SubmitPartition } from '../../../host/slurm/parse-partitions.ts';
import { operatorError, type Verdict } from '../verdict.ts';

/** null: it does, as far as slurmctld says. */
export function judgePartition(name: string, answer: SubmitAnswer): Verdict | null {
  const { partitions } = answer;
  if (partitions === null) return null;
  const partition = partitions.find(({ isDefault }) => isDefault);
  if (partition === undefined)
    return operatorError(
      'submit-no-partition',
      `no partition is the default, so a job of ${name} must name one of ${partitions.map((one) => one.name).join(', ')}`,
      `scontrol update PartitionName=${partitions[0]?.name ?? 'NAME'} Default=YES, and in slurm.conf`,
    );
  return judgeState(partition) ?? judgeSender(name, partition, answer) ?? judgeLists(name, partition, answer);
}

function judgeState({ name, state }: SubmitPartition): Verdict | null {
  if (state === 'UP' || state === '') return null;
  const effect = state === 'DOWN' ? 'starts no job' : 'takes no job';
  return operatorError(
    'submit-partition-state',
    `the partition ${name} is ${state} and ${effect}`,
    `scontrol update PartitionName=${name} State=UP, or sbatch with another partition`,
  );
}

function judgeSender(
  name: string,
  { name: partition, hosts, isRootOnly, groups: allowed }: SubmitPartition,
  { host, groups }: SubmitAnswer,
): Verdict | null {
  const other = 'or sbatch with another partition';
  if (isRootOnly)
    return operatorError(
      'submit-partition',
      `the partition ${partition} takes jobs of root alone`,
      `scontrol update PartitionName=${partition} RootOnly=NO, ${other}`,
    );
  if (hosts !== null && !hosts.includes(host))
    return operatorError(
      'submit-partition',
      `the partition ${partition} takes jobs from ${hosts.join(', ')} alone, and this host is ${host}`,
      `scontrol update PartitionName=${partition} AllocNodes=..., ${other}`,
    );
  if (allowed !== null && !allowed.some((group) => groups.includes(group)))
    return operatorError(
      'submit-partition',
      `the partition ${partition} takes jobs of the groups ${allowed.join(', ')} alone, and ${name} is in none of them`,
      `scontrol update PartitionName=${partition} AllowGroups=..., ${other}`,
    );
  return null;
}

function judgeLists(
  name: string,
  partition: SubmitPartition,
  { associations }: SubmitAnswer,
): Verdict | null {
  const own = 'rows' in associations ? associations.rows.find(({ isDefault }) => isDefault) : undefined;
  if (own === undefined) return null;
  const { account, defaultQos } = own;
  const ofName = `the default account of ${name}`;
  const { name: part, accounts, deniedAccounts, qos, deniedQos } = partition;
  const refuse = (detail: string, setting: string): Verdict =>
    operatorError(
      'submit-partition',
      `the partition ${part} ${detail}`,
      `scontrol update PartitionName=${part} ${setting}, or sbatch with another partition or account`,
    );
  if (accounts !== null && !accounts.includes(account))
    return refuse(
      `takes jobs of ${accounts.join(', ')} alone, and ${account} is ${ofName}`,
      'AllowAccounts=...',
    );
  if (accounts === null && deniedAccounts.includes(account))
    return refuse(`takes no jobs of ${account}, ${ofName}`, 'DenyAccounts=...');
  const ofQos = `the QOS of a job of ${name} that names none`;
  if (qos !== null && !qos.includes(defaultQos))
    return refuse(
      `takes jobs of the QOS ${qos.join(', ')} alone, and ${defaultQos} is ${ofQos}`,
      'AllowQos=...',
    );
  if (qos === null && deniedQos.includes(defaultQos))
    return refuse(`takes no jobs of the QOS ${defaultQos}, ${ofQos}`, 'DenyQos=...');
  return null;
}
