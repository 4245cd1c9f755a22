// `npm run package`: the Debian packages for both architectures, the same bytes for the same commit.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { readVersion } from '../src/common/version.ts';
import { type Architecture, ARCHITECTURES } from './deb/architecture.ts';
import { writeControl } from './deb/control.ts';
import { findSqliteAddon } from './deb/sqlite-addon.ts';
import { layTree } from './deb/tree.ts';

const COMPRESSIONS = { xz: ['-Zxz'], quick: ['-Zxz', '-z0'], none: ['-Znone'] } as const;

export interface PackageOptions {
  readonly architecture: Architecture;
  /** Directory of the package. */
  readonly to: string;
  /** Only for tests: `quick` is xz in seconds instead of a minute and a little larger, `none` is not even that. */
  readonly compression: keyof typeof COMPRESSIONS;
  /** `prebuilt` only for tests: its package does not install on Debian 11. */
  readonly sqlite: 'compiled' | 'prebuilt';
  /** Another version number than package.json's, only for tests of upgrades. */
  readonly release?: string;
}

/** Builds one package. @returns its path. */
export async function buildPackage({
  architecture,
  to,
  compression,
  sqlite,
  release,
}: PackageOptions): Promise<string> {
  const { time, version: current } = identifyBuild();
  const version = release === undefined ? current : current.replace(/^[^+]+/, release);
  const debianVersion = debianVersionOf(version, time);
  const scratch = mkdtempSync(path.join(tmpdir(), 'sunk-agent-deb-'));
  try {
    const directory = path.join(scratch, 'tree');
    mkdirSync(directory);
    const { file: sqliteAddon, depends } = findSqliteAddon(architecture, sqlite);
    await layTree({ directory, architecture, sqliteAddon, version, debianVersion, time });
    writeControl(directory, architecture, debianVersion, depends);
    mkdirSync(to, { recursive: true });
    const file = path.join(to, `sunk-agent_${debianVersion}_${architecture.debian}.deb`);
    execFileSync(
      'dpkg-deb',
      ['--root-owner-group', ...COMPRESSIONS[compression], '--build', directory, file],
      {
        env: { ...process.env, SOURCE_DATE_EPOCH: String(time), LC_ALL: 'C' },
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    return file;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Time of the build, in epoch seconds, and the version that `--version` prints. */
export function identifyBuild(): { time: number; version: string } {
  return { time: buildTime(), version: readVersion() };
}

/** SOURCE_DATE_EPOCH, or the time of the commit. */
function buildTime(): number {
  const { SOURCE_DATE_EPOCH: given } = process.env;
  if (given !== undefined) return Number(given);
  const directory = import.meta.dirname;
  return Number(execFileSync('git', ['-C', directory, 'log', '-1', '--format=%ct'], { encoding: 'utf8' }));
}

/** `0.1.0+abc` to `0.1.0+20261124142300.abc`: a later commit is a later version (deb-version(7)). */
export function debianVersionOf(version: string, time: number): string {
  const [release = '', commit = ''] = version.split('+');
  const stamp = new Date(time * 1000).toISOString().replaceAll(/\D/g, '').slice(0, 14);
  return `${release}+${stamp}.${commit}`;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      arch: { type: 'string', multiple: true, default: ARCHITECTURES.map(({ debian }) => debian) },
      to: { type: 'string', default: path.resolve(import.meta.dirname, '../dist') },
      compression: { type: 'string', default: 'xz' },
      sqlite: { type: 'string', default: 'compiled' },
    },
  });
  for (const architecture of ARCHITECTURES.filter(({ debian }) => values.arch.includes(debian))) {
    const compression = values.compression === 'none' ? 'none' : 'xz';
    const sqlite = values.sqlite === 'prebuilt' ? 'prebuilt' : 'compiled';
    const file = await buildPackage({ architecture, to: values.to, compression, sqlite });
    process.stdout.write(`${file} (${(statSync(file).size / 1e6).toFixed(1)} MB)\n`);
  }
}
