// SQLite's addon built on Debian 11, whose C library is older than the prebuilt one wants; kept in the cache.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
} from 'node:fs';
import path from 'node:path';
import { CACHE, ensureBase } from './base.ts';

const REPOSITORY = path.resolve(import.meta.dirname, '../..');
const SCRIPT = path.join(REPOSITORY, 'packaging/sqlite-addon.sh');

/** Where the addon lies inside node_modules. */
export const ADDON = 'better-sqlite3/prebuilds/linux-x64.node';

/** Path of the addon; the first call builds it in a throwaway overlay over the base, which takes a minute. */
export function ensureSqliteAddon(): string {
  const modules = realpathSync(path.join(REPOSITORY, 'node_modules'));
  const manifest = readFileSync(path.join(modules, 'better-sqlite3/package.json'));
  const recipe = createHash('sha256').update(readFileSync(SCRIPT)).update(manifest).digest('hex').slice(0, 8);
  const addon = path.join(CACHE, `sqlite-${recipe}.node`);
  if (existsSync(addon)) return addon;
  process.stderr.write(`building ${addon}; this takes a minute, once\n`);
  const base = ensureBase('bullseye');
  const folder = mkdtempSync(path.join(CACHE, 'building-'));
  const [upper, work, root] = ['upper', 'work', 'root'].map((name) => path.join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const part of [upper, work, root]) mkdirSync(part, { mode: 0o755 });
  try {
    mustRun('mount', [
      '-t',
      'overlay',
      'overlay',
      '-o',
      `lowerdir=${base},upperdir=${upper},workdir=${work}`,
      root,
    ]);
    copyFileSync('/etc/resolv.conf', path.join(root, 'etc/resolv.conf'));
    copyFileSync(SCRIPT, path.join(root, 'build.sh'));
    mkdirSync(path.join(root, 'modules'));
    // Read-only, so that removing the folder could never reach it.
    mustRun('mount', ['-o', 'bind,ro', modules, path.join(root, 'modules')]);
    const install =
      'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends g++';
    mustRun('chroot', [root, 'sh', '-c', `${install} && sh /build.sh /modules /addon.node`]);
    copyFileSync(path.join(root, 'addon.node'), `${addon}.new`);
    renameSync(`${addon}.new`, addon);
  } finally {
    spawnSync('umount', ['--lazy', path.join(root, 'modules')]);
    spawnSync('umount', ['--lazy', root]);
    rmSync(folder, { recursive: true, force: true });
  }
  return addon;
}

function mustRun(command: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr.slice(-2000)}`);
}
