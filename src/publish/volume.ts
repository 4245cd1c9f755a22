// The volume that followers read: files by their hash, and `root`, the signed manifest. Nothing on it is trusted.
import { hash } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { entryOf } from '../host/fs/trusted-directory.ts';
import { listDirectory } from '../host/fs/list-directory.ts';
import { hasCode } from '../host/fs/read-text.ts';
import { AgentError } from '../common/errors.ts';
import { SIGNATURE_START } from './manifest.ts';
import { parseBlock, parseUnblock } from './offline-block.ts';

const SIGNATURE_END = '\n-----END SSH SIGNATURE-----\n';
/** As many as a follower reads. */
const MAX_BLOCKS = 256;
const MAX_BLOCK = 4096;
/** More than a manifest of the largest generation and its signature. */
const MAX_ROOT = 1024 * 1024;
const HASH = /^[0-9a-f]{64}$/;
const TEMPORARY = /^\.new-[0-9a-f]{16}$/;
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export interface SignedText {
  /** latin1. */
  readonly text: string;
  readonly signature: string;
}

/** The file `root`. */
export interface Root extends SignedText {
  /** Hashes of blocks that operators put beside the manifest; not signed, since each block is. */
  readonly blocks: readonly string[];
}

/** SHA-256 of a latin1 text, in hex. */
export function digest(data: string): string {
  return hash('sha256', Buffer.from(data, 'latin1'), 'hex');
}

/**
 * Puts what is missing or was altered on the volume, by way of descriptors, so that a link in the place of a directory leads nowhere.
 * @param files latin1 by hash.
 * @throws the system's error
 */
export function putFiles(volume: string, files: ReadonlyMap<string, string>): void {
  withDirectory(volume, 'files', (fd) => {
    let isChanged = false;
    for (const [name, data] of files) {
      if (readBounded(entryOf(fd, name), data.length + 1) === data) continue;
      replace(fd, name, data);
      isChanged = true;
    }
    if (isChanged) fsyncSync(fd);
  });
}

/** Switches followers to a manifest whose files are all there. */
export function putRoot(volume: string, { text, signature, blocks }: Root): void {
  withDirectory(volume, '.', (fd) => {
    replace(fd, 'root', `${blocks.map((name) => `block ${name}\n`).join('')}${text}${signature}`);
    fsyncSync(fd);
  });
}

/** What followers read now; null: nothing, or nothing that a publisher wrote. */
export function readRoot(volume: string): Root | null {
  const whole = readBounded(`${volume}/root`, MAX_ROOT) ?? '';
  const [list = ''] = /^(?:block [0-9a-f]{64}\n)*/.exec(whole) ?? [];
  const start = whole.indexOf(`\n${SIGNATURE_START}\n`);
  const end = whole.indexOf(SIGNATURE_END, start);
  if (start < list.length || end === -1) return null;
  const blocks = [...list.matchAll(/[0-9a-f]{64}/g)].map(([name]) => name);
  return {
    text: whole.slice(list.length, start + 1),
    signature: whole.slice(start + 1, end + SIGNATURE_END.length),
    blocks: blocks.slice(0, MAX_BLOCKS),
  };
}

/** Hashes of the files of which there are entries. */
export function listFiles(volume: string): ReadonlySet<string> {
  return new Set(listDirectory(`${volume}/files`));
}

/** A file by its hash; null: it is missing or altered. */
export function readFileOf(
  volume: string,
  { hash: name, size }: { readonly hash: string; readonly size: number },
): string | null {
  const data = readBounded(`${volume}/files/${name}`, size + 1);
  return data !== null && digest(data) === name ? data : null;
}

/** Puts a signed block on the volume, and its name beside the manifest, where followers look. */
export function putBlock(volume: string, signed: string): void {
  const name = digest(signed);
  withDirectory(volume, 'blocks', (fd) => {
    replace(fd, name, signed);
    fsyncSync(fd);
  });
  const root = readRoot(volume);
  if (root === null)
    throw new AgentError('refused', `${volume} has no generation, so no follower reads it`, { hint: '' });
  putRoot(volume, { ...root, blocks: [...new Set([...root.blocks, name])] });
}

/** A signed block as it lies on the volume; its name is not yet checked. null: there is none. */
export function readBlockText(volume: string, name: string): string | null {
  return readBounded(`${volume}/blocks/${name}`, MAX_BLOCK);
}

/** The blocks beside the manifest that have not ended, and what takes one of them back. @param now epoch seconds. */
export function listBlocks(volume: string, now: number): string[] {
  const texts = (readRoot(volume)?.blocks ?? []).map(
    (name) => [name, readBlockText(volume, name) ?? ''] as const,
  );
  const inForce = new Set(
    texts.flatMap(([name, text]) => ((parseBlock(text)?.until ?? 0) > now ? [name] : [])),
  );
  return texts.flatMap(([name, text]) =>
    inForce.has(name) || inForce.has(parseUnblock(text) ?? '') ? [name] : [],
  );
}

/** Removes files that no follower can need any more, and what a kill has left. */
export function pruneFiles(volume: string, kept: ReadonlySet<string>): void {
  withDirectory(volume, 'files', (fd) => {
    for (const name of readdirSync(`/proc/self/fd/${fd}`))
      if ((HASH.test(name) && !kept.has(name)) || TEMPORARY.test(name))
        rmSync(entryOf(fd, name), { force: true, recursive: true });
  });
}

function withDirectory(volume: string, name: string, work: (fd: number) => void): void {
  mkdirSync(volume, { recursive: true, mode: 0o755 });
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
  const top = openSync(volume, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const directory = entryOf(top, name);
    if (name !== '.') mkdirSync(directory, { recursive: true, mode: 0o755 });
    const fd = openSync(directory, flags);
    try {
      work(fd);
    } finally {
      closeSync(fd);
    }
  } finally {
    closeSync(top);
  }
}

function replace(fd: number, name: string, data: string): void {
  const temporary = entryOf(fd, `.new-${randomBytes(8).toString('hex')}`);
  const file = openSync(temporary, NEW_FILE, 0o644);
  try {
    writeFileSync(file, data, 'latin1');
    fchmodSync(file, 0o644);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  try {
    renameSync(temporary, entryOf(fd, name));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** At most `most` bytes of a regular file, latin1; null: there is none. */
export function readBounded(file: string, most: number): string | null {
  let fd: number;
  try {
    fd = openSync(file, READ);
  } catch (cause) {
    if (['ENOENT', 'ELOOP', 'ENXIO', 'ENOTDIR'].some((code) => hasCode(cause, code))) return null;
    // A device, which the mount or the pod may forbid.
    if (lstatSync(file, { throwIfNoEntry: false })?.isFile() === false) return null;
    throw cause;
  }
  try {
    if (!fstatSync(fd).isFile()) return null;
    const data = Buffer.alloc(most);
    let length = 0;
    for (let more = 1; more > 0 && length < most; length += more)
      more = readSync(fd, data, length, most - length, null);
    return data.toString('latin1', 0, length);
  } finally {
    closeSync(fd);
  }
}
