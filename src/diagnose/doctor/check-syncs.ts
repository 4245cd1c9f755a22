// Check `passes`: does the agent run, and what did its last pass complain of?
import { sayAgo } from '../../common/relative-time.ts';
import type { Facts } from './facts.ts';
import { type Finding, found } from './finding.ts';

export function checkSyncs({ units, status, now }: Facts): Finding[] {
  const findings: Finding[] = [];
  if (units !== null) {
    const stopped = [...(units.agent ? [] : ['sunk-agent']), ...(units.reader ? [] : ['sunk-agent-reader'])];
    if (stopped.length > 0) {
      findings.push(
        found(
          'passes-not-running',
          'broken',
          `${stopped.join(' and ')} ${stopped.length > 1 ? 'do' : 'does'} not run: nothing follows the store`,
          `start it: systemctl start ${stopped.join(' ')}`,
        ),
      );
    }
  }
  if (!status.ok) {
    findings.push(
      found('passes-none', 'warning', `no pass has left a status: ${status.why}`, 'run sunk-agent sync'),
    );
    return findings;
  }
  const { problems, guard, lastPass, store } = status.value;
  const [problem] = problems;
  if (problem !== undefined)
    findings.push(
      found(
        'passes-problem',
        'broken',
        `the last pass (${sayAgo(lastPass.at, now)}) could not do its work: ${problem}`,
        'mend that, then run sunk-agent sync',
      ),
    );
  if (store.lastComplete === null)
    findings.push(
      found('passes-incomplete', 'broken', 'the store has never been read completely', 'run sunk-agent sync'),
    );
  for (const { hash, reason } of guard.held)
    findings.push(
      found(
        'passes-held',
        'warning',
        `the guard holds changes: ${reason}`,
        `look at sunk-agent plan, then sunk-agent approve ${hash}`,
      ),
    );
  if (guard.frozenUntil !== null && guard.frozenUntil > now)
    findings.push(
      found('passes-frozen', 'warning', 'this node is frozen: no grants and no absences', 'sunk-agent thaw'),
    );
  return findings;
}
