// Whether the partition of a job that names none takes jobs of this person; a submission that is only tried meets few of its lists.
import type { SubmitAnswer } from '../../../host/slurm/ask-submit.ts';
import type { SubmitPartition } from '../../../host/slurm/parse-partitions.ts';
import { mayUse } from './judge-nodes.ts';
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
  return (
    judgeState(partition) ??
    judgeSender(name, partition, answer) ??
    judgeLists(name, partition, answer) ??
    judgeReserved(name, partition, answer) ??
    judgeSize(partition)
  );
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

function judgeReserved(
  name: string,
  { name: partition, isReservedOnly }: SubmitPartition,
  answer: SubmitAnswer,
): Verdict | null {
  if (!isReservedOnly) return null;
  const own = answer.reservations.filter((one) => mayUse(name, one, answer)).map((one) => one.name);
  const has = own.length === 0 ? `there is none that ${name} may use` : `${name} may use ${own.join(', ')}`;
  return operatorError(
    'submit-partition',
    `the partition ${partition} takes jobs of a reservation alone, and ${has}`,
    own.length === 0
      ? `scontrol update PartitionName=${partition} ReqResv=NO, or make a reservation: scontrol create reservation Users=${name} ...`
      : `sbatch --reservation=${own[0] ?? ''}`,
  );
}

/** A job that asks for nothing has one node. */
function judgeSize({ name, minNodes, maxNodes }: SubmitPartition): Verdict | null {
  if (minNodes <= 1 && (maxNodes ?? 1) > 0) return null;
  const setting = minNodes > 1 ? 'MinNodes=0' : 'MaxNodes=UNLIMITED';
  return operatorError(
    'submit-partition',
    minNodes > 1
      ? `the partition ${name} takes jobs of ${minNodes} nodes or more (MinNodes), and a job that asks for none has one`
      : `the partition ${name} takes jobs of no node (MaxNodes is 0)`,
    `scontrol update PartitionName=${name} ${setting}, or sbatch with another partition`,
  );
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
