// The Debian package for a node of this machine's architecture, and what apt does with it there.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import path from 'node:path';
import { ARCHITECTURES } from '../../../packaging/deb/architecture.ts';
import { buildPackage, identifyBuild, type PackageOptions } from '../../../packaging/deb.ts';
import { hashSources } from '../hash-sources.ts';
import type { LoginNode } from './node.ts';
import type { Result } from './run.ts';

const PROJECT = path.resolve(import.meta.dirname, '../../..');
const BUILT = path.join(PROJECT, '.cache/packages-for-tests');
/** What a package is made from; package-lock.json stands for node_modules. */
const SOURCES = ['src', 'packaging', 'systemd', 'package.json', 'package-lock.json'];

type Variant = Pick<PackageOptions, 'compression' | 'release'>;

/** Built as it is shipped but for the compression; once for the same sources. @returns its path. */
export async function buildForHere({
  compression = 'none',
  release,
}: Partial<Variant> = {}): Promise<string> {
  const architecture = ARCHITECTURES.find(({ node }) => node === process.arch);
  if (architecture === undefined) throw new Error(`there is no package for ${process.arch}`);
  const variant = { compression, ...(release !== undefined && { release }) };
  const directory = path.join(BUILT, hashInputs(variant));
  if (!existsSync(directory)) {
    const unfinished = `${directory}.${process.pid}`;
    await buildPackage({ architecture, to: unfinished, ...variant });
    // Another process may have been as quick: the same inputs, the same bytes.
    if (existsSync(directory)) rmSync(unfinished, { recursive: true });
    else renameSync(unfinished, directory);
  }
  // In use from now on.
  utimesSync(directory, new Date(), new Date());
  removeOutdated();
  const [file] = readdirSync(directory);
  if (file === undefined) throw new Error(`${directory} is empty: remove it`);
  return path.join(directory, file);
}

/** Each has 170 MB; none is of use any more when its sources have changed. */
function removeOutdated(): void {
  for (const name of readdirSync(BUILT)) {
    const directory = path.join(BUILT, name);
    const { mtimeMs = Infinity } = statSync(directory, { throwIfNoEntry: false }) ?? {};
    if (Date.now() - mtimeMs > 3_600_000) rmSync(directory, { recursive: true, force: true });
  }
}

function hashInputs(variant: Variant): string {
  return hashSources(PROJECT, SOURCES, [identifyBuild(), variant]);
}

/** `apt-get install ./FILE`: dependencies come from what the node has, for it has no network. */
export function installPackage(node: LoginNode, file: string): Result {
  const directory = path.join(node.root, 'var/tmp/packages');
  mkdirSync(directory, { recursive: true });
  copyFileSync(file, path.join(directory, path.basename(file)));
  return apt(node, `install --allow-downgrades /var/tmp/packages/${path.basename(file)}`);
}

/** apt-get as a script calls it. A test's node need not survive a power cut, so dpkg does not wait for the disk. */
export function apt(node: LoginNode, command: string): Result {
  const options = '--yes --quiet -o Dpkg::Options::=--force-unsafe-io';
  return node.exec(`DEBIAN_FRONTEND=noninteractive apt-get ${options} ${command} </dev/null 2>&1`);
}
