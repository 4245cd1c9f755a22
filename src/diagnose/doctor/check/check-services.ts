// Check `services`: what the agent's last hourly round over the other name services found, and what they say just now.
import { sayCount } from '../../../common/text/count-noun.ts';
import type { Facts } from '../facts.ts';
import { type Finding, found } from '../finding.ts';

/** Number of conflicts that are named. */
const NAMED = 3;

export function checkServices({ nameRound, names }: Facts): Finding[] {
  const {
    conflicts: known,
    unanswered,
    missing,
  } = nameRound ?? { conflicts: [], unanswered: [], missing: [] };
  // What was asked just now may be newer than the round.
  const fresh = (names.ok ? names.value.otherwise : []).filter(({ name }) =>
    known.every((one) => one.kind !== 'account' || one.name !== name),
  );
  const conflicts = [...known, ...fresh];
  const findings = unanswered.map(({ service, fault }) =>
    found(
      'services-unanswered',
      'error',
      `the name service ${service} of /etc/nsswitch.conf gives no answer to the agent's unit (${fault}), so new names and ids wait`,
      `start it again; if the unit cannot reach it (the unit has no network), put it behind sssd or nslcd, or name it in nss.unasked`,
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
        'give one of the two another name or id, which sunk-agent never does by itself; if both are one person, make the ids equal',
      ),
    );
  }
  for (const service of missing)
    findings.push(
      found(
        'services-missing',
        'warning',
        `/etc/nsswitch.conf names the service ${service}, but its module libnss_${service}.so.2 is not installed, so it resolves no name`,
        'install the module, or remove the service from the line',
      ),
    );
  return findings;
}
