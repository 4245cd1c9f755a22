// Names, groups and ids to which this node gives power by name: sudo, polkit, doas and PAM. What grants none reserves none.
import { readLatin1 } from '../fs/read-text.ts';
import { collectSudoers } from './collect-sudoers.ts';
import { findDoasGrants } from './doas-grants.ts';
import { findPamGrants } from './pam-grants.ts';
import { findPolkitGrants } from './polkit-grants.ts';
import { findSudoGrants, type Privileged } from './sudo-grants.ts';

/**
 * Reads all of it below `root`, without the files that sunk-agent writes.
 * @param hostname as uname(2) has it: sudoers(5) has rules for single hosts.
 */
export function readPrivilegedNames(root: string, hostname: string): Privileged {
  const found = findSudoGrants(collectSudoers(root, hostname), hostname);
  addDirectoryServices(root, found);
  findPolkitGrants(root, found);
  findDoasGrants(root, found);
  findPamGrants(root, found);
  return found;
}

/** Of the `sudoers` line of nsswitch.conf(5), as sudo reads it. */
function addDirectoryServices(root: string, found: Privileged): void {
  const file = 'etc/nsswitch.conf';
  for (const [index, line] of readLatin1(root, file).split('\n').entries()) {
    const [, services = ''] = /^[ \t]*sudoers[ \t]*:([^#]*)/i.exec(line) ?? [];
    for (const service of services.replace(/\[[^\]]*\]/g, ' ').split(/\s+/))
      if (service !== '' && service !== 'files')
        found.unchecked.push({
          what: `sudo rules of the service ${service}`,
          location: `/${file}:${index + 1}`,
        });
  }
}
