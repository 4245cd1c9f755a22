// The provisioning log of a cycle, and the steps of one on demand, in words for people.
import type { Step } from './entra/on-demand.ts';
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

/** The steps of a provisioning on demand, numbered, under the name of the user or group. */
export function writeSteps(name: string, steps: readonly Step[]): string {
  const lines = steps.map(
    ({ title, outcome, detail }, index) => `  ${index + 1}. ${outcome.padEnd(8)} ${title}: ${detail}\n`,
  );
  return `${name}\n${lines.join('')}`;
}
