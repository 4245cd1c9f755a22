// The link `names`: what does the name service of the node really answer, and is a cache stale?
import type { PasswdEntry } from '../../../policy/posix.ts';
import type { Facts } from '../facts.ts';
import { error, ok, unknown, type Verdict, warning } from '../verdict.ts';

export function judgeNames({ names, name, person, local, config, conflict }: Facts): Verdict {
  if (!names.ok) return unknown(names.why);
  const { entry, direct, groups, shadow, hasShadowLine, hasNscd, fault } = names.value;
  const known = name ?? '';
  if (fault !== null) {
    return error(
      'names-silent',
      `the name service does not answer: ${fault}`,
      'operator',
      'find the service in /etc/nsswitch.conf that hangs',
    );
  }
  const line = (person.ok ? person.value?.actual?.entry : null) ?? local ?? direct;
  if (entry === null || (line !== null && !isSame(entry, line))) {
    const detail =
      entry === null
        ? `the name service has no entry ${known}`
        : `the name service answers ${describe(entry)} for ${known}, not ${line === null ? 'the line of the file' : describe(line)}`;
    // Only an answer that differs from the file can be an old one.
    return hasNscd && direct !== null && line !== null && isSame(direct, line)
      ? error(
          'names-stale-nscd',
          `${detail}: nscd has a stale entry`,
          'operator',
          'empty its cache: nscd -i passwd; nscd -i group',
        )
      : error(
          entry === null ? 'names-missing' : 'names-differ',
          detail,
          'operator',
          adviseOn(line, direct, known, config.accounts.backend === 'local' ? 'files' : 'cache'),
        );
  }
  const managedGroup = config.accounts.primary_group;
  if (!groups.includes(managedGroup)) {
    return error(
      'names-not-managed',
      `the name service does not list ${known} in the managed group ${managedGroup}, which the Match block of sshd needs`,
      'operator',
      hasNscd
        ? 'empty the cache of nscd: nscd -i group'
        : `add ${known} to ${managedGroup} again: sunk-agent sync`,
    );
  }
  if (shadow === null && hasShadowLine) return explainShadow(known, config);
  if (conflict !== null)
    return warning(
      'names-conflict',
      conflict,
      'operator',
      'give one of the two another name or id: nothing is changed by itself',
    );
  return ok(`${describe(entry)}, groups ${groups.join(' ')}`);
}

function explainShadow(name: string, config: Facts['config']): Verdict {
  return error(
    'names-no-shadow',
    `no service in the shadow line of /etc/nsswitch.conf has the line of ${name}, so PAM refuses the login`,
    'operator',
    `write in /etc/nsswitch.conf: shadow: ${config.accounts.backend === 'local' ? 'files' : 'files cache'}`,
  );
}

/** What to do depends on where the answer is lost: the file, the service that reads it, or another service before it. */
function adviseOn(
  line: PasswdEntry | null,
  direct: PasswdEntry | null,
  name: string,
  service: string,
): string {
  if (line === null) return 'sunk-agent sync';
  if (direct === null)
    return `the service ${service} does not find the line of ${name}: check that its NSS module is installed and that ${service} is in the passwd line of /etc/nsswitch.conf`;
  if (!isSame(direct, line))
    return `another line of passwd has the name ${name} or its uid: getent -s ${service} passwd ${name}`;
  return `another service answers before ${service}: put ${service} first in the passwd line of /etc/nsswitch.conf`;
}

function isSame(a: PasswdEntry, b: PasswdEntry): boolean {
  return a.uid === b.uid && a.gid === b.gid && a.dir === b.dir && a.shell === b.shell;
}

function describe({ uid, gid, dir, shell }: PasswdEntry): string {
  return `uid ${uid}, gid ${gid}, ${dir}, ${shell}`;
}
