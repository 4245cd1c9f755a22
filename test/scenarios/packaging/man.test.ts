// The manuals and the completion agree with the code.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { loadCommands } from '../../../packaging/manual/commands.ts';
import { renderCompletion } from '../../../packaging/manual/completion.ts';
import { listKeys } from '../../../packaging/manual/config-keys.ts';
import { renderCommandManual, renderConfigManual } from '../../../packaging/manual/man.ts';
import { SLURM } from '../../../packaging/manual/man-texts.ts';
import { escapeText } from '../../../packaging/manual/mdoc.ts';
import { configSchema } from '../../../src/config/config.ts';
import { propertyRuns } from '../../support/property-runs.ts';

const TIME = Date.UTC(2026, 10, 24) / 1000;

function format(source: string): string {
  const warnings = ['-ww', '-Kutf8', '-mandoc', '-Tutf8', '-P-cbou', '-rLL=100n'];
  return execFileSync('groff', warnings, { input: source, encoding: 'utf8', stdio: 'pipe' });
}

describe('sunk-agent.yaml(5)', () => {
  it('reads as the golden page', () => {
    const golden = path.join(import.meta.dirname, 'golden/sunk-agent.yaml.5.txt');
    const page = format(renderConfigManual(TIME));
    if (process.env['UPDATE_GOLDEN'] !== undefined) writeFileSync(golden, page);
    expect(page).toBe(readFileSync(golden, 'utf8'));
  });

  it('has an example for Slurm that the schema takes', () => {
    const [, example = ''] = /^Examples:\n(  slurm:\n(?: {4}.*\n)+)/m.exec(SLURM) ?? [];
    const { slurm } = parse(example) as { slurm: unknown };
    expect(configSchema.shape.slurm.parse(slurm)).toMatchObject({ mode: 'enforce' });
  });

  it('has every key of the schema with a description', () => {
    const paths = listKeys(configSchema).map((key) => key.path);
    expect(paths).toEqual(
      expect.arrayContaining([
        'scim.base_url',
        'access.groups[].id',
        'limits.max_loss.share',
        'scim.tokens[].file',
      ]),
    );
    expect(new Set(paths).size).toBe(paths.length);
  });

  it('cannot be made while a key has no description', () => {
    expect(() => listKeys(z.strictObject({ a: z.strictObject({ b: z.string() }).describe('A.') }))).toThrow(
      'a.b has no description',
    );
  });
});

describe('sunk-agent(8)', () => {
  it('explains every command and formats without a warning', async () => {
    const page = format(await renderCommandManual(TIME));
    for (const name of (await loadCommands()).keys()) expect(page).toContain(`sunk-agent ${name}`);
  });

  it('names no bound that no schema has', async () => {
    expect(await renderCommandManual(TIME)).not.toContain('9007199254740991');
  });

  it('has each renamed field of the status under both names', async () => {
    const page = format(await renderCommandManual(TIME));
    for (const [old, current] of [
      ['version', 'schema_version'],
      ['store.lastHeard', 'store.lastContact'],
      ['counts.accountsOpen', 'counts.accountsEnabled'],
      ['counts.accountsClosed', 'counts.accountsDisabled'],
      ['lastPass', 'lastSync'],
      ['nextPass', 'nextSync'],
    ])
      expect(page).toMatch(new RegExp(`^ +${current}\\n? +${old}\\b`, 'm'));
  });
});

describe('text in a manual', () => {
  it('is printed unchanged, for any text', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[!-~]{1,40}$/), (text) => {
        const page = execFileSync('groff', ['-Kutf8', '-mandoc', '-Tutf8', '-P-cbou'], {
          input: `.Dd x\n.Dt X 1\n.Os\n.Bd -literal\n${escapeText(text)}\n.Ed\n`,
          encoding: 'utf8',
        });
        expect(page).toContain(text);
      }),
      { numRuns: propertyRuns(20, 500) },
    );
  });
});

describe('completion in bash', () => {
  async function complete(...words: string[]): Promise<string[]> {
    const script = `${await renderCompletion()}
      COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
      _sunk_agent; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim().split('\n');
  }

  it('knows every command', async () => {
    expect(await complete('sunk-agent', '')).toEqual([
      ...(await loadCommands()).keys(),
      '--help',
      '--version',
    ]);
  });

  it('offers the options of the command that was typed', async () => {
    expect(await complete('sunk-agent', 'sync', '--f')).toEqual(['--full']);
    expect(await complete('sunk-agent', 'status', '--f')).toEqual(['']);
  });
});
