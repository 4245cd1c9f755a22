// The directory file as the pages use it: read again when it is another one, changed by one at a time.
import { existsSync, statSync } from 'node:fs';
import { holdDirectory } from '../directory-lock.ts';
import { UsageError } from '../directory-verbs.ts';
import { loadDirectory, saveDirectory, type Directory } from '../directory.ts';
import { makeSampleDirectory } from '../sample-directory.ts';

export interface DirectoryAccess {
  read(): Directory;
  /** A refused input changes nothing; what failed in the middle is kept as far as it was done. */
  change<T>(act: (directory: Directory) => T | Promise<T>): Promise<T>;
  /** @throws UsageError if there is a directory already. */
  init(): void;
}

export function createDirectoryAccess({ file }: { readonly file: string }): DirectoryAccess {
  let known: { readonly stamp: string; readonly directory: Directory } | null = null;
  return {
    /** Every save renames a new file to its name. */
    read() {
      const { ino, mtimeMs, size } = statSync(file);
      const stamp = [ino, mtimeMs, size].join();
      if (known?.stamp !== stamp) known = { stamp, directory: loadDirectory(file) };
      return known.directory;
    },
    change: (act) =>
      holdDirectory(file, async () => {
        const directory = loadDirectory(file);
        try {
          const done = await act(directory);
          saveDirectory(file, directory);
          return done;
        } catch (error) {
          if (!(error instanceof UsageError)) saveDirectory(file, directory);
          throw error;
        }
      }),
    init() {
      if (existsSync(file)) throw new UsageError('There is a directory already.');
      saveDirectory(file, makeSampleDirectory());
    },
  };
}
