// Check `sudo`: does sudo read what sunk-agent writes, and does a local group make someone of the store root?
import type { Facts } from '../facts.ts';
import { type Finding, found } from '../finding.ts';

export function checkSudo({ sudo }: Facts): Finding[] {
  const findings: Finding[] = [];
  if (sudo.includesManaged === false) {
    findings.push(
      found(
        'sudo-not-included',
        'error',
        '/etc/sudoers does not include /etc/sudoers.d, so sudo refuses the members of access.sudo_groups',
        'run visudo, and write as the last line: @includedir /etc/sudoers.d',
      ),
    );
  }
  for (const { group, location, names } of sudo.members) {
    const [first = ''] = names;
    findings.push(
      found(
        'sudo-local-group',
        'security',
        `${location} gives power to the group ${group}, to which a local change added ${names.slice(0, 3).join(', ')}, whatever the store says`,
        `remove each of them, and use access.sudo_groups instead: gpasswd -d ${first} ${group}`,
      ),
    );
  }
  return findings;
}
