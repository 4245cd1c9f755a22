// Check `reader`: is one connected to the agent, and do both have the configuration as it is now?
import type { Facts } from './facts.ts';
import { type Finding, found } from './finding.ts';

export function checkReader({ agent, units }: Facts): Finding[] {
  const findings: Finding[] = [];
  // A unit that does not run is a finding of its own.
  if (agent.reader === 'away' && units?.reader !== false) {
    findings.push(
      found(
        'reader-away',
        'error',
        'the agent runs, but no reader is connected to it, so the node does not follow the store',
        'read why it ends or cannot connect: journalctl -u sunk-agent-reader',
      ),
    );
  }
  if (agent.isConfigInForce === false) {
    findings.push(
      found(
        'reader-config',
        'warning',
        'the configuration was changed after the agent read it, so the change is not in force',
        'sunk-agent config check, then systemctl restart sunk-agent sunk-agent-reader',
      ),
    );
  }
  return findings;
}
