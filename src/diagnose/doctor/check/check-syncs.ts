// Check `passes`: does the agent run, and did its last sync fail?
import { sayAgo } from '../../../common/text/relative-time.ts';
import { sayCommand } from '../../../agent/report/describe-stranded.ts';
import type { Status } from '../../../agent/report/status.ts';
import type { Facts } from '../facts.ts';
import { type Finding, found } from '../finding.ts';

export function checkSyncs({ units, status, agents, now }: Facts): Finding[] {
  const findings = [...checkUnits(units), ...checkAgents(agents)];
  if (!status.ok) {
    const detail = `there is no status of a sync: ${status.why}`;
    return [...findings, found('passes-none', 'warning', detail, 'run sunk-agent sync')];
  }
  return [...findings, ...checkStatus(status.value, now)];
}

/** To approve is not the way back: it is the way on. */
function explainHeld(hash: string): string {
  return `look at it: sunk-agent plan. If it is a mistake, correct it at the store: until then the node keeps everything. If it is intended, apply it at once: sunk-agent approve ${hash}`;
}

function checkUnits(units: Facts['units']): Finding[] {
  if (units === null) return [];
  const stopped = [...(units.agent ? [] : ['sunk-agent']), ...(units.reader ? [] : ['sunk-agent-reader'])];
  if (stopped.length === 0) return [];
  return [
    found(
      'passes-not-running',
      'error',
      `${stopped.join(' and ')} ${stopped.length > 1 ? 'do' : 'does'} not run, so the node does not follow the store`,
      `start it: systemctl start ${stopped.join(' ')}`,
    ),
  ];
}

function checkAgents(agents: Facts['agents']): Finding[] {
  if (agents.length < 2) return [];
  return [
    found(
      'passes-two-agents',
      'error',
      `${agents.length} agents run on this node (processes ${agents.join(', ')}), and only one of them has the reader`,
      'keep the one that systemctl status sunk-agent shows, and end the others: kill PID',
    ),
  ];
}

function checkStatus(
  {
    problems,
    guard,
    lastSync,
    store,
    stranded,
  }: Omit<Status, 'stranded'> & Partial<Pick<Status, 'stranded'>>,
  now: number,
): Finding[] {
  const findings: Finding[] = [];
  const [problem] = problems;
  if (problem !== undefined) {
    findings.push(
      found(
        'passes-problem',
        'error',
        `the last sync (${sayAgo(lastSync.at, now)}) failed: ${problem}`,
        'correct that, then run sunk-agent sync',
      ),
    );
  }
  if (store.lastComplete === null) {
    findings.push(
      found('passes-incomplete', 'error', 'the store has never been read completely', 'run sunk-agent sync'),
    );
  }
  for (const { hash, reason } of guard.held) {
    findings.push(found('passes-held', 'warning', `the guard holds changes: ${reason}`, explainHeld(hash)));
  }
  // A status of another build has none.
  for (const { kind, name, from, to } of stranded ?? []) {
    findings.push(
      found(
        'passes-stranded',
        'warning',
        `the ${kind} ${name} was created again at the store with another SCIM id (${to}), so the policy refuses it`,
        `if it is the same one: ${sayCommand({ from, to })} --apply`,
      ),
    );
  }
  if (guard.frozenUntil !== null && guard.frozenUntil > now) {
    findings.push(
      found(
        'passes-frozen',
        'warning',
        'this node is frozen: no access is granted, and users missing from the store keep theirs',
        'to end the freeze early: sunk-agent thaw',
      ),
    );
  }
  return findings;
}
