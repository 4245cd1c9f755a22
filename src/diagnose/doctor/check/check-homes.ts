// Check `homes`: whose home is not safe to log in to, and can users replace the homes of others?
import type { Facts } from '../facts.ts';
import { type Finding, found } from '../finding.ts';

export function checkHomes({ status, homesHazard }: Facts): Finding[] {
  const unsafe = status.ok ? (status.value.homes ?? []) : [];
  const findings = unsafe.map((home) =>
    found('homes-unsafe', 'error', `home of ${home}`, 'sunk-agent why NAME says what to do, for each person'),
  );
  if (homesHazard === null) return findings;
  return [
    ...findings,
    found(
      'homes-open-parent',
      'security',
      `homes that exist can be replaced by others: ${homesHazard}`,
      'let root alone write there (chown root, chmod go-w), or set the sticky bit (chmod +t)',
    ),
  ];
}
