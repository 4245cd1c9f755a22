// Check `services`: what the agent's last hourly round over the other name services found.
import { sayCount } from '../../../common/text/count-noun.ts';
import type { Facts } from '../facts.ts';
import { type Finding, found } from '../finding.ts';

/** Number of conflicts that are named. */
const NAMED = 3;

export function checkServices({ nameRound }: Facts): Finding[] {
  if (nameRound === null) return [];
  const { conflicts, unanswered, missing } = nameRound;
  const findings = unanswered.map(({ service, fault }) =>
    found(
      'services-unanswered',
      'error',
      `the name service ${service} of /etc/nsswitch.conf gives no answer to the agent's unit (${fault}), so new names and ids wait`,
      `bring it back; if the unit cannot reach it (it has no network), ask it through sssd or nslcd, or name it in nss.unasked`,
    ),
  );
  if (conflicts.length > 0) {
    const named = conflicts.slice(0, NAMED).map(({ detail }) => detail);
    const rest = conflicts.length - named.length;
    findings.push(
      found(
        'services-conflict',
        'security',
        `${named.join('; ')}${rest > 0 ? `; and ${sayCount(rest, 'more conflict')}` : ''}`,
        'give one of the two another name or id: nothing is changed by itself; if both are one person, the ids must become equal',
      ),
    );
  }
  for (const service of missing)
    findings.push(
      found(
        'services-missing',
        'warning',
        `/etc/nsswitch.conf names the service ${service}, and its module libnss_${service}.so.2 is not installed: it knows no one`,
        'install the module, or remove the service from the line',
      ),
    );
  return findings;
}
