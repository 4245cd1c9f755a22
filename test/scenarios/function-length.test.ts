// The linter as it is configured: how long a function of the code may be.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const REPOSITORY = path.resolve(import.meta.dirname, '../..');

/** A function of so many lines; all but the first and the last are comments, blank, or of an inner function. */
function makeFunction(lines: number): string {
  const inner = ['  const inner = (): void => {', '    // Why.', '', '  };', '  inner();'];
  const rest = Array<string>(lines - inner.length - 2).fill('  // Why.');
  return ['export function long(): void {', ...inner, ...rest, '}', ''].join('\n');
}

/** Names of the files with a function that is too long. */
function lint(files: Readonly<Record<string, string>>): string[] {
  const directory = mkdtempSync(path.join(tmpdir(), 'function-length-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  cpSync(path.join(REPOSITORY, '.oxlintrc.json'), path.join(directory, '.oxlintrc.json'));
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(path.join(directory, path.dirname(file)), { recursive: true });
    writeFileSync(path.join(directory, file), content);
  }
  const oxlint = path.join(REPOSITORY, 'node_modules/.bin/oxlint');
  const { stdout } = spawnSync(oxlint, ['--format', 'json'], { cwd: directory, encoding: 'utf8' });
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { code: string; filename: string }[] };
  return diagnostics
    .filter(({ code }) => code.includes('max-lines-per-function'))
    .map(({ filename }) => path.basename(filename))
    .sort();
}

test('a function of the code has at most 60 lines, with its comments, blank lines and inner functions', () => {
  const refused = lint({
    'src/agent/daemon/short.ts': makeFunction(60),
    'src/agent/daemon/long.ts': makeFunction(61),
    'src/testbed/protocol/long-too.ts': makeFunction(61),
    'test/unit/any.ts': makeFunction(200),
  });
  expect(refused).toEqual(['long-too.ts', 'long.ts']);
});
