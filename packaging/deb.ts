// `npm run package`: the Debian packages for both architectures, the same bytes for the same commit.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { readVersion } from '../src/common/version.ts';
import { type Architecture, ARCHITECTURES } from './deb/architecture.ts';
import { writeControl } from './deb/control.ts';
import { layTree } from './deb/tree.ts';

const COMPRESSIONS = { xz: ['-Zxz'], quick: ['-Zxz', '-z0'], none: ['-Znone'] } as const;

const HELP = `npm run package -- [--arch ARCHITECTURE]... [--to DIRECTORY] [--compression xz|quick|none]

Builds sunk-agent_VERSION_ARCHITECTURE.deb for Debian 12 and 13 and Ubuntu 22.04 and 24.04.

  --arch ARCHITECTURE  amd64 or arm64, may be repeated (default: both)
  --to DIRECTORY       where the packages go (default: dist)
  --compression HOW    xz (default, as it is shipped), quick (larger), none

It needs dpkg-deb, and installs it as root on Debian and Ubuntu. For the architecture that this machine is not, Node
and an addon come from the npm registry, at the version and hash of package-lock.json; no compiler is needed.

Exit status: 0 all were built, 1 at least one was not, 64 wrong command line.
`;

export interface PackageOptions {
  readonly architecture: Architecture;
  /** Directory of the package. */
  readonly to: string;
  /** Only for tests: `quick` is xz in seconds instead of a minute and a little larger, `none` is not even that. */
  readonly compression: keyof typeof COMPRESSIONS;
  /** Another version number than package.json's, only for tests of upgrades. */
  readonly release?: string;
}

/** Builds one package. @returns its path. */
export async function buildPackage({
  architecture,
  to,
  compression,
  release,
}: PackageOptions): Promise<string> {
  const { time, version: current } = identifyBuild();
  const version = release === undefined ? current : current.replace(/^[^+]+/, release);
  const debianVersion = debianVersionOf(version, time);
  const scratch = mkdtempSync(path.join(tmpdir(), 'sunk-agent-deb-'));
  try {
    const directory = path.join(scratch, 'tree');
    mkdirSync(directory);
    await layTree({ directory, architecture, version, debianVersion, time });
    writeControl(directory, architecture, debianVersion);
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

/** Installs dpkg-deb where it is missing and may be installed. @returns whether it is there. */
function hasDpkg(): boolean {
  const runs = (): boolean => spawnSync('dpkg-deb', ['--version']).status === 0;
  if (runs()) return true;
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) return false;
  process.stderr.write('installing the Debian package dpkg\n');
  spawnSync('sh', ['-c', 'apt-get update -qq && apt-get install -y -qq dpkg'], { stdio: 'ignore' });
  return runs();
}

/** @returns the exit status. */
async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      arch: { type: 'string', multiple: true, default: ARCHITECTURES.map(({ debian }) => debian) },
      to: { type: 'string', default: path.resolve(import.meta.dirname, '../dist') },
      compression: { type: 'string', default: 'xz' },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const { compression } = values;
  if (!isCompression(compression)) throw new TypeError(`--compression ${compression}: xz, quick or none`);
  const wanted = values.arch.map((name) => {
    const architecture = ARCHITECTURES.find(({ debian }) => debian === name);
    if (architecture === undefined) throw new TypeError(`--arch ${name}: amd64 or arm64`);
    return architecture;
  });
  if (!hasDpkg()) {
    process.stderr.write(
      'package: not built: dpkg-deb is missing; install the package dpkg of your system\n',
    );
    return 1;
  }
  let status = 0;
  for (const architecture of wanted) {
    try {
      const file = await buildPackage({ architecture, to: values.to, compression });
      process.stdout.write(`${file} (${(statSync(file).size / 1e6).toFixed(1)} MB)\n`);
    } catch (error) {
      const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
      process.stderr.write(`package: ${architecture.debian} not built: ${reason}\n`);
      status = 1;
    }
  }
  return status;
}

function isCompression(name: string): name is keyof typeof COMPRESSIONS {
  return Object.hasOwn(COMPRESSIONS, name);
}

if (import.meta.main) {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    process.stderr.write(`package: ${error.message}\n${HELP.split('\n')[0] ?? ''}\n`);
    process.exitCode = 64;
  }
}
