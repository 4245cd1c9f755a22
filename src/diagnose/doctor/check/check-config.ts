// Check `config`: settings that deny logins, or let keys live without expiry.
import { adviseOnBackend } from '../../../config/accounts.ts';
import type { Facts } from '../facts.ts';
import { type Finding, found } from '../finding.ts';

export function checkConfig({ config, uidRange }: Facts): Finding[] {
  const findings: Finding[] = [];
  const [first, last] = config.accounts.id_range;
  // useradd(8) gives the uid after the highest one in use, so one managed account is enough to lead it there.
  if (uidRange !== null && uidRange[0] <= last && uidRange[1] >= first) {
    findings.push(
      found(
        'config-uid-max',
        'warning',
        `UID_MAX ${uidRange[1]} in /etc/login.defs lets useradd assign uids of accounts.id_range (${first}-${last}) to local accounts; users of the store who have those uids are then refused`,
        `set UID_MAX ${first - 1} in /etc/login.defs`,
      ),
    );
  }
  const advice = adviseOnBackend(config.accounts);
  if (advice !== null)
    findings.push(found('config-published', 'warning', advice, 'take that step before the next release'));
  if (config.access.groups.length === 0) {
    findings.push(
      found(
        'config-no-access',
        'error',
        'access.groups is empty, so no user has access',
        'add the group whose members may log in to access.groups',
      ),
    );
  }
  if (config.accounts.domains.length === 0 && config.scim.attributes.username === 'userName') {
    findings.push(
      found(
        'config-no-domains',
        'warning',
        'accounts.domains is empty, so a userName that is a mail address gets no account',
        'list the mail domains of your users in accounts.domains',
      ),
    );
  }
  if (config.keys.max_age === null) {
    findings.push(
      found(
        'config-max-age',
        'security',
        'keys.max_age is never: a key stays valid even if the store no longer confirms it',
        'set keys.max_age: 7d',
      ),
    );
  }
  if (config.mode === 'observe') {
    findings.push(
      found(
        'config-observe',
        'warning',
        'mode is observe: nothing on this node is changed',
        'check sunk-agent plan, then set mode: enforce',
      ),
    );
  }
  return findings;
}
