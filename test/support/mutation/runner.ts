// Stryker's test runner for the pure parts and the parsers: each test file is bundled once and evaluated afresh for
// every mutant, so that nothing a mutant has broken outlives it, all in one process.
import { INSTRUMENTER_CONSTANTS, type MutantCoverage } from '@stryker-mutator/api/core';
import {
  determineHitLimitReached,
  DryRunStatus,
  TestStatus,
  toMutantRunResult,
  type CompleteDryRunResult,
  type DryRunResult,
  type MutantRunOptions,
  type MutantRunResult,
  type TestResult,
  type TestRunner,
} from '@stryker-mutator/api/test-runner';
import { buildSync } from 'esbuild';
import type * as fc from 'fast-check';
import { globSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { compileFunction } from 'node:vm';
import { findTests, type FoundFile } from './harness.ts';

/** What mutants must face: no node, no process that takes long. */
const TEST_FILES = [
  'test/unit/{policy,plan}/**/*.test.ts',
  'test/unit/diagnose/{why/judge,doctor/check}/*.test.ts',
  'test/scenarios/policy/**/*.test.ts',
  'test/unit/protocol/attribute-path.test.ts',
  'test/unit/reader/pages/list-page.test.ts',
  'test/unit/agent/ingest/judge-resource.test.ts',
  'test/unit/host/accounts/passwd-format.test.ts',
  'test/unit/testbed/protocol/{filter,patch}/*.test.ts',
];
const EXCLUDED = [
  // Too slow to run for each mutant.
  'test/unit/policy/keys/real-keys.test.ts',
  'test/unit/policy/keys/key-text-speed.test.ts',
  // It replaces modules, which only Vitest can.
  'test/unit/plan/new-kind.test.ts',
  // It reads the source, not what it does.
  'test/unit/plan/no-state.test.ts',
];

/** What an instrumented module reads and writes, under Stryker's name. */
interface Namespace {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  hitCount?: number | undefined;
  hitLimit?: number | undefined;
  mutantCoverage?: MutantCoverage;
}

type Require = (name: string) => unknown;
type Code = (require: Require, module: { exports: object }, exports: object) => void;

class InProcessRunner implements TestRunner {
  private readonly namespace: Namespace;
  private readonly bundles = new Map<string, Bundle>();
  private readonly require: Require = createRequire(join(process.cwd(), 'package.json'));
  /** Milliseconds by the id of a test, `FILE#NAME`. */
  private readonly durations = new Map<string, number>();

  constructor() {
    const globals = globalThis as unknown as Record<string, Namespace>;
    this.namespace = globals[INSTRUMENTER_CONSTANTS.NAMESPACE] ??= {};
  }

  capabilities(): { reloadEnvironment: boolean } {
    return { reloadEnvironment: true };
  }

  init(): Promise<void> {
    process.env['MUTANTS'] = '1';
    // The same cases for every mutant and in every run; the first failure is enough, however long it is.
    const { configureGlobal } = this.require('fast-check') as typeof fc;
    configureGlobal({ seed: 20261128, endOnFailure: true });
    for (const file of globSync(TEST_FILES, { exclude: EXCLUDED }).sort())
      this.bundles.set(file, bundle(file, this.require));
    return Promise.resolve();
  }

  async dryRun(): Promise<DryRunResult> {
    const result = await this.run(
      [...this.bundles.values()].flatMap(({ ids }) => ids),
      false,
      (file) => this.evaluate(file),
    );
    const { mutantCoverage } = this.namespace;
    return mutantCoverage === undefined ? result : { ...result, mutantCoverage };
  }

  async mutantRun(options: MutantRunOptions): Promise<MutantRunResult> {
    const { namespace } = this;
    const mutant = options.activeMutant.id;
    namespace.hitCount = 0;
    namespace.hitLimit = options.hitLimit;
    namespace.activeMutant = mutant;
    try {
      const result = await this.run(
        this.select(options.testFilter, resolve(options.sandboxFileName)),
        !options.disableBail,
        (file) => {
          namespace.activeMutant = options.mutantActivation === 'static' ? mutant : undefined;
          const found = this.evaluate(file);
          namespace.activeMutant = mutant;
          return found;
        },
      );
      return toMutantRunResult(determineHitLimitReached(namespace.hitCount, namespace.hitLimit) ?? result);
    } catch (error) {
      return toMutantRunResult({ status: DryRunStatus.Error, errorMessage: String(error) });
    } finally {
      namespace.activeMutant = undefined;
    }
  }

  /**
   * Ids of tests, the quick ones first, since the first failure ends a mutant's run.
   * @param filter those that reach the mutant; undefined for a mutant that works while its module is loaded, which
   * faces every file that loads it.
   */
  private select(filter: readonly string[] | undefined, mutated: string): string[] {
    const ids =
      filter ?? [...this.bundles.values()].flatMap((each) => (each.inputs.has(mutated) ? each.ids : []));
    const duration = (id: string): number => this.durations.get(id) ?? 0;
    return ids.toSorted((a, b) => duration(a) - duration(b));
  }

  /** @throws what the file throws when it is evaluated. */
  private evaluate(file: string): FoundFile {
    const bundled = this.bundles.get(file);
    if (bundled === undefined) throw new Error(`no test file ${file}`);
    return evaluate(bundled.code, this.require);
  }

  private async run(
    ids: readonly string[],
    bail: boolean,
    evaluateFile: (file: string) => FoundFile,
  ): Promise<CompleteDryRunResult> {
    const results: TestResult[] = [];
    const begun = new Map<string, FoundFile>();
    for (const id of ids) {
      const file = id.slice(0, id.indexOf('#'));
      let found = begun.get(file);
      if (found === undefined) {
        found = evaluateFile(file);
        begun.set(file, found);
        for (const work of found.before) await work();
      }
      const result = await this.runTest(id, file, found);
      results.push(result);
      if (bail && result.status === TestStatus.Failed) break;
    }
    for (const found of begun.values()) for (const work of found.after) await work();
    return { status: DryRunStatus.Complete, tests: results };
  }

  private async runTest(id: string, file: string, found: FoundFile): Promise<TestResult> {
    const name = id.slice(file.length + 1);
    const work = found.tests.get(name);
    if (work === undefined) throw new Error(`no test ${id}`);
    const start = performance.now();
    this.namespace.currentTestId = id;
    let failure: string | undefined;
    try {
      await work();
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
    }
    this.namespace.currentTestId = undefined;
    const timeSpentMs = performance.now() - start;
    const known = { id, name, timeSpentMs, fileName: resolve(file) };
    if (failure !== undefined) return { ...known, status: TestStatus.Failed, failureMessage: failure };
    this.durations.set(id, timeSpentMs);
    return { ...known, status: TestStatus.Success };
  }
}

interface Bundle {
  readonly code: Code;
  readonly ids: readonly string[];
  /** Paths of the test file and of all files of the project that it loads. */
  readonly inputs: ReadonlySet<string>;
}

/** A test file and all files of the project that it loads, as one function. */
function bundle(file: string, require: Require): Bundle {
  const { outputFiles, metafile } = buildSync({
    absWorkingDir: process.cwd(),
    entryPoints: [file],
    bundle: true,
    write: false,
    format: 'cjs',
    platform: 'node',
    target: 'node26',
    packages: 'external',
    metafile: true,
  });
  const text = outputFiles[0]?.text ?? '';
  const code = compileFunction(text, ['require', 'module', 'exports'], { filename: file }) as Code;
  return {
    code,
    ids: [...evaluate(code, require).tests.keys()].map((name) => `${file}#${name}`),
    inputs: new Set(Object.keys(metafile.inputs).map((path) => resolve(path))),
  };
}

function evaluate(code: Code, require: Require): FoundFile {
  return findTests((vitest) => {
    const module = { exports: {} };
    code((name) => (name === 'vitest' ? vitest : require(name)), module, module.exports);
  });
}

export const strykerPlugins = [{ kind: 'TestRunner', name: 'in-process', injectableClass: InProcessRunner }];
