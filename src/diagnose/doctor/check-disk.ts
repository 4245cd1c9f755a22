// Check `disk`: the state folder and its file system, room, and account files that can be replaced.
import type { DiskProbe } from '../../host/probes/disk-probe.ts';
import { homesDirectory } from '../../host/probes/host-load-watch.ts';
import type { Facts, Reach } from './facts.ts';
import { type Finding, found } from './finding.ts';

const MIB = 2 ** 20;
/** Below either nothing can be written for long. */
const FULL_BYTES = 8 * MIB;
const LOW_BYTES = 256 * MIB;

export function checkDisk(facts: Facts): Finding[] {
  const { disks, accountFilesFault, stateFolder, keyFolder, mirrorFault, config } = facts;
  const findings = disks.flatMap((disk) => [...checkRoom(disk), ...checkAutomounter(disk, config)]);
  if (accountFilesFault !== null) {
    const [says, hint] = splitHint(accountFilesFault);
    findings.push(found('disk-account-files', 'broken', says, hint ?? 'see that /etc is writable'));
  }
  if (stateFolder !== null) {
    findings.push(
      ...checkReach(
        stateFolder,
        0o077,
        'disk-state-rights',
        'state-rights',
        'the mirror could be read or changed by others',
      ),
    );
  }
  if (keyFolder !== null) {
    findings.push(
      ...checkReach(
        keyFolder,
        0o022,
        'disk-key-folder',
        'key-folder-rights',
        'somebody else could put keys there',
      ),
    );
  }
  if (mirrorFault !== null) {
    const [says, hint] = splitHint(mirrorFault);
    findings.push(
      found('disk-mirror', 'broken', says, hint ?? 'run sunk-agent sync --full: it is set aside and rebuilt'),
    );
  }
  return findings;
}

function checkRoom({ path, free, size, isReadOnly, network, fault }: DiskProbe): Finding[] {
  if (fault !== null)
    return [
      found(
        'disk-silent',
        'broken',
        `${path} does not answer: ${fault}`,
        'see that its file system is mounted',
      ),
    ];
  if (isReadOnly)
    return [
      found(
        'disk-read-only',
        'broken',
        `the file system of ${path} is read-only`,
        `mount -o remount,rw ${path}`,
      ),
    ];
  if (size > 0 && free < FULL_BYTES) {
    return [
      found(
        'disk-full',
        'broken',
        `the file system of ${path} is full (${Math.floor(free / MIB)} MiB free)`,
        'make room there, then run sunk-agent sync',
      ),
    ];
  }
  const findings: Finding[] = [];
  if (size > 0 && free < LOW_BYTES)
    findings.push(
      found(
        'disk-low',
        'warning',
        `the file system of ${path} has ${Math.floor(free / MIB)} MiB left`,
        'make room there',
      ),
    );
  if (network !== null && path.endsWith('/cache')) {
    findings.push(
      found(
        'disk-network',
        'broken',
        `the state folder ${path} lies on ${network}, where SQLite’s locks are not safe`,
        'put it on a local file system',
      ),
    );
  }
  return findings;
}

/** What has no room of its own: homes come there one by one, when somebody looks. */
function checkAutomounter({ path, size, fault }: DiskProbe, { accounts }: Facts['config']): Finding[] {
  const isOfHomes = accounts.homes === 'create' && path.endsWith(homesDirectory('/', accounts.home));
  if (fault !== null || size > 0 || !isOfHomes) return [];
  return [
    found(
      'disk-automounter',
      'warning',
      `${path} has no room of its own, as an automounter's: each pass looks at every home there, and so mounts it`,
      'say accounts.homes: never, and make homes where they are exported',
    ),
  ];
}

function checkReach(
  { path, uid, mode }: Reach,
  forbidden: number,
  code: string,
  fix: 'state-rights' | 'key-folder-rights',
  why: string,
): Finding[] {
  const owner = process.geteuid?.() ?? 0;
  if (uid === owner && (mode & forbidden) === 0) return [];
  const shown = mode.toString(8).padStart(4, '0');
  return [
    found(
      code,
      'open',
      `${path} belongs to uid ${uid} with mode ${shown}: ${why}`,
      `give it back: chown ${owner} ${path}; chmod ${fix === 'state-rights' ? '0700' : '0755'} ${path}`,
      fix,
    ),
  ];
}

/** `what (hint)`, as describeError has it. */
function splitHint(text: string): [string, string?] {
  const [, says, hint] = /^(.*) \((.*)\)$/s.exec(text) ?? [];
  return says === undefined || hint === undefined ? [text] : [says, hint];
}
