// Every command is explained everywhere: help with examples, overview, manual, completion and OPERATING.md know all options.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { COMMON_OPTIONS, loadCommands } from '../../../packaging/manual/commands.ts';
import { renderCompletion } from '../../../packaging/manual/completion.ts';
import { renderCommandManual } from '../../../packaging/manual/man.ts';
import { OVERVIEW, suggest } from '../../../src/cli/help.ts';

const COMMON = {
  config: { type: 'string' },
  root: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

const commands = await loadCommands();
const PROJECT = path.resolve(import.meta.dirname, '../../..');
const operating = readFileSync(path.join(PROJECT, 'packaging/OPERATING.md'), 'utf8');
let manual: string;
let completion: string;

beforeAll(async () => {
  const groff = ['-Kutf8', '-mandoc', '-Tascii', '-P-cbou', '-rLL=200n'];
  manual = execFileSync('groff', groff, { input: await renderCommandManual(0), encoding: 'utf8' });
  completion = await renderCompletion();
});

/** What a document shows in blocks and in backticks; `sa` is the chart's word for sunk-agent in the publisher's pod. */
function listShown(file: string): string[] {
  const text = readFileSync(path.join(PROJECT, file), 'utf8');
  const blocks = [
    ...text.matchAll(/^ *[$#]? ?(?:sudo |npm run -s )?(?:sunk-agent|sa)(?: --)? (?!-)(.*)$/gm),
    ...text.matchAll(/`(?:sudo )?(?:sunk-agent|sa) (?!-)([^`]+)`/g),
  ].map(([, line = '']) => line);
  return blocks
    .map((line) => line.replace(/ +#.*$|[>|].*$/g, '').replace(/ && .*$/, ''))
    .filter((line) => !line.includes('...'));
}

it.each([
  ['README.md', 4],
  ['CHANGELOG.md', 1],
  ['CONTRIBUTING.md', 0],
  ['SECURITY.md', 3],
  ['packaging/OPERATING.md', 20],
  ['packaging/helm/README.md', 10],
  ['src/testbed/README.md', 3],
])('%s shows only command lines that the commands accept', (file, least) => {
  const lines = listShown(file);
  expect(lines.length).toBeGreaterThanOrEqual(least);
  for (const shown of lines) {
    // In a table an option in brackets may be left out, and so may what is repeated.
    const line = shown.replaceAll(/[[\]]/g, '');
    const [name = '', ...args] = line.trim().split(/\s+/);
    const options = { ...COMMON, ...commands.get(name)?.options };
    expect(commands.has(name), line).toBe(true);
    expect(() => parseArgs({ args, options, allowPositionals: true, strict: true }), line).not.toThrow();
  }
});

describe.each([...commands])('%s', (name, { help, options }) => {
  it('has a usage, examples and its exit status, in lines that fit into 120 columns', () => {
    expect(help).toMatch(new RegExp(`^Usage: sunk-agent ${name}\\b`));
    expect(help).toMatch(/\n\nExamples:\n {2}sunk-agent /);
    expect(help).toMatch(/\bExit status: 0 /);
    for (const line of help.split('\n')) expect(line.length, line).toBeLessThanOrEqual(120);
  });

  it('explains each of its options', () => {
    for (const option of Object.keys(options)) expect(help, `--${option}`).toContain(`--${option}`);
  });

  it('shows examples that it would accept', () => {
    const [, block = ''] = /\n\nExamples:\n((?: {2}.*\n)+)/.exec(help) ?? [];
    const examples = block.split('\n').filter((line) => line !== '');
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      const [program, command, ...args] = example.trim().split(/\s+/);
      expect([program, command], example).toEqual(['sunk-agent', name]);
      const parse = () =>
        parseArgs({ args, options: { ...COMMON, ...options }, allowPositionals: true, strict: true });
      expect(parse, example).not.toThrow();
    }
  });

  it('is in the overview, OPERATING.md, the manual and the completion, with every option', () => {
    expect(OVERVIEW).toMatch(new RegExp(`^  ${name} |\\b${name} (?:restores|ends)`, 'm'));
    expect(operating).toMatch(new RegExp(`\`(?:sunk-agent )?${name}\\b`));
    expect(manual).toContain(`sunk-agent ${name}\n`);
    const [, words = ''] = new RegExp(`^ {4}${name}\\) words='(.*)' ;;$`, 'm').exec(completion) ?? [];
    expect(words.split(' ').sort()).toEqual(
      [...new Set([...Object.keys(options), ...Object.keys(COMMON_OPTIONS)])]
        .map((option) => `--${option}`)
        .sort(),
    );
    for (const option of Object.keys(options)) expect(manual).toContain(`--${option}`);
  });

  it('is suggested for a word with one letter wrong', () => {
    const names = [...commands.keys()];
    expect(suggest(`${name.slice(0, -1)}x`, names)).toContain('did you mean');
    expect(suggest(`${name}s`, names)).toContain(`"${name}"`);
  });
});
