// The provisioning log of a cycle in words for people.
import type { LogLine } from './idp-client.ts';

/** One line for each object, failures with the service's own words; then the sum. */
export function writeReport(log: readonly LogLine[], isQuarantined: boolean): string {
  const lines = log.map(({ object, action, outcome, status, detail }) => {
    const reason = detail === '' ? '' : `: ${detail}`;
    return `${outcome.padEnd(8)} ${action.padEnd(14)} ${object}${status === null ? '' : ` (${status})`}${reason}\n`;
  });
  const failed = log.filter((line) => line.outcome === 'failure').length;
  const sum = log.length === 0 ? 'nothing to do\n' : `${log.length - failed} done, ${failed} failed\n`;
  const quarantine = isQuarantined ? 'in quarantine: too much of this cycle failed\n' : '';
  return lines.join('') + sum + quarantine;
}
