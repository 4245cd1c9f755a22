// Whether a login shell can be started, as sshd(8) checks it.
import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';

/** What is wrong with it, to be printed after its path; null: nothing. */
export function findShellFault(root: string, shell: string): string | null {
  const file = path.join(root, shell);
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) return 'is not installed on this node';
  if (!found.isFile()) return 'is not a program';
  try {
    accessSync(file, constants.X_OK);
    return null;
  } catch {
    return 'is not executable';
  }
}
