// Refuses a state directory in which the state database would not be safe: others may reach it, or the file system is another machine's.
import { lstatSync, mkdirSync, statfsSync } from 'node:fs';
import path from 'node:path';
import { AgentError } from '../common/errors.ts';
import { findNetworkFileSystem } from '../common/network-file-systems.ts';
import { attempt } from '../common/system-error.ts';

/** The database, and what SQLite keeps beside it. */
export const DATABASE = 'mirror.sqlite';
export const COMPANIONS = ['-wal', '-shm', '-journal'] as const;
export const WRITER_LOCK = 'writer.lock';

/**
 * Makes the directory where it is missing and checks every file of this program in it.
 * @param readType stands in for statfs(2) in a test.
 * @throws AgentError state_folder
 */
export function prepareStateDirectory(
  directory: string,
  readType = (file: string): number => statfsSync(file).type,
): void {
  const type = attempt(
    `cannot use the state directory ${directory}`,
    () => {
      // The key files lie beside it, where the helper's user must reach them.
      mkdirSync(path.dirname(directory), { recursive: true, mode: 0o755 });
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      refuseForeign(directory, 'directory');
      return readType(directory);
    },
    'state_folder',
  );
  const network = findNetworkFileSystem(type);
  if (network !== null) {
    throw new AgentError(
      'state_folder',
      `${directory} is on ${network}, where SQLite's write-ahead log loses data`,
      { hint: 'put /var/lib/sunk-agent on a local disk or a block volume; one directory per node' },
    );
  }
  for (const name of [DATABASE, ...COMPANIONS.map((suffix) => DATABASE + suffix), WRITER_LOCK]) {
    refuseForeign(path.join(directory, name), 'file');
  }
}

/** A link, or a file that another user owns, could be swapped meanwhile. */
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
