// Refuses a state folder in which the mirror would not be safe: others may reach it, or the file system is another machine's.
import { lstatSync, mkdirSync, statfsSync } from 'node:fs';
import path from 'node:path';
import { AgentError } from '../common/errors.ts';
import { attempt } from '../common/system-error.ts';

/** The database, and what SQLite keeps beside it. */
export const DATABASE = 'mirror.sqlite';
export const COMPANIONS = ['-wal', '-shm', '-journal'] as const;
export const WRITER_LOCK = 'writer.lock';

/** f_type of statfs(2), from the kernel's magic.h and each file system's own headers. */
const NETWORK: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB 2'],
  [0x65735546, 'FUSE'],
  [0x01021997, '9p'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x19830326, 'BeeGFS'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'AFS'],
  [0x73757245, 'Coda'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
  [0xbacbacbc, 'VMware shared folders'],
  [0x786f4256, 'VirtualBox shared folders'],
]);

/** The name of a file system that another machine may serve, by its f_type; null if it is local. */
export function findNetworkFileSystem(type: number): string | null {
  return NETWORK.get(type >>> 0) ?? null;
}

/**
 * Makes the folder where it is missing and looks at everything of ours in it.
 * @param readType stands in for statfs(2) in a test.
 * @throws AgentError state_folder
 */
export function prepareStateDirectory(
  folder: string,
  readType = (file: string): number => statfsSync(file).type,
): void {
  const type = attempt(
    `cannot use the state folder ${folder}`,
    () => {
      // The key files lie beside it, where the helper's user must reach them.
      mkdirSync(path.dirname(folder), { recursive: true, mode: 0o755 });
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      refuseForeign(folder, 'directory');
      return readType(folder);
    },
    'state_folder',
  );
  const network = findNetworkFileSystem(type);
  if (network !== null) {
    throw new AgentError(
      'state_folder',
      `${folder} is on ${network}, where SQLite's write-ahead log loses data`,
      { hint: 'put /var/lib/sunk-agent on a local disk or a block volume; one folder a node' },
    );
  }
  for (const name of [DATABASE, ...COMPANIONS.map((suffix) => DATABASE + suffix), WRITER_LOCK]) {
    refuseForeign(path.join(folder, name), 'file');
  }
}

/** A link, or a file that somebody else owns, could be swapped under us. */
function refuseForeign(file: string, kind: 'file' | 'directory'): void {
  const found = attempt(
    `cannot look at ${file}`,
    () => lstatSync(file, { throwIfNoEntry: false }),
    'state_folder',
  );
  if (found === undefined) return;
  const isRightKind = kind === 'file' ? found.isFile() : found.isDirectory();
  if (!isRightKind) throw new AgentError('state_folder', `${file} is not a plain ${kind}`);
  if (found.uid !== process.geteuid?.()) {
    throw new AgentError(
      'state_folder',
      `${file} belongs to uid ${found.uid}, not to uid ${process.geteuid?.() ?? '?'}`,
    );
  }
  if ((found.mode & 0o077) !== 0) {
    const mode = (found.mode & 0o777).toString(8);
    throw new AgentError('state_folder', `${file} has mode ${mode}, so others may reach it`);
  }
  if (kind === 'file' && found.nlink > 1) {
    throw new AgentError('state_folder', `${file} has another name as well (a hard link)`);
  }
}
