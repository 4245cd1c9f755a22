// The Debian package for a node of this machine's architecture, and what apt does with it there.
import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { ARCHITECTURES } from '../../packaging/deb/architecture.ts';
import { buildPackage, type PackageOptions } from '../../packaging/deb.ts';
import type { LoginNode, Result } from './node.ts';

/** Builds it as it is shipped but for the compression. @param to the folder it goes to. */
export function buildForHere(
  to: string,
  options: Partial<Pick<PackageOptions, 'compression' | 'release'>> = {},
): Promise<string> {
  const architecture = ARCHITECTURES.find(({ node }) => node === process.arch);
  if (architecture === undefined) throw new Error(`there is no package for ${process.arch}`);
  return buildPackage({ architecture, to, compression: 'none', sqlite: 'compiled', ...options });
}

/** `apt-get install ./FILE`: dependencies come from what the node has, for it has no network. */
export function installPackage(node: LoginNode, file: string): Result {
  const folder = path.join(node.root, 'var/tmp/packages');
  mkdirSync(folder, { recursive: true });
  copyFileSync(file, path.join(folder, path.basename(file)));
  return apt(node, `install --allow-downgrades /var/tmp/packages/${path.basename(file)}`);
}

/** apt-get as a script calls it. */
export function apt(node: LoginNode, command: string): Result {
  return node.exec(`DEBIAN_FRONTEND=noninteractive apt-get --yes --quiet ${command} </dev/null 2>&1`);
}
