// Copies /etc/skel into a new directory by descriptors: whatever a user renames or links meanwhile, nothing is written or
// given away elsewhere.
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  lchownSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs';
import path from 'node:path';
import { copyContent } from '../fs/copy-file.ts';
import { entryOf } from '../fs/trusted-directory.ts';

/** null: the process is not root, and owns all it creates. */
export type Owner = { readonly uid: number; readonly gid: number } | null;

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const PRESENT_DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const PRESENT_FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Creates a directory that root alone can enter, and calls `work` with it. */
export function withNewDirectory(above: number, name: string, work: (fd: number) => void): void {
  mkdirSync(entryOf(above, name), { mode: 0o700 });
  const fd = openSync(entryOf(above, name), PRESENT_DIRECTORY);
  try {
    if (fstatSync(fd).uid !== process.geteuid?.())
      throw new Error(`${name} was replaced while it was created`);
    work(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Copies files, directories and symbolic links (as they are) with their permission bits; anything else is left out.
 * The owner is set from the leaves up, so that the user can reach nothing before they own all of it.
 * @param skeleton a path that root alone can write to; @param target an open, empty directory.
 */
export function copySkeleton(skeleton: string, target: number, owner: Owner): void {
  for (const entry of readdirSync(skeleton, { withFileTypes: true })) {
    const from = path.join(skeleton, entry.name);
    if (entry.isSymbolicLink()) copyLink(from, entryOf(target, entry.name), owner);
    else if (entry.isFile()) copyPlainFile(from, entryOf(target, entry.name), owner);
    else if (entry.isDirectory()) {
      withNewDirectory(target, entry.name, (fd) => {
        copySkeleton(from, fd, owner);
        giveAway(fd, modeOf(from, PRESENT_DIRECTORY), owner);
      });
    }
  }
}

/** Sets mode and owner of what is open. */
export function giveAway(fd: number, mode: number, owner: Owner): void {
  fchmodSync(fd, mode);
  if (owner !== null) fchownSync(fd, owner.uid, owner.gid);
}

function copyLink(from: string, to: string, owner: Owner): void {
  symlinkSync(readlinkSync(from), to);
  if (owner !== null) lchownSync(to, owner.uid, owner.gid);
}

function copyPlainFile(from: string, to: string, owner: Owner): void {
  const source = openSync(from, PRESENT_FILE);
  try {
    const target = openSync(to, NEW_FILE, 0o600);
    try {
      copyContent(source, target);
      giveAway(target, fstatSync(source).mode & 0o777, owner);
    } finally {
      closeSync(target);
    }
  } finally {
    closeSync(source);
  }
}

function modeOf(file: string, flags: number): number {
  const fd = openSync(file, flags);
  try {
    return fstatSync(fd).mode & 0o777;
  } finally {
    closeSync(fd);
  }
}
