// The SQLite addon as a file.
import path from 'node:path';
import { findPackage } from './fetch-package.ts';

/** The prebuilt binary of `architecture`, as Node names it. */
export function sqliteAddon(architecture: string): string {
  return path.join(findPackage('better-sqlite3'), `prebuilds/linux-${architecture}.node`);
}
