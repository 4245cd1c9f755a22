// Whether sshd can be given the keys of people: the canary's lies elsewhere, so its login does not tell.
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
  if (!permits(directory, reader, SEARCH)) return say(reader, keys, directory);
  const faults = names.map((name) => {
    const file = path.join(keys, name);
    const found = lstatSync(file, { throwIfNoEntry: false });
    return found === undefined || permits(found, reader, READ) ? null : say(reader, file, found);
  });
  return faults.includes(null) ? null : (faults[0] ?? null);
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

function say({ name }: KeyReader, file: string, { mode }: Stats): string {
  return `${name} cannot read ${file} (mode ${(mode & 0o7777).toString(8).padStart(4, '0')})`;
}
