// Check `decisions`: what waits for the operator, or what an operator wrote in vain.
import { describeOverrides, describeTakeover } from '../../../agent/report/describe-undecided.ts';
import type { Facts } from '../facts.ts';
import { type Finding, found } from '../finding.ts';

export function checkDecisions({ refusals, config }: Facts): Finding[] {
  // An agent that only observes moves nothing, and the takeover has not begun.
  const takeover = config.mode === 'observe' ? [] : describeTakeover(refusals);
  return [
    ...takeover.map((detail) =>
      found(
        'decisions-takeover',
        'warning',
        detail,
        'see sunk-agent import /etc/passwd.cache, then decide with --keep-uids and --unknown',
      ),
    ),
    ...describeOverrides(refusals).map((detail) =>
      found(
        'decisions-override',
        'warning',
        detail,
        'correct that entry of overrides in config.yaml, or remove it',
      ),
    ),
  ];
}
