// Whether sshd can get the keys of people: the canary's key is elsewhere, so its login does not show that.
import { lstatSync, type Stats } from 'node:fs';
import path from 'node:path';
import type { Config } from '../../config/config.ts';
import type { Paths } from '../../common/paths.ts';
import { readText } from '../fs/read-text.ts';
import { HELPER_USER } from '../sshd/sshd-drop-in.ts';

const SEARCH = 0o1;
const READ = 0o4;

/** A user as the kernel compares it with a mode: no further group counts. */
export interface KeyReader {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/**
 * Why the keys of none of these people can be read by the user that reads them; null: those of one can, or there are none.
 * The agent cannot become that user, so it looks at owners and modes.
 */
export async function findUnreadable(
  { root, keys }: Pick<Paths, 'root' | 'keys'>,
  { keys: { serve } }: Pick<Config, 'keys'>,
  names: readonly string[],
): Promise<string | null> {
  const reader = serve === 'command' ? await findHelperUser(root) : { name: 'sshd', uid: -1, gid: -1 };
  // Without that user no helper runs, which the trial itself shows.
  if (reader === null || names.length === 0) return null;
  const directory = lstatSync(keys, { throwIfNoEntry: false });
  if (directory === undefined) return null;
  const closed = findClosed(root, keys, reader);
  if (closed !== null) return closed;
  const faults = names.map((name) => {
    const file = path.join(keys, name);
    const found = lstatSync(file, { throwIfNoEntry: false });
    return found === undefined || permits(found, reader, READ) ? null : say(reader, file, found);
  });
  return faults.includes(null) ? null : (faults[0] ?? null);
}

/** The directory of the keys, or one above it, that the reader may not pass; null: none. */
function findClosed(root: string, keys: string, reader: KeyReader): string | null {
  const directories: string[] = [];
  const top = path.resolve(root);
  for (let one = keys; one !== top && one !== path.dirname(one); one = path.dirname(one))
    directories.unshift(one);
  for (const one of directories) {
    const found = lstatSync(one, { throwIfNoEntry: false });
    if (found?.isDirectory() === true && !permits(found, reader, SEARCH))
      return say(reader, one, found, 'search');
  }
  return null;
}

async function findHelperUser(root: string): Promise<KeyReader | null> {
  const passwd = (await readText(path.join(root, 'etc/passwd'))) ?? '';
  const line = passwd.split('\n').find((text) => text.startsWith(`${HELPER_USER}:`));
  const [name = '', , uid, gid] = line?.split(':') ?? [];
  return uid === undefined || gid === undefined ? null : { name, uid: Number(uid), gid: Number(gid) };
}

/** As inode(7) has it: the first of owner, group and others that applies decides. Pure. */
export function permits(
  { uid, gid, mode }: Pick<Stats, 'uid' | 'gid' | 'mode'>,
  reader: KeyReader,
  bit: number,
): boolean {
  const shift = uid === reader.uid ? 6 : gid === reader.gid ? 3 : 0;
  return (mode & (bit << shift)) !== 0;
}

function say({ name }: KeyReader, file: string, { mode }: Stats, what = 'read'): string {
  return `${name} cannot ${what} ${file} (mode ${(mode & 0o7777).toString(8).padStart(4, '0')})`;
}
