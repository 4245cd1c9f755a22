// Check `config`: what the configuration says that keeps people out, or lets keys live for ever.
import type { Facts } from './facts.ts';
import { type Finding, found } from './finding.ts';

export function checkConfig({ config, uidRange }: Facts): Finding[] {
  const findings: Finding[] = [];
  const [first, last] = config.accounts.id_range;
  // useradd(8) gives the uid after the highest one in use, so one managed account is enough to lead it there.
  if (uidRange !== null && uidRange[0] <= last && uidRange[1] >= first) {
    findings.push(
      found(
        'config-uid-max',
        'warning',
        `UID_MAX ${uidRange[1]} in /etc/login.defs lets useradd give local accounts uids of accounts.id_range (${first}-${last}), which their owners at the store are then refused`,
        `write UID_MAX ${first - 1} into /etc/login.defs`,
      ),
    );
  }
  if (config.access.groups.length === 0) {
    findings.push(
      found(
        'config-no-access',
        'broken',
        'access.groups is empty, so nobody may log in',
        'name the group whose members may log in',
      ),
    );
  }
  if (config.accounts.domains.length === 0 && config.scim.attributes.username === 'userName') {
    findings.push(
      found(
        'config-no-domains',
        'warning',
        'accounts.domains is empty, so no userName that is a mail address becomes an account',
        'list the mail domains of your people under accounts.domains',
      ),
    );
  }
  if (config.keys.max_age === null) {
    findings.push(
      found(
        'config-max-age',
        'open',
        'keys.max_age is never: a key works on, even if nobody confirms it',
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
        'set mode: enforce when the plan is right',
      ),
    );
  }
  return findings;
}
