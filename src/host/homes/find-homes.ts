// What stands at the path of each home, and who can replace it; changes nothing.
import { closeSync, constants, fstatSync, lstatSync, openSync, type Stats, statfsSync } from 'node:fs';
import path from 'node:path';
import { isSystemError } from '../../common/system-error.ts';
import type { HomeOnHost, HomeParent } from '../../policy/identity/own-home.ts';
import { withTrustedDirectory } from '../fs/trusted-directory.ts';

/** ext, xfs, btrfs, tmpfs, overlayfs, zfs (statfs(2)): a look costs no request to a server, and mounts nothing. */
const LOCAL_FILE_SYSTEMS: ReadonlySet<number> = new Set([
  0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0x2fc12fc1,
]);
/** What the kernel and NFS show for an owner that they cannot name. */
const NAMELESS: ReadonlySet<number> = new Set([65534, 4294967294]);

/**
 * Each home by its path.
 * @param isCreating whether missing homes are created. If not, homes on another file system are looked at only where a
 *   user can replace them, since each look may cost a request or a mount; those that were not looked at are left out.
 */
export function findHomes(
  root: string,
  dirs: Iterable<string>,
  isCreating: boolean,
): ReadonlyMap<string, HomeOnHost> {
  const parents = new Map<string, Parent>();
  const homes = new Map<string, HomeOnHost>();
  for (const dir of dirs) {
    const above = path.dirname(dir);
    const parent = parents.get(above) ?? examineParent(root, above);
    parents.set(above, parent);
    if (isCreating || parent.isLocal || parent.parent !== 'closed')
      homes.set(dir, probe(path.join(root, dir), parent));
  }
  return homes;
}

interface Parent {
  readonly parent: HomeParent;
  readonly detail: string;
  readonly isLocal: boolean;
}

function examineParent(root: string, directory: string): Parent {
  try {
    return withTrustedDirectory(root, directory, ({ fd, hazard, isSticky }) => ({
      parent: hazard === null ? (isSticky ? 'sticky' : 'closed') : 'open',
      detail: hazard ?? '',
      isLocal: fd !== null && LOCAL_FILE_SYSTEMS.has(statfsSync(`/proc/self/fd/${fd}`).type),
    }));
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    return { parent: 'unknown', detail: `${directory}: ${cause.code ?? ''}`, isLocal: false };
  }
}

function probe(file: string, { parent, detail }: Parent): HomeOnHost {
  try {
    const found = lstatSync(file, { throwIfNoEntry: false });
    if (found === undefined) return { found: 'missing', uid: null, parent, detail };
    if (!found.isDirectory()) return { found: 'other', uid: null, parent, detail };
    // Without root, all homes belong to the user of this process.
    if (process.geteuid?.() !== 0) return { found: 'directory', uid: null, parent, detail };
    const { uid } = found.uid === 0 ? (mountBelow(file) ?? found) : found;
    if (NAMELESS.has(uid)) return { found: 'unknown', uid: null, parent, detail: `its owner is uid ${uid}` };
    return { found: 'directory', uid, parent, detail };
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    return { found: 'unknown', uid: null, parent, detail: cause.code ?? '' };
  }
}

/** What is there once it is opened: lstat(2) mounts nothing, and shows root's mount point of an automounter. */
function mountBelow(file: string): Stats | null {
  const fd = openSync(file, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    return fstatSync(fd);
  } finally {
    closeSync(fd);
  }
}
