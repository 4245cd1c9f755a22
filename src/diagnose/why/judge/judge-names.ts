// The link `names`: what does the node's name service really answer, and does a cache stand between?
import type { PasswdEntry } from '../../../policy/posix.ts';
import type { Facts } from '../facts.ts';
import { broken, ok, unknown, type Verdict } from '../verdict.ts';

export function judgeNames({ names, name, person, local, config }: Facts): Verdict {
  if (!names.ok) return unknown(names.why);
  const { entry, direct, groups, hasNscd, fault } = names.value;
  const known = name ?? '';
  if (fault !== null)
    return broken(
      `the name service does not answer: ${fault}`,
      'operator',
      'see which service of nsswitch.conf hangs',
    );
  const line = (person.ok ? person.value?.actual?.entry : null) ?? local ?? direct;
  if (entry === null || (line !== null && !isSame(entry, line))) {
    const says =
      entry === null
        ? `the name service knows no ${known}`
        : `the name service answers ${describe(entry)} for ${known}, not ${line === null ? 'as the file has it' : describe(line)}`;
    return hasNscd
      ? broken(
          `${says}: nscd has a stale entry`,
          'operator',
          'empty its cache: nscd -i passwd; nscd -i group',
        )
      : broken(
          says,
          'operator',
          `see that ${config.accounts.backend === 'local' ? 'files' : 'cache'} comes first in the passwd line of /etc/nsswitch.conf`,
        );
  }
  const marker = config.accounts.primary_group;
  if (!groups.includes(marker)) {
    return broken(
      `the name service does not count ${known} to the group ${marker}, on which sshd’s Match hangs`,
      'operator',
      hasNscd ? 'empty nscd’s cache: nscd -i group' : `put ${known} back into ${marker}: sunk-agent sync`,
    );
  }
  return ok(`${describe(entry)}, groups ${groups.join(' ')}`);
}

function isSame(a: PasswdEntry, b: PasswdEntry): boolean {
  return a.uid === b.uid && a.gid === b.gid && a.dir === b.dir && a.shell === b.shell;
}

function describe({ uid, gid, dir, shell }: PasswdEntry): string {
  return `uid ${uid}, gid ${gid}, ${dir}, ${shell}`;
}
