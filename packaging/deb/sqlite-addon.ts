// The SQLite addon, compiled so that it loads on Debian 11: the prebuilt one asks for glibc 2.34.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Architecture } from './architecture.ts';
import { findPackage, lockedPackage } from './fetch-package.ts';

const HERE = import.meta.dirname;
const BUILDS = path.resolve(HERE, '../../.cache/sqlite-addon');

/** GNU compilers by architecture; for another architecture than the machine's, Debian's cross compiler. */
const COMPILER = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' } as const;

const COMMON = [
  '-c',
  '-O2',
  '-fPIC',
  '-DNDEBUG',
  '-fvisibility=hidden',
  '-include',
  path.join(HERE, 'old-glibc.h'),
];
const NAPI = [
  '-DNAPI_VERSION=10',
  '-DNAPI_DISABLE_CPP_EXCEPTIONS',
  '-DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
];
const CXX = ['-std=c++20', '-fno-exceptions', '-fvisibility-inlines-hidden', ...NAPI];
// --no-as-needed would name libraries that are part of libc today; what Node has loaded is enough.
const LINK = [
  '-shared',
  '-s',
  '-Wl,-Bsymbolic',
  '-Wl,--exclude-libs,ALL',
  '-Wl,--build-id=none',
  '-Wl,--as-needed',
];

export interface SqliteAddon {
  readonly file: string;
  /** Versions of libc6 and libstdc++6 that a package with it needs (deb-control(5)). */
  readonly depends: readonly string[];
}

/**
 * @throws Error naming the Debian package to install where a compiler is missing.
 */
export function findSqliteAddon(architecture: Architecture, kind: 'compiled' | 'prebuilt'): SqliteAddon {
  if (kind === 'compiled')
    return { file: compileOnce(architecture), depends: ['libc6 (>= 2.29)', 'libstdc++6 (>= 8)'] };
  const file = path.join(findPackage('better-sqlite3'), `prebuilds/linux-${architecture.node}.node`);
  return { file, depends: ['libc6 (>= 2.34)', 'libstdc++6 (>= 11)'] };
}

/** Kept under .cache/, by the hash of all its inputs. */
function compileOnce({ node }: Architecture): string {
  const recipe = [...COMMON, ...CXX, ...LINK].map((word) => word.replace(HERE, ''));
  const own = ['old-glibc.h', 'old-glibc.c'].map((name) => readFileSync(path.join(HERE, name), 'utf8'));
  const compiler = runCompiler(`${COMPILER[node]}-g++`, '--version');
  const inputs = [...recipe, ...own, compiler, lockedPackage('better-sqlite3').integrity];
  const file = path.join(
    BUILDS,
    `${node}-${createHash('sha256').update(inputs.join('\0')).digest('hex').slice(0, 16)}.node`,
  );
  if (!existsSync(file)) compile(COMPILER[node], file);
  return file;
}

function compile(triplet: string, file: string): void {
  const source = findPackage('better-sqlite3');
  const scratch = mkdtempSync(path.join(tmpdir(), 'sqlite-addon-'));
  const object = (name: string): string => path.join(scratch, `${name}.o`);
  const includes = [
    path.join(findPackage('node-addon-api')),
    path.join(findPackage(`node-linux-${process.arch}`), 'include/node'),
    path.join(source, 'deps/sqlite3'),
  ].map((directory) => `-I${directory}`);
  try {
    const sqlite = path.join(source, 'deps/sqlite3/sqlite3.c');
    runCompiler(
      `${triplet}-gcc`,
      ...COMMON,
      '-std=gnu99',
      '-w',
      ...sqliteOptions(source),
      sqlite,
      '-o',
      object('sqlite3'),
    );
    runCompiler(
      `${triplet}-gcc`,
      '-c',
      '-O2',
      '-fPIC',
      path.join(HERE, 'old-glibc.c'),
      '-o',
      object('old-glibc'),
    );
    runCompiler(
      `${triplet}-g++`,
      ...COMMON,
      ...CXX,
      ...includes,
      path.join(source, 'src/better_sqlite3.cpp'),
      '-o',
      object('addon'),
    );
    const linked = path.join(scratch, 'addon.node');
    runCompiler(
      `${triplet}-g++`,
      ...LINK,
      object('sqlite3'),
      object('addon'),
      object('old-glibc'),
      '-o',
      linked,
      '-lm',
    );
    mkdirSync(BUILDS, { recursive: true });
    const unfinished = `${file}.${process.pid}`;
    copyFileSync(linked, unfinished);
    renameSync(unfinished, file);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The options that the addon's own recipe gives SQLite. */
function sqliteOptions(source: string): string[] {
  const recipe = readFileSync(path.join(source, 'deps/defines.gypi'), 'utf8');
  const options = [...recipe.matchAll(/^ +'([A-Z0-9_]+(?:=[-A-Z0-9_]+)?)',$/gm)].map(
    ([, option = '']) => `-D${option}`,
  );
  if (!options.includes('-DSQLITE_ENABLE_COLUMN_METADATA'))
    throw new Error('better-sqlite3 keeps its options of SQLite elsewhere now');
  return options;
}

function runCompiler(program: string, ...args: string[]): string {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  } catch (cause) {
    const triplet = program.replace(/-g(cc|\+\+)$/, '');
    throw new Error(`${program} failed; on Debian it is in g++ or g++-${triplet.replace('_', '-')}`, {
      cause,
    });
  }
}
