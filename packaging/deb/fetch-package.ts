// A package of the lock file as a directory: the installed one, or, for another architecture, fetched and checked.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';

const PROJECT = path.resolve(import.meta.dirname, '../..');
const DOWNLOADS = path.join(PROJECT, '.cache/packages');

interface LockedPackage {
  readonly version: string;
  readonly integrity: string;
}

/**
 * The directory of the package, of exactly the version that package-lock.json names.
 * @throws Error if it is not in the lock file, cannot be fetched, or has not the hash that is written there.
 */
export function findPackage(name: string): string {
  const installed = path.join(PROJECT, 'node_modules', name);
  return existsSync(path.join(installed, 'package.json')) ? installed : fetchPackage(name);
}

/** The same, from the registry even if it is installed; kept under .cache/ for the next time. */
function fetchPackage(name: string): string {
  const { version, integrity } = lockedPackage(name);
  const label = `${name.replace('@', '').replace('/', '-')}-${version}`;
  const directory = path.join(DOWNLOADS, label);
  if (existsSync(directory)) return path.join(directory, 'package');

  mkdirSync(DOWNLOADS, { recursive: true });
  execFileSync('npm', ['pack', '--silent', '--pack-destination', DOWNLOADS, `${name}@${version}`], {
    stdio: 'pipe',
  });
  const archive = path.join(DOWNLOADS, `${label}.tgz`);
  const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (found !== integrity) {
    rmSync(archive);
    throw new Error(`${label}: the registry sent ${found}, package-lock.json says ${integrity}`);
  }
  const unfinished = `${directory}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished);
  execFileSync('tar', ['-xzf', archive, '-C', unfinished, '--no-same-owner']);
  renameSync(unfinished, directory);
  rmSync(archive);
  return path.join(directory, 'package');
}

/** What package-lock.json says of `name`. */
export function lockedPackage(name: string): LockedPackage {
  const lock = JSON.parse(readFileSync(path.join(PROJECT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Partial<LockedPackage>>;
  };
  const { version, integrity } = lock.packages[`node_modules/${name}`] ?? {};
  if (version === undefined || integrity === undefined)
    throw new Error(`${name} is not in package-lock.json`);
  return { version, integrity };
}

// fetch-package.ts NAME...: for tests, which have no network afterwards.
if (import.meta.main) for (const name of process.argv.slice(2)) findPackage(name);
