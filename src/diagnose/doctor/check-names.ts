// Check `names`: does the name service look where we write, in the right order, and not into a stale cache?
import type { Facts } from './facts.ts';
import { type Finding, found } from './finding.ts';

export function checkNames({ names, config }: Facts): Finding[] {
  if (!names.ok) return [];
  const { services, shadowServices, hasNscd, differing } = names.value;
  const wanted = config.accounts.backend === 'local' ? ['files', 'compat'] : ['cache'];
  if (!services.some((service) => wanted.includes(service))) {
    return [
      found(
        'names-order',
        'broken',
        `the passwd line of /etc/nsswitch.conf (${services.join(' ')}) does not name ${wanted[0] ?? ''}, where our accounts are`,
        `write: passwd: ${config.accounts.backend === 'local' ? 'files systemd' : 'files cache'}`,
      ),
    ];
  }
  const [first] = differing;
  if (first !== undefined) {
    const says = `the name service answers otherwise than the files about ${differing.slice(0, 3).join(', ')}`;
    return hasNscd
      ? [
          found(
            'names-nscd',
            'broken',
            `${says}: nscd has stale entries`,
            'empty its cache: nscd -i passwd; nscd -i group',
            'nscd-flush',
          ),
        ]
      : [
          found(
            'names-differ',
            'broken',
            says,
            'see which service of /etc/nsswitch.conf answers before ours',
          ),
        ];
  }
  if (config.keys.user_files === 'allow' && !shadowServices.some((service) => wanted.includes(service))) {
    return [
      found(
        'names-no-shadow',
        'open',
        `keys.user_files is allow, and the shadow line of /etc/nsswitch.conf (${shadowServices.join(' ')}) does not name ${wanted[0] ?? ''}: to a closed account sshd still opens by the person's own authorized_keys, and only the shell refuses`,
        'set keys.user_files: ignore, or have shadow looked up there as well',
      ),
    ];
  }
  return [];
}
