// Whether what stopped the canary stops the users as well. Pure.
import type { SshdSettings } from '../sshd/sshd-findings.ts';
import { judgeTrial, type TrialOutcome, type TrialRecord } from './trial-outcome.ts';

export interface CanaryOutcome extends TrialOutcome {
  readonly state: 'proven' | 'failed' | 'unproven';
}

/**
 * A rule about who may log in, or from where, says nothing about the others.
 * @param settings of sshd for the canary; null: sshd does not report them.
 */
export function judgeCanary(record: TrialRecord, settings: SshdSettings | null): CanaryOutcome {
  const outcome = judgeTrial(record);
  // A command that is forced took the place of the shell.
  if (outcome.failed === null) return { ...outcome, state: outcome.detail === '' ? 'proven' : 'unproven' };
  const said = [...(record.server ?? []), ...record.client.split('\n')];
  if (said.some((line) => OF_THE_CANARY.some((pattern) => pattern.test(line))))
    return { ...outcome, state: 'unproven' };
  // Without sshd's log it cannot be told which rule it was.
  const hasRules = LISTS.some((keyword) => (settings?.get(keyword) ?? []).length > 0);
  const hasNoLog = record.server === null || record.server.length === 0;
  return {
    ...outcome,
    state: outcome.failed === 'authenticate' && hasNoLog && hasRules ? 'unproven' : 'failed',
  };
}

const LISTS = ['allowusers', 'denyusers', 'allowgroups', 'denygroups'];

/** Messages of sshd(8), auth.c, and of the modules of PAM that judge an account by its name, its uid or its groups. */
const OF_THE_CANARY = [
  /^User sunk-canary from \S+ not allowed because /,
  /^pam_(?:access|listfile|succeed_if|shells|wheel|group)\(sshd:\w+\): /,
  // A penalty of sshd (PerSourcePenalties) is the address's own.
  /Not allowed at this time/,
  /\bpenalty\b/,
];
