// Who may read the key files: the helper's group alone where sshd runs the helper, every user where sshd reads them itself.
import { chmodSync, chownSync, lstatSync, readdirSync, type Stats } from 'node:fs';
import path from 'node:path';
import type { Config } from '../../config/config.ts';
import type { Paths } from '../../common/paths.ts';
import { readText } from '../fs/read-text.ts';
import { hasSshdDropIn } from '../sshd/sshd.ts';
import { HELPER_USER } from '../sshd/sshd-drop-in.ts';

const OTHERS_WRITE = 0o022;
const PUBLIC_FILE = 0o644;
const PUBLIC_DIRECTORY = 0o755;
/** Keys tell who has access and by which key: other users need not know. */
const HELPER_ONLY = 0o750;

/**
 * Sets owner and mode of the key directory, and repairs those that a volume with `fsGroup` or a umask of 077 gave to key
 * files and to the directories above, without which the helper or sshd reads nothing. Links and what another user owns
 * stay as they are. Without the drop-in sshd may be told to read the files itself.
 * @throws the system's error
 */
export async function settleKeyDirectory(config: Config, paths: Paths): Promise<void> {
  const isHelped = config.keys.serve === 'command' && (await hasSshdDropIn(config, paths.root));
  const group = isHelped && process.geteuid?.() === 0 ? await findHelperGroup(paths.root) : null;
  const directory = readOwn(paths.keys);
  if (directory !== null) {
    if ((directory.mode & OTHERS_WRITE) !== 0) repairKeyFiles(paths.keys);
    if (group !== null) restrict(paths.keys, directory, group);
    else makePublic(paths.keys, directory);
  }
  for (const above of [path.dirname(paths.keys), paths.run, paths.denyList]) {
    const found = readOwn(above);
    if (found !== null) makePublic(above, found);
  }
}

/** null: it is missing, no directory, or another user's. */
function readOwn(directory: string): Stats | null {
  const found = lstatSync(directory, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === process.geteuid?.() ? found : null;
}

/** First the group, so that the helper can read at each moment. */
function restrict(directory: string, { gid, mode }: Stats, group: number): void {
  if (gid !== group) chownSync(directory, -1, group);
  if ((mode & 0o7777) !== HELPER_ONLY) chmodSync(directory, HELPER_ONLY);
}

function makePublic(directory: string, { mode }: Stats): void {
  const isSearchable = (mode & 0o001) !== 0;
  if (!isSearchable || (mode & OTHERS_WRITE) !== 0) chmodSync(directory, PUBLIC_DIRECTORY);
}

/** sshd refuses a file that its group can write, and the helper's user must be able to read it. */
function repairKeyFiles(directory: string): void {
  for (const name of readdirSync(directory)) {
    const file = path.join(directory, name);
    const found = lstatSync(file, { throwIfNoEntry: false });
    if (found?.isFile() !== true || found.uid !== process.geteuid?.()) continue;
    if ((found.mode & 0o777) !== PUBLIC_FILE) chmodSync(file, PUBLIC_FILE);
  }
}

/** The primary group of the helper's user, or of `nobody` in its place; null: the node has neither. */
async function findHelperGroup(root: string): Promise<number | null> {
  const lines = ((await readText(path.join(root, 'etc/passwd'))) ?? '').split('\n');
  const find = (name: string): string | undefined => lines.find((line) => line.startsWith(`${name}:`));
  const gid = Number((find(HELPER_USER) ?? find('nobody'))?.split(':')[3]);
  return Number.isInteger(gid) ? gid : null;
}
