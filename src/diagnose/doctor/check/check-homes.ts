// Check `homes`: whose home is not safe to log in to, and can users replace the homes of others?
import type { Facts } from '../facts.ts';
import { type Finding, found } from '../finding.ts';

export function checkHomes({ status, homesHazard }: Facts): Finding[] {
  const unsafe = status.ok ? (status.value.homes ?? []) : [];
  const findings = unsafe.map((home) =>
    found(
      'homes-unsafe',
      'error',
      `home of ${home}`,
      'run sunk-agent why NAME for each person: it says what to do',
    ),
  );
  if (homesHazard === null) return findings;
  return [
    ...findings,
    found(
      'homes-open-parent',
      'security',
      `others can replace existing homes: ${homesHazard}`,
      'let root alone write there (chown root, chmod go-w), or set the sticky bit (chmod +t)',
    ),
  ];
}
