// A limit that lets no job of a person start, or none be submitted: which, where it is set, and the command that lifts it.
import type { SubmitAnswer } from '../../../host/slurm/ask-submit.ts';
import type { ExhaustedLimit } from '../../../host/slurm/parse-limits.ts';
import { operatorError, type Verdict } from '../verdict.ts';
import type { SubmitFacts } from './submit-facts.ts';

/** null: none, as far as Slurm shows them. */
export function judgeLimits(
  name: string,
  { limits }: SubmitAnswer,
  { config }: Pick<SubmitFacts, 'config'>,
): Verdict | null {
  const [first] = limits;
  if (first === undefined) return null;
  const { limit, value, used } = first;
  const amount = used === null ? `is ${value}` : `is ${value}, and ${used} are used`;
  const detail = `no job of ${name} starts: ${limit} of ${describeOwner(name, first)} ${amount}`;
  const [key = ''] = limit.split('=');
  const rule = config.slurm.rules.find(({ limits: own }) => Object.keys(own).includes(key));
  const isByRule = first.of === 'account' && rule !== undefined;
  return operatorError(
    'submit-limit',
    detail,
    isByRule
      ? `change limits of the rule of ${rule.group} in slurm.rules, then systemctl restart sunk-agent`
      : `sacctmgr modify ${sayTarget(name, first)} set ${limit}=-1`,
  );
}

function describeOwner(user: string, { of, name }: ExhaustedLimit): string {
  if (of === 'user') return `${user} in the account ${name}`;
  return of === 'qos' ? `the QOS ${name}` : `the account ${name}`;
}

function sayTarget(user: string, { of, name }: ExhaustedLimit): string {
  // Without a partition: else those of one partition are changed too.
  if (of === 'user') return `user where name=${user} account=${name} partition=`;
  return `${of} where name=${name}`;
}
