// `npm run bundle`: src/ to a few plain JavaScript files that start fast and need no node_modules but the two addons.
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build as runEsbuild, type Plugin } from 'esbuild';
import { readVersion } from '../src/common/version.ts';

const PROJECT = path.resolve(import.meta.dirname, '..');

/** Native addons stay packages, since they find their binaries by their path. */
export const ADDONS = ['better-sqlite3', 'koffi'] as const;

/** Packages written as CommonJS ask for Node's own modules by `require`, which a module does not have. */
const REQUIRE = "const require = process.getBuiltinModule('node:module').createRequire(import.meta.url);";

export interface Bundle {
  /** Names of the packages whose code is in the bundle, sorted. */
  readonly packages: readonly string[];
}

/**
 * Writes `cli.js`, `reader.js`, `slurm.js`, `ask-name-service.js` and the chunks that they share.
 * @param directory emptied first.
 * @param version what `--version` prints.
 * @param more further entries by their names: a benchmark's, so that it runs what is shipped.
 */
export async function bundle(
  directory: string,
  version: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Bundle> {
  rmSync(directory, { recursive: true, force: true });
  const { metafile } = await runEsbuild({
    absWorkingDir: PROJECT,
    entryPoints: {
      cli: 'src/cli/main.ts',
      reader: 'src/reader/main.ts',
      slurm: 'src/slurm/main.ts',
      'ask-name-service': 'src/host/nss/services/main.ts',
      ...more,
    },
    outdir: directory,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node26',
    external: [...ADDONS],
    banner: { js: REQUIRE },
    minifyWhitespace: true,
    minifySyntax: true,
    // The package lists every licence in one file.
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    plugins: [stampVersion(version)],
  });
  dropUnusedRequires(directory);
  // It is started by name, on the runtime of the package, never by what PATH calls node.
  const entry = path.join(directory, 'cli.js');
  writeFileSync(entry, readFileSync(entry, 'utf8').replace(/^#!.*\n/, ''));
  chmodSync(entry, 0o644);
  return { packages: packagesOf(Object.keys(metafile.inputs)) };
}

/** Making a `require` costs each file some tenths of a millisecond, and few ask for anything by it. */
function dropUnusedRequires(directory: string): void {
  for (const name of readdirSync(directory)) {
    const file = path.join(directory, name);
    const text = readFileSync(file, 'utf8');
    const rest = text.replace(REQUIRE, '');
    if (!/\brequire\b/.test(rest)) writeFileSync(file, rest);
  }
}

/** Of package.json only the version is bundled, and it names the commit. */
function stampVersion(version: string): Plugin {
  return {
    name: 'version',
    setup(build) {
      build.onLoad({ filter: /\/package\.json$/ }, ({ path: file }) =>
        file === path.join(PROJECT, 'package.json')
          ? { contents: JSON.stringify({ version }), loader: 'json' }
          : null,
      );
    },
  };
}

function packagesOf(inputs: readonly string[]): string[] {
  const names = inputs.flatMap(
    (input) => /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(input)?.[1] ?? [],
  );
  return [...new Set(names)].sort();
}

if (import.meta.main) {
  await bundle(path.join(PROJECT, 'dist/lib/sunk-agent'), readVersion());
}
