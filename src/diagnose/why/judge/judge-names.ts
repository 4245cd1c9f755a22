// The link `names`: what does the name service of the node really answer, and is a cache stale?
import type { NameServiceAnswer } from '../../../host/nss/name-service.ts';
import type { PasswdEntry } from '../../../policy/posix.ts';
import type { Facts } from '../facts.ts';
import { error, ok, unknown, type Verdict, warning } from '../verdict.ts';

export function judgeNames(facts: Facts): Verdict {
  const { names, name, person, local, config } = facts;
  if (!names.ok) return unknown(names.why);
  const { entry, direct, groups, shadow, hasShadowLine, hasNscd, fault } = names.value;
  const { groupsFault, shadowFault } = names.value;
  const known = name ?? '';
  // A service that is asked directly answers.
  if (fault !== null && hasNscd && names.value.uncached !== null)
    return error(
      'names-nscd-hangs',
      `nscd does not answer, so that a login takes a minute or more: ${fault}`,
      'operator',
      'systemctl restart nscd',
    );
  if (fault !== null) return explainFault('passwd', fault);
  const line = (person.ok ? person.value?.actual?.entry : null) ?? local ?? direct;
  if (entry === null || (line !== null && !isSame(entry, line)))
    return explainDifference(names.value, line, known, config);
  if (groupsFault !== null) return explainFault('group', groupsFault);
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
  if (shadowFault !== null) return explainFault('shadow', shadowFault);
  if (shadow === null && hasShadowLine) return explainShadow(known, config);
  return warnOfOthers(facts, names.value, entry) ?? ok(`${describe(entry)}, groups ${groups.join(' ')}`);
}

function explainFault(database: string, fault: string): Verdict {
  return error(
    'names-silent',
    `the name service does not answer: ${fault}`,
    'operator',
    `find the service in the ${database} line of /etc/nsswitch.conf that hangs`,
  );
}

function explainDifference(
  { entry, direct, uncached, others, hasNscd }: NameServiceAnswer,
  line: PasswdEntry | null,
  name: string,
  config: Facts['config'],
): Verdict {
  const detail =
    entry === null
      ? `the name service has no entry ${name}`
      : `the name service answers ${describe(entry)} for ${name}, not ${line === null ? 'the line of the file' : describe(line)}`;
  // Only an answer that no service gives now can be an old one.
  if (hasNscd && direct !== null && uncached !== null && line !== null && isSame(uncached, line))
    return error(
      'names-stale-nscd',
      `${detail}: nscd has a stale entry`,
      'operator',
      'empty its cache: nscd -i passwd; nscd -i group',
    );
  const culprit = entry === null ? undefined : others.find((other) => isSame(other.entry, entry));
  const service = config.accounts.backend === 'local' ? 'files' : 'cache';
  return error(
    entry === null ? 'names-missing' : 'names-differ',
    detail,
    'operator',
    adviseOn({ line, direct, name, service, culprit: culprit?.service ?? null, hasNscd }),
  );
}

/** Another service knows the name with another id, although it is asked later; null: none does. */
function warnOfOthers(
  { conflict }: Facts,
  { others }: NameServiceAnswer,
  entry: PasswdEntry,
): Verdict | null {
  const other = others.find((one) => one.entry.uid !== entry.uid);
  const detail =
    other === undefined
      ? conflict
      : `the name service ${other.service} knows ${entry.name} with the uid ${other.entry.uid}, which is managed here with ${entry.uid}`;
  if (detail === null) return null;
  const fix = 'give one of the two another name or id, which sunk-agent never does by itself';
  return warning('names-conflict', detail, 'operator', fix);
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
function adviseOn({ line, direct, name, service, culprit, hasNscd }: Lost): string {
  if (line === null) return 'run sunk-agent sync';
  if (direct === null)
    return `the service ${service} does not find the line of ${name}: check that its NSS module is installed and that ${service} is in the passwd line of /etc/nsswitch.conf`;
  if (!isSame(direct, line))
    return `another line of passwd has the name ${name} or its uid: getent -s ${service} passwd ${name}`;
  const empty = hasNscd ? '; then nscd -i passwd; nscd -i group' : '';
  return `${culprit === null ? 'another service' : `the service ${culprit}`} answers before ${service}: put ${service} first in the passwd line of /etc/nsswitch.conf, or remove ${name} there${empty}`;
}

interface Lost {
  /** Of the file. */
  readonly line: PasswdEntry | null;
  /** Of the service that sunk-agent writes. */
  readonly direct: PasswdEntry | null;
  readonly name: string;
  readonly service: string;
  /** The other service that gives the answer; null: not known. */
  readonly culprit: string | null;
  readonly hasNscd: boolean;
}

function isSame(a: PasswdEntry, b: PasswdEntry): boolean {
  return a.uid === b.uid && a.gid === b.gid && a.dir === b.dir && a.shell === b.shell;
}

function describe({ uid, gid, dir, shell }: PasswdEntry): string {
  return `uid ${uid}, gid ${gid}, ${dir}, ${shell}`;
}
