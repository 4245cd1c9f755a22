// What sunk-agent should have done for a person in Slurm, and why it is not done.
import type { SubmitAnswer } from '../../../host/slurm/ask-submit.ts';
import { fixSlurmProblem } from '../../../agent/slurm/fix-slurm-problem.ts';
import type { SlurmStatus } from '../../../agent/slurm/slurm-status.ts';
import { sayTime } from '../../../common/text/relative-time.ts';
import { FROZEN } from '../../../plan/sync/plan-sync.ts';
import { error, operatorError, type Verdict } from '../verdict.ts';
import type { SubmitFacts } from './submit-facts.ts';

const COMPARED = 'sunk-agent status says when Slurm was last compared';

/** What sunk-agent should have done; null: nothing of it is missing, or Slurm is not its to manage. */
export function judgeManaged(name: string, facts: SubmitFacts, answer: SubmitAnswer): Verdict | null {
  const { config, person, desired, status } = facts;
  if (config.slurm.mode === 'off' || desired === null || person === null) return null;
  if (person.accounts.length === 0) {
    const groups = [...new Set(config.slurm.rules.map(({ group }) => group))].join(', ');
    const drains = sayDrains(name, status);
    return error(
      'submit-no-rule',
      person.isEnabled
        ? `no rule of slurm.rules gives ${name} an account: ${name} is in none of the groups ${groups}${drains}`
        : `${name} has no access to this node, so no account in Slurm${drains}`,
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
    return operatorError(
      'submit-slurmdbd',
      `slurmdbd gives no answer: ${answer.associations.fault}`,
      'systemctl status slurmdbd munge mariadb on its host',
    );
  if (refusal !== undefined)
    return operatorError(
      `submit-${refusal.code.replace(/^slurm-/, '')}`,
      refusal.detail,
      sayFix(refusal.code),
    );
  if (config.slurm.mode === 'observe' || status?.observing === true)
    return operatorError(
      'submit-observing',
      `slurm.mode is observe, so ${name} has no association in ${missing.join(', ')}`,
      'set slurm.mode: enforce, then systemctl restart sunk-agent',
    );
  return judgeRound(name, missing, status);
}

function sayDrains(name: string, status: SlurmStatus | null): string {
  const own = (status?.draining ?? []).filter((one) => one.name === name);
  return own
    .map(
      ({ account, until }) =>
        `; running jobs in ${account} go on until ${sayTime(until)} (drain of its rule)`,
    )
    .join('');
}

function judgeRound(name: string, missing: readonly string[], status: SlurmStatus | null): Verdict {
  const lacks = `${name} has no association in ${missing.join(', ')}`;
  if (status === null || status.failure !== null)
    return operatorError(
      'submit-not-compared',
      `${lacks}, and Slurm cannot be compared: ${status?.failure?.problem ?? 'no round has ended'}`,
      'systemctl status sunk-agent sunk-agent-slurm slurmdbd munge',
    );
  const problem = status.problems.find(
    (one) => one.includes(` ${name} `) || missing.some((a) => one.includes(a)),
  );
  if (problem !== undefined)
    return operatorError('submit-round', `${lacks}: ${problem}`, fixSlurmProblem(problem));
  const [held] = status.held;
  if (held !== undefined && held.reason === FROZEN)
    return operatorError('submit-frozen', `${lacks}: ${FROZEN}`, 'sunk-agent thaw');
  if (held !== undefined)
    return operatorError(
      'submit-held',
      `${lacks}, and the guard holds changes of Slurm: ${held.reason}`,
      `look at it: sunk-agent status; if it is intended: sunk-agent approve ${held.hash}`,
    );
  return operatorError('submit-no-association', `${lacks}: the next round adds it`, COMPARED);
}

function has(rows: readonly { account: string; partition: string }[], account: string): boolean {
  return rows.some((row) => row.account === account);
}

function sayFix(code: string): string {
  if (code === 'slurm-uid')
    return 'make slurmctld’s host resolve the name as this node does, then wait for the next round';
  if (code.endsWith('-foreign'))
    return 'look at it: sunk-agent import --slurm; take it over: sunk-agent import --slurm --apply';
  return 'change slurm.rules, then systemctl restart sunk-agent';
}
