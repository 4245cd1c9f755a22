// The command line as the package starts it: the bundle, its wrapper and a compile cache, in a throwaway directory.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bundle } from '../../packaging/bundle.ts';

const PROJECT = path.resolve(import.meta.dirname, '../..');

export interface Bundled {
  /** The wrapper, as /usr/bin/sunk-agent. */
  readonly program: string;
  /** The directory of the bundle. */
  readonly lib: string;
  /** The runtime that it starts. */
  readonly runtime: string;
  /** An empty script for the same runtime. */
  readonly emptyScript: string;
  /** What the wrapper gives the runtime: its options and its environment. */
  readonly as: { readonly options: readonly string[]; readonly env: NodeJS.ProcessEnv };
  remove(): void;
}

/** @param more as `bundle` takes them. */
export async function makeBundled(more: Readonly<Record<string, string>> = {}): Promise<Bundled> {
  const directory = mkdtempSync(path.join(tmpdir(), 'bundled-'));
  const lib = path.join(directory, 'lib');
  await bundle(lib, 'bench', more);
  // The addons lie beside the bundle, as in the package.
  symlinkSync(path.join(PROJECT, 'node_modules'), path.join(lib, 'node_modules'));
  writeFileSync(path.join(lib, 'package.json'), '{ "type": "module" }\n');
  symlinkSync(process.execPath, path.join(lib, 'node'));
  const compiled = path.join(directory, 'compiled');
  mkdirSync(compiled);
  const program = path.join(directory, 'sunk-agent');
  const wrapper = readFileSync(path.join(PROJECT, 'packaging/wrapper/sunk-agent'), 'utf8')
    .replaceAll('/usr/lib/sunk-agent', lib)
    .replaceAll('/var/cache/sunk-agent', compiled);
  writeFileSync(program, wrapper, { mode: 0o755 });
  const emptyScript = path.join(directory, 'empty.mjs');
  writeFileSync(emptyScript, '');
  return {
    program,
    lib,
    as: {
      options: /node ((?:--\S+ )+)/.exec(wrapper)?.[1]?.trim().split(' ') ?? [],
      env: { NODE_COMPILE_CACHE: compiled },
    },
    runtime: path.join(lib, 'node'),
    emptyScript,
    remove: () => rmSync(directory, { recursive: true }),
  };
}
