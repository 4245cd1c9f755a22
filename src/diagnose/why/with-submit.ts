// The chain with what Slurm answers as its last link: rule, round, association, name at the controller, a submission. Pure.
import type { Config } from '../../config/config.ts';
import type { SubmitAnswer } from '../../host/slurm/ask-submit.ts';
import type { SlurmStatus } from '../../agent/slurm/slurm-status.ts';
import type { DesiredSlurm, DesiredSlurmPerson } from '../../policy/slurm/desired-slurm.ts';
import type { Chain } from './chain.ts';
import { error, ok, unknown, type Verdict } from './verdict.ts';

export interface SubmitFacts {
  readonly config: Pick<Config, 'slurm'>;
  /** What the rules say; null: the state database cannot be read, or the person has no account on this node. */
  readonly desired: DesiredSlurm | null;
  readonly person: DesiredSlurmPerson | null;
  /** Of the last round; null: none has ended. */
  readonly status: SlurmStatus | null;
  /** Or why Slurm was not asked. */
  readonly answer: SubmitAnswer | { readonly fault: string };
}

/** A submission that works says so whatever the rules say; one that fails is explained by the first thing that is wrong. */
export function addSubmit(chain: Chain, name: string, facts: SubmitFacts): Chain {
  const link = { link: 'submit' as const, ...judgeSubmit(name, facts) };
  const isCause = link.level === 'error' && chain.cause?.level !== 'error';
  return { ...chain, links: [...chain.links, link], cause: isCause ? link : chain.cause };
}

const COMPARED = 'sunk-agent status says when Slurm was last compared';

function judgeSubmit(name: string, facts: SubmitFacts): Verdict {
  const { answer } = facts;
  if ('fault' in answer) return unknown(`Slurm was not asked: ${answer.fault}`);
  if (answer.trial.isTaken)
    return judgePartition(name, answer) ?? ok(`Slurm takes a job of ${name}: ${answer.trial.said}`);
  return judgeManaged(name, facts, answer) ?? judgeRefusal(name, answer);
}

/** The lists of the default partition, which a submission that is only tried does not meet. */
function judgePartition(name: string, { associations, partition, groups }: SubmitAnswer): Verdict | null {
  const account =
    'rows' in associations ? associations.rows.find(({ isDefault }) => isDefault)?.account : null;
  if (partition === null) return null;
  const { accounts, groups: allowed } = partition;
  if (accounts !== null && typeof account === 'string' && !accounts.includes(account))
    return error(
      'submit-partition',
      `the partition ${partition.name} takes jobs of ${accounts.join(', ')} alone, and ${account} is the default account of ${name}`,
      'operator',
      `scontrol update PartitionName=${partition.name} AllowAccounts=..., or sbatch with another partition or account`,
    );
  if (allowed !== null && !allowed.some((group) => groups.includes(group)))
    return error(
      'submit-partition',
      `the partition ${partition.name} takes jobs of the groups ${allowed.join(', ')} alone, and ${name} is in none of them`,
      'operator',
      `scontrol update PartitionName=${partition.name} AllowGroups=..., or sbatch with another partition`,
    );
  return null;
}

/** What sunk-agent should have done; null: nothing of it is missing, or Slurm is not its to manage. */
function judgeManaged(name: string, facts: SubmitFacts, answer: SubmitAnswer): Verdict | null {
  const { config, person, desired, status } = facts;
  if (config.slurm.mode === 'off' || desired === null || person === null) return null;
  if (person.accounts.length === 0) {
    const groups = [...new Set(config.slurm.rules.map(({ group }) => group))].join(', ');
    return error(
      'submit-no-rule',
      person.isEnabled
        ? `no rule of slurm.rules gives ${name} an account: ${name} is in none of the groups ${groups}`
        : `${name} has no access to this node, so no account in Slurm`,
      'provider',
      person.isEnabled
        ? `add ${name} to one of these groups`
        : `sunk-agent why ${name} without --submit says why`,
    );
  }
  const refusal = status?.refusals.find(
    (one) => one.scimId === person.scimId || person.accounts.includes(one.name),
  );
  const missing = person.accounts.filter(
    (account) => !('rows' in answer.associations) || !has(answer.associations.rows, account),
  );
  if (missing.length === 0) return null;
  if ('fault' in answer.associations)
    return error(
      'submit-slurmdbd',
      `slurmdbd gives no answer: ${answer.associations.fault}`,
      'operator',
      'systemctl status slurmdbd munge mariadb on its host',
    );
  if (refusal !== undefined)
    return error(
      `submit-${refusal.code.replace(/^slurm-/, '')}`,
      refusal.detail,
      'operator',
      sayFix(refusal.code),
    );
  if (config.slurm.mode === 'observe' || status?.observing === true)
    return error(
      'submit-observing',
      `slurm.mode is observe, so ${name} has no association in ${missing.join(', ')}`,
      'operator',
      'set slurm.mode: enforce, then systemctl restart sunk-agent',
    );
  return judgeRound(name, missing, status);
}

