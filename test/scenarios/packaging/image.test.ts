// The OCI image: its command line, and at night that a rebuild has the same bytes and the other architecture is complete.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import manifest from '../../../package.json' with { type: 'json' };
import { ARCHITECTURES } from '../../../packaging/deb/architecture.ts';
import { buildImage } from '../../../packaging/image.ts';

const PROGRAM = path.resolve(import.meta.dirname, '../../../packaging/image.ts');
const scratch = mkdtempSync(path.join(tmpdir(), 'image-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('npm run image', () => {
  const start = (...args: string[]) => spawnSync(process.execPath, [PROGRAM, ...args], { encoding: 'utf8' });

  it('explains itself, and refuses a wrong command line with 64', () => {
    expect(start('--help')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('Exit status: 0 ') as string,
    });
    for (const wrong of [['--arch', 'sparc'], ['--fast']])
      expect(start(...wrong)).toMatchObject({ status: 64, stdout: '' });
  });

  it('makes the version that the chart asks for', () => {
    const chart = readFileSync(path.join(PROGRAM, '../helm/sunk-agent/Chart.yaml'), 'utf8');
    expect(parse(chart)).toMatchObject({ version: manifest.version, appVersion: manifest.version });
  });
});

const isNightly = process.env['NIGHTLY'] !== undefined && process.geteuid?.() === 0;
if (!isNightly) process.stderr.write('images are built twice only as root with NIGHTLY=1\n');

describe.runIf(isNightly)('the image', () => {
  it.each(ARCHITECTURES)(
    'for $debian is the same, byte for byte, when it is built again',
    async (architecture) => {
      const [once, again] = [
        await buildImage(architecture, path.join(scratch, 'once')),
        await buildImage(architecture, path.join(scratch, 'again')),
      ];
      expect(again.digest).toBe(once.digest);
      for (const name of ['archive', 'sbom'] as const)
        expect(readFileSync(again[name]).equals(readFileSync(once[name]))).toBe(true);
      expect(readFileSync(once.archive).length).toBeLessThan(90e6);
      expect(readdirSync(path.join(scratch, 'once')).length).toBeGreaterThan(1);
    },
    600_000,
  );
});
