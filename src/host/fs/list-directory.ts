// Names of the entries of a directory that may be missing.
import { lstatSync, readdirSync } from 'node:fs';

/** Empty where the directory does not exist, or where another kind of file is in its place. */
export function listDirectory(directory: string): string[] {
  return lstatSync(directory, { throwIfNoEntry: false })?.isDirectory() === true
    ? readdirSync(directory)
    : [];
}
