// The package: complete, the same bytes twice, only what its architecture needs, and alive when unpacked.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ARCHITECTURES } from '../../packaging/deb/architecture.ts';
import { buildPackage, debianVersionOf } from '../../packaging/deb.ts';

const PACKAGING = path.resolve(import.meta.dirname, '../../packaging');
const scratch = mkdtempSync(path.join(tmpdir(), 'deb-'));
const here = ARCHITECTURES.find(({ node }) => node === process.arch);
let deb: string;
let files: string[];

function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe' });
}

async function build(to: string): Promise<string> {
  if (here === undefined) throw new Error(`there is no package for ${process.arch}`);
  return buildPackage({
    architecture: here,
    to: path.join(scratch, to),
    compression: 'none',
    sqlite: 'prebuilt',
  });
}

beforeAll(async () => {
  deb = await build('once');
  files = run('dpkg-deb', '--contents', deb).trim().split('\n');
  run('dpkg-deb', '--extract', deb, path.join(scratch, 'root'));
}, 60_000);
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('the Debian package', () => {
  it('is the same, byte for byte, when it is built again', async () => {
    const again = await build('again');
    expect(sha256(again)).toBe(sha256(deb));
  }, 60_000);

  it('belongs to root, and nobody else may write to it', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(files.filter((line) => !/^[-d]rw[x-]r-[x-]r-[x-] root\/root /.test(line))).toEqual([]);
  });

  it('has binaries of this architecture alone', () => {
    const binaries = files
      .filter((line) => line.endsWith('.node'))
      .map((line) => line.split('/').slice(-2).join('/'));
    expect(binaries).toEqual([`linux_${process.arch}/koffi.node`, `prebuilds/linux-${process.arch}.node`]);
  });

  it('changes nothing of sshd when it is unpacked', () => {
    expect(
      files.filter((line) => / \.\/etc\/.*[^/]$/.test(line)).map((line) => line.split(' ').at(-1)),
    ).toEqual(['./etc/sunk-agent/config.yaml']);
  });

  it('runs from what was unpacked, with the addons loaded', () => {
    const lib = path.join(scratch, 'root/usr/lib/sunk-agent');
    expect(run(path.join(lib, 'node'), path.join(lib, 'cli.js'), '--version')).toMatch(
      /^sunk-agent \d+\.\d+\.\d+\+[0-9a-f]{9}/,
    );
    const script =
      "require('better-sqlite3')(':memory:').prepare('select 1').get(); require('koffi').load('libc.so.6')";
    expect(
      run(
        path.join(lib, 'node'),
        '-e',
        `const require = process.getBuiltinModule('module').createRequire('${lib}/cli.js'); ${script}`,
      ),
    ).toBe('');
  });

  it('names a licence for every package that is in it', () => {
    const copyright = readFileSync(path.join(scratch, 'root/usr/share/doc/sunk-agent/copyright'), 'utf8');
    for (const name of ['better-sqlite3', 'koffi', 'pino', 'undici', 'yaml', 'zod'])
      expect(copyright).toContain(`(${name})`);
  });

  it('calls a later commit a later version', () => {
    const [early, late] = [debianVersionOf('0.1.0+fff', 1000), debianVersionOf('0.1.0+000', 2000)];
    expect(() => run('dpkg', '--compare-versions', early, 'lt', late)).not.toThrow();
    expect(() => run('dpkg', '--compare-versions', late, 'lt', '0.1.1+x')).not.toThrow();
  });
});

describe('the scripts of the package', () => {
  it.each([
    ...readdirSync(path.join(PACKAGING, 'wrapper')).map((name) => `wrapper/${name}`),
    'deb/postinst',
    'deb/prerm',
    'deb/postrm',
    ...['sunk-agent', 'sunk-agent-reader'].flatMap((name) => [
      `container/s6-rc.d/${name}/run`,
      `container/s6-rc.d/${name}/finish`,
    ]),
  ])('%s is clean POSIX sh', (script) => {
    expect(() => run('shellcheck', '--shell=sh', path.join(PACKAGING, script))).not.toThrow();
  });
});

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