function judgeRound(name: string, missing: readonly string[], status: SlurmStatus | null): Verdict {
  const lacks = `${name} has no association in ${missing.join(', ')}`;
  if (status === null || status.failure !== null)
    return error(
      'submit-not-compared',
      `${lacks}, and Slurm cannot be compared: ${status?.failure?.problem ?? 'no round has ended'}`,
      'operator',
      'systemctl status sunk-agent sunk-agent-slurm slurmdbd munge',
    );
  const problem = status.problems.find(
    (one) => one.includes(` ${name} `) || missing.some((a) => one.includes(a)),
  );
  if (problem !== undefined)
    return error(
      'submit-round',
      `${lacks}: ${problem}`,
      'operator',
      'fix what Slurm says; the next round tries again',
    );
  const [held] = status.held;
  if (held !== undefined)
    return error(
      'submit-held',
      `${lacks}, and the guard holds changes of Slurm: ${held.reason}`,
      'operator',
      `look at it first; sunk-agent approve ${held.hash} lets them go`,
    );
  return error('submit-no-association', `${lacks}: the next round adds it`, 'operator', COMPARED);
}

function has(rows: readonly { account: string; partition: string }[], account: string): boolean {
  return rows.some((row) => row.account === account);
}

function sayFix(code: string): string {
  if (code === 'slurm-uid')
    return 'make slurmctld’s host resolve the name as this node does, then wait for the next round';
  if (code.endsWith('-foreign')) return 'sunk-agent import --slurm shows it, --apply takes it over';
  return 'change slurm.rules, then systemctl restart sunk-agent';
}

/** By what sbatch, slurmdbd and slurmctld said, also where sunk-agent does not manage Slurm. */
function judgeRefusal(name: string, { associations, uid, trial }: SubmitAnswer): Verdict {
  const refused = `Slurm refuses a job of ${name}: ${trial.said}`;
  if (/munge|protocol authentication|invalid authentication/i.test(trial.said))
    return error(
      'submit-munge',
      refused,
      'operator',
      'systemctl status munge here and on slurmctld’s host; both need one key and one clock',
    );
  if (/unable to contact slurm controller|connection refused|timed out|no answer within/i.test(trial.said))
    return error(
      'submit-slurmctld',
      `slurmctld gives no answer: ${trial.said}`,
      'operator',
      'systemctl status slurmctld munge on its host',
    );
  if ('value' in uid && uid.value === null && 'rows' in associations && associations.rows.length > 0)
    return error(
      'submit-unresolved',
      `${refused}; slurmctld cannot resolve the name`,
      'operator',
      `getent passwd ${name} on slurmctld’s host, then scontrol reconfigure`,
    );
  if ('rows' in associations) {
    const { rows } = associations;
    if (rows.length === 0)
      return error(
        'submit-no-association',
        `${refused}; slurmdbd has no association of ${name}`,
        'operator',
        `sacctmgr add user ${name} account=ACCOUNT`,
      );
    const standard = rows.find(({ isDefault }) => isDefault);
    if (standard?.isStopped === true)
      return error(
        'submit-stopped',
        `${refused}; MaxSubmitJobs is 0 in the default account ${standard.account}`,
        'operator',
        `sacctmgr modify user where name=${name} account=${standard.account} set MaxSubmitJobs=-1`,
      );
    if (standard === undefined)
      return error(
        'submit-no-default',
        `${refused}; ${name} has no default account`,
        'operator',
        `sacctmgr modify user where name=${name} set DefaultAccount=${rows[0]?.account ?? 'ACCOUNT'}`,
      );
  }
  if (/partition|qos|limit|policy|node configuration|permission/i.test(trial.said))
    return error(
      'submit-policy',
      refused,
      'operator',
      'scontrol show partition, sacctmgr show qos and sacctmgr show assoc list the limits',
    );
  return error('submit-refused', refused, 'operator', 'slurmctld’s log says more');
}
