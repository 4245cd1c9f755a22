// Replaces files as a whole: temporaries beside them, their data on disk, then the renames, then the folder.
import {
  constants,
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import koffi from 'koffi';

export interface NewFile {
  readonly file: string;
  readonly data: string;
  /** `latin1` for bytes kept in a string. */
  readonly encoding: 'utf8' | 'latin1';
  /** For a file that does not exist yet; one that does keeps its mode and owner. */
  readonly mode: number;
}

/** Temporaries of ours end so; one that is left of a crash is overwritten or removed. */
export const TEMPORARY_SUFFIX = '.sunk-agent-new';

/** For more files than this one syncfs(2) is far cheaper than an fsync(2) each. */
const FEW = 8;

/**
 * Replaces the files in the order given, all of one folder. If anything fails before the first rename nothing has
 * changed; a crash between two renames leaves a prefix of them, which the next pass completes.
 * @throws the system's error, with the temporaries removed.
 */
export function replaceFiles(files: readonly NewFile[]): void {
  const temporaries: string[] = [];
  try {
    for (const { file, data, encoding, mode } of files) {
      const temporary = `${file}${TEMPORARY_SUFFIX}`;
      rmSync(temporary, { force: true });
      const fd = openSync(
        temporary,
        constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
        0o600,
      );
      temporaries.push(temporary);
      try {
        writeWhole(fd, Buffer.from(data, encoding));
        takeAfter(fd, file, mode);
        if (files.length <= FEW) fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    }
    if (files.length > FEW) syncFileSystem(path.dirname(files[0]?.file ?? '/'));
    for (const [index, { file }] of files.entries()) renameSync(temporaries[index] ?? '', file);
  } catch (error) {
    for (const temporary of temporaries) rmSync(temporary, { force: true });
    throw error;
  }
  for (const folder of new Set(files.map(({ file }) => path.dirname(file)))) syncFolder(folder);
}

/** The new file has the old one's mode and owner. */
function takeAfter(fd: number, file: string, mode: number): void {
  const old = lstatSync(file, { throwIfNoEntry: false });
  if (old === undefined) {
    fchmodSync(fd, mode);
    return;
  }
  if (!old.isFile()) throw new Error(`${file} is not a plain file`);
  if (process.geteuid?.() === 0) fchownSync(fd, old.uid, old.gid);
  fchmodSync(fd, old.mode & 0o7777);
}

function writeWhole(fd: number, data: Buffer): void {
  for (let done = 0; done < data.length;) done += writeSync(fd, data, done);
}

let syncfs: ((fd: number) => number) | null = null;

function syncFileSystem(folder: string): void {
  syncfs ??= koffi.load('libc.so.6').func('int syncfs(int fd)') as (fd: number) => number;
  const fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    if (syncfs(fd) !== 0) throw new Error(`cannot write the file system of ${folder} to disk (syncfs)`);
  } finally {
    closeSync(fd);
  }
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
