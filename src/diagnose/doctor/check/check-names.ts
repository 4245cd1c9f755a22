// Check `names`: does the name service read the managed accounts, in the right order, and not from a stale cache?
import type { Facts, NamesFacts } from '../facts.ts';
import { type Finding, found } from '../finding.ts';

export function checkNames({ names, config }: Facts): Finding[] {
  if (!names.ok) return [];
  const { services, shadowServices, withoutShadow } = names.value;
  const wanted = config.accounts.backend === 'local' ? ['files', 'compat'] : ['cache'];
  if (!services.some((service) => wanted.includes(service))) {
    return [
      found(
        'names-order',
        'error',
        `the passwd line of /etc/nsswitch.conf (${services.join(' ')}) does not name ${wanted[0] ?? ''}, which has the managed accounts`,
        `write the line: passwd: ${config.accounts.backend === 'local' ? 'files systemd' : 'files cache'}`,
      ),
    ];
  }
  const answers = checkAnswers(names.value, wanted[0] ?? '');
  if (answers.length > 0) return answers;
  const [lost] = withoutShadow;
  if (lost !== undefined)
    return [
      found(
        'names-shadow-lost',
        'error',
        `shadow has no line for ${withoutShadow.slice(0, 3).join(', ')}, so PAM refuses the login`,
        shadowServices.some((service) => wanted.includes(service))
          ? 'write the missing line: pwconv'
          : `write in /etc/nsswitch.conf: shadow: ${config.accounts.backend === 'local' ? 'files' : 'files cache'}`,
      ),
    ];
  if (config.keys.user_files === 'allow' && !shadowServices.some((service) => wanted.includes(service))) {
    return [
      found(
        'names-no-shadow',
        'security',
        `keys.user_files is allow, and the shadow line of /etc/nsswitch.conf (${shadowServices.join(' ')}) does not name ${wanted[0] ?? ''}: sshd still accepts the user's own authorized_keys for a disabled account, and only the shell refuses`,
        'set keys.user_files: ignore, or add it to the shadow line',
      ),
    ];
  }
  return [];
}

/** What programs of this node are told of an account. @param service that has the managed ones. */
function checkAnswers({ isNscdHung, isStale, answering, differing }: NamesFacts, service: string): Finding[] {
  if (isNscdHung)
    return [
      found(
        'names-nscd-hangs',
        'error',
        'nscd does not answer, so that a login takes a minute or more',
        'systemctl restart nscd',
      ),
    ];
  if (differing.length === 0) return [];
  const detail = `the name service and the files differ for ${differing.slice(0, 3).join(', ')}`;
  return isStale
    ? [
        found(
          'names-nscd',
          'error',
          `${detail}: nscd has stale entries`,
          'empty its cache: nscd -i passwd; nscd -i group',
          'nscd-flush',
        ),
      ]
    : [
        found(
          'names-differ',
          'error',
          answering === null ? detail : `${detail}: the service ${answering} answers first`,
          `put ${service} first in the passwd line of /etc/nsswitch.conf, or remove the name from ${answering ?? 'the service that answers first'}; where nscd runs: nscd -i passwd; nscd -i group`,
        ),
      ];
}
