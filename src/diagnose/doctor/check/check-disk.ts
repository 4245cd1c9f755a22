// Check `disk`: the state directory and its file system, free space, and account files that can be replaced.
import type { DiskProbe } from '../../../host/probes/disk-probe.ts';
import { homesDirectory } from '../../../host/probes/host-load-watch.ts';
import { sayCount } from '../../../common/text/count-noun.ts';
import type { FileRights, Facts } from '../facts.ts';
import { type Finding, found } from '../finding.ts';

const MIB = 2 ** 20;
/** Below either, writes will fail soon. */
const FULL_BYTES = 8 * MIB;
const LOW_BYTES = 256 * MIB;

export function checkDisk(facts: Facts): Finding[] {
  const { disks, accountFilesFault, stateDirectory, keyDirectory, stateFault, config } = facts;
  const findings = disks.flatMap((disk) => [...checkSpace(disk), ...checkAutomounter(disk, config)]);
  if (accountFilesFault !== null) {
    const [detail, hint] = splitHint(accountFilesFault);
    findings.push(found('disk-account-files', 'error', detail, hint ?? 'check that /etc is writable'));
  }
  findings.push(...checkState(facts));
  if (stateDirectory !== null) {
    findings.push(
      ...checkRights(
        stateDirectory,
        0o077,
        'disk-state-rights',
        'state-rights',
        'others could read or change the state database',
      ),
    );
  }
  if (keyDirectory !== null) {
    findings.push(
      ...checkRights(
        keyDirectory,
        0o022,
        'disk-key-folder',
        'key-folder-rights',
        'others could add keys there',
      ),
    );
  }
  if (stateFault !== null) {
    const [detail, hint] = splitHint(stateFault);
    findings.push(
      found(
        'disk-mirror',
        'error',
        detail,
        hint ?? 'run sunk-agent sync --full: it sets the file aside and rebuilds it',
      ),
    );
  }
  return findings;
}

/** Accounts without the ledger that knows whose they are. */
function checkState({ unmounted, hasState, inManagedGroup }: Facts): Finding[] {
  if (unmounted !== null)
    return [
      found(
        'disk-not-mounted',
        'error',
        `${unmounted} is in /etc/fstab and not mounted, so the state database is not there; sunk-agent starts no new one`,
        `mount ${unmounted}, then systemctl restart sunk-agent`,
      ),
    ];
  const [first] = inManagedGroup;
  if (hasState || first === undefined) return [];
  return [
    found(
      'disk-state-lost',
      'error',
      `there is no state database, but the managed group has ${sayCount(inManagedGroup.length, 'account')} on this node (${first})`,
      'mount the disk of /var/lib/sunk-agent, or restore it from a backup; if it is lost: sunk-agent ledger import FILE --apply, then sunk-agent sync',
    ),
  ];
}

function checkSpace({ path, free, size, isReadOnly, network, fault }: DiskProbe): Finding[] {
  if (fault !== null)
    return [
      found(
        'disk-silent',
        'error',
        `${path} does not answer: ${fault}`,
        'check that its file system is mounted',
      ),
    ];
  if (isReadOnly)
    return [
      found(
        'disk-read-only',
        'error',
        `the file system of ${path} is read-only`,
        `mount it writable: mount -o remount,rw ${path}`,
      ),
    ];
  if (size > 0 && free < FULL_BYTES) {
    return [
      found(
        'disk-full',
        'error',
        `the file system of ${path} is full (${Math.floor(free / MIB)} MiB free)`,
        'free space there, then run sunk-agent sync',
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
        'free space there',
      ),
    );
  if (network !== null && path.endsWith('/cache')) {
    findings.push(
      found(
        'disk-network',
        'error',
        `the state directory ${path} is on ${network}, where the locks of SQLite are not safe`,
        'move it to a local file system',
      ),
    );
  }
  return findings;
}

/** A file system of size 0 is an automounter's: each home is mounted when it is accessed. */
function checkAutomounter({ path, size, fault }: DiskProbe, { accounts }: Facts['config']): Finding[] {
  const isOfHomes = accounts.homes === 'create' && path.endsWith(homesDirectory('/', accounts.home));
  if (fault !== null || size > 0 || !isOfHomes) return [];
  return [
    found(
      'disk-automounter',
      'warning',
      `an automounter serves ${path}: each sync checks each home there, and so mounts it`,
      'set accounts.homes: never, and create homes where they are exported',
    ),
  ];
}

function checkRights(
  { path, uid, mode }: FileRights,
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
      'security',
      `${path} belongs to uid ${uid} with mode ${shown}: ${why}`,
      `restore owner and mode: chown ${owner} ${path}; chmod ${fix === 'state-rights' ? '0700' : '0755'} ${path}`,
      fix,
    ),
  ];
}

/** `what (hint)`, as describeError has it. */
function splitHint(text: string): [string, string?] {
  const [, detail, hint] = /^(.*) \((.*)\)$/s.exec(text) ?? [];
  return detail === undefined || hint === undefined ? [text] : [detail, hint];
}
