// Check `publisher`: the signing key, the volume of the generations, how old the last one is, and what followers report.
import type { Facts, PublisherFacts } from '../facts.ts';
import { type Finding, found } from '../finding.ts';

/** A round comes each 15 s, and a sync may be under way. */
const GRACE = 120;

export function checkPublisher({ publisher, config, now }: Facts): Finding[] {
  if (publisher === null || config.mode !== 'enforce') return [];
  return [
    ...checkKey(publisher),
    ...checkPublished(publisher, config.publish.resign, now),
    ...checkLock(publisher),
    ...checkFleet(publisher),
  ];
}

function checkKey({ key, keyFile, publicKey, trusted }: PublisherFacts): Finding[] {
  if (key === null)
    return [
      found(
        'publisher-key-missing',
        'error',
        `there is no signing key ${keyFile}, so nothing is published`,
        `put the next key there, which followers trust already, or make one: ssh-keygen -t ed25519 -N '' -f ${keyFile}`,
      ),
    ];
  const findings: Finding[] = [];
  if (key.uid !== 0 || (key.mode & 0o077) !== 0)
    findings.push(
      found(
        'publisher-key-rights',
        'security',
        `users other than root may have read the signing key ${key.path}, and anyone who has it is root on each login pod`,
        `chown root: ${key.path}; chmod 600 ${key.path}; then go on with the next key, and remove this one from every pod`,
      ),
    );
  if (!publicKey.ok)
    findings.push(
      found(
        'publisher-key-unusable',
        'error',
        `ssh-keygen cannot read the signing key ${key.path}: ${publicKey.why}`,
        'it must be a private key of OpenSSH without a passphrase',
      ),
    );
  if (trusted === null || trusted < 2)
    findings.push(
      found(
        'publisher-next-key',
        'warning',
        `/etc/sunk-agent/publishers of this node has ${trusted ?? 0} of the two keys that followers should trust`,
        'make the next key, keep it elsewhere, and list both keys in that file and in every pod: without a next key, followers accept nothing after the loss of this one',
      ),
    );
  return findings;
}

function checkPublished(
  { published, directory, remembered }: PublisherFacts,
  resign: number,
  now: number,
): Finding[] {
  if (!published.ok)
    return [
      found(
        'publisher-unchecked',
        'unknown',
        `what is on ${directory} could not be verified: ${published.why}`,
        'check that the volume is mounted',
      ),
    ];
  const last = published.value;
  if (last === null)
    return [
      found(
        'publisher-nothing',
        'error',
        `${directory} has no generation that this key signed`,
        'run sunk-agent sync, and read what it says; if the publisher lost its state: sunk-agent ledger import FILE --apply',
      ),
    ];
  if (last.serial > remembered)
    return [
      found(
        'publisher-state',
        'error',
        `${directory} has serial ${last.serial}, and this node remembers ${remembered < 0 ? 'none' : remembered}: nothing is published over it`,
        `sunk-agent ledger import ${directory} --apply`,
      ),
    ];
  if (now - last.signedAt <= resign + GRACE) return [];
  return [
    found(
      'publisher-old',
      'error',
      `the manifest in ${directory} was signed ${now - last.signedAt} s ago, and should be signed every ${resign} s`,
      'check that sunk-agent runs and can write there: journalctl -u sunk-agent',
    ),
  ];
}

function checkLock({ isLocked, directory }: PublisherFacts): Finding[] {
  if (isLocked.ok && !isLocked.value) return [];
  const why = isLocked.ok ? 'a publisher held it just now' : isLocked.why;
  return [
    found(
      'publisher-lock',
      isLocked.ok ? 'warning' : 'unknown',
      `the lock of ${directory}: ${why}`,
      'run sunk-agent doctor again; if it stays, another publisher holds the lock, or the volume has no flock(2)',
    ),
  ];
}

function checkFleet({ fleet }: PublisherFacts): Finding[] {
  if (fleet === null)
    return [
      found(
        'publisher-heartbeats',
        'warning',
        'publish.heartbeats names no directory, so sunk-agent cannot tell which followers are behind',
        'set it to a directory on a volume that followers can write, and heartbeats= in their follower.conf',
      ),
    ];
  if (!fleet.ok)
    return [
      found(
        'publisher-heartbeats',
        'warning',
        fleet.why,
        'check that the volume of publish.heartbeats is mounted',
      ),
    ];
  const { behind, faulty, stale } = fleet.value.counts;
  if (behind + faulty + stale === 0) return [];
  return [
    found(
      'publisher-followers',
      'warning',
      `by what followers report, ${faulty} are faulty, ${behind} behind and ${stale} stale`,
      'sunk-agent fleet names them',
    ),
  ];
}
