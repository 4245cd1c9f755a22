// The package: complete, the same bytes twice, only what its architecture needs, and alive when unpacked.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADDONS, bundle } from '../../../packaging/bundle.ts';
import { ARCHITECTURES } from '../../../packaging/deb/architecture.ts';
import { buildPackage, debianVersionOf } from '../../../packaging/deb.ts';

const PACKAGING = path.resolve(import.meta.dirname, '../../../packaging');
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
  });
}

beforeAll(async () => {
  deb = await build('once');
  files = run('dpkg-deb', '--contents', deb).trim().split('\n');
  run('dpkg-deb', '--extract', deb, path.join(scratch, 'root'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('the Debian package', () => {
  it('is the same, byte for byte, when it is built again', async () => {
    const again = await build('again');
    expect(sha256(again)).toBe(sha256(deb));
  });

  it('belongs to root, and no other user may write to it', () => {
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

  it('brings what a node needs, each where Debian looks for it', () => {
    const paths = files.map((line) => line.split(' ').at(-1)?.slice(1));
    expect(paths).toEqual(
      expect.arrayContaining([
        '/usr/bin/sunk-agent',
        '/usr/libexec/sunk-agent/authorized-keys',
        '/usr/share/sunk-agent/sshd_config.d/10-sunk-agent.conf',
        '/usr/lib/sysusers.d/sunk-agent.conf',
        '/usr/lib/tmpfiles.d/sunk-agent.conf',
        '/usr/share/doc/sunk-agent/README.md.gz',
        '/usr/share/doc/sunk-agent/OPERATING.md.gz',
        '/usr/share/doc/sunk-agent/examples/config.yaml',
        '/usr/share/doc/sunk-agent/examples/helm/README.md',
        ...readdirSync(path.join(PACKAGING, 'follower'))
          .filter((name) => /^follower(-keys|\.\w+\.sh)?$/.test(name))
          .flatMap((name) => [
            `/usr/libexec/sunk-agent/${name}`,
            `/usr/share/sunk-agent/follower/${name}`,
            `/usr/share/doc/sunk-agent/examples/helm/sunk-agent/files/follower/${name}`,
          ]),
        '/usr/share/man/man8/sunk-agent.8.gz',
        '/usr/share/man/man5/sunk-agent.yaml.5.gz',
        '/usr/share/bash-completion/completions/sunk-agent',
        ...readdirSync(path.join(PACKAGING, '../systemd'))
          .filter((name) => name.includes('.') && !name.endsWith('.d'))
          .map((unit) => `/lib/systemd/system/${unit}`),
        ...['sunk-agent', 'sunk-agent-reader', 'sunk-agent-hook', 'sunk-agent-slurm'].map(
          (name) => `/usr/share/sunk-agent/container/s6-rc.d/${name}/run`,
        ),
      ]),
    );
    expect(run('dpkg-deb', '--info', deb, 'conffiles')).toBe('/etc/sunk-agent/config.yaml\n');
  });

  it('names a licence for every package that is in it', async () => {
    const { packages } = await bundle(path.join(scratch, 'bundle'), '1.2.3');
    const copyright = readFileSync(path.join(scratch, 'root/usr/share/doc/sunk-agent/copyright'), 'utf8');
    const named = [...copyright.matchAll(/^License: \S.* \((\S+)\)$/gm)].map(([, name = '']) => name);
    expect(named.toSorted()).toEqual([...packages, ...ADDONS, `node-linux-${process.arch}`].toSorted());
    expect(copyright).not.toContain('License: unknown');
  });

  it('is made from dependencies of one version each', () => {
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(
      readFileSync(path.join(PACKAGING, '../package.json'), 'utf8'),
    ) as Record<string, Record<string, string>>;
    const versions = Object.values({ ...dependencies, ...devDependencies, ...optionalDependencies });
    expect(versions.length).toBeGreaterThan(20);
    expect(versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  it('calls a later commit a later version', () => {
    const [early, late] = [debianVersionOf('0.1.0+fff', 1000), debianVersionOf('0.1.0+000', 2000)];
    expect(() => run('dpkg', '--compare-versions', early, 'lt', late)).not.toThrow();
    expect(() => run('dpkg', '--compare-versions', late, 'lt', '0.1.1+x')).not.toThrow();
  });
});

describe('the package for the other architecture', () => {
  const other = ARCHITECTURES.find(({ node }) => node !== process.arch);
  const isNightly = process.env['NIGHTLY'] !== undefined;
  const root = path.join(scratch, 'other');
  let file: string;

  beforeAll(async () => {
    if (other === undefined) throw new Error('there is only one architecture');
    file = await buildPackage({
      architecture: other,
      to: scratch,
      compression: isNightly ? 'xz' : 'none',
    });
    run('dpkg-deb', '--extract', file, root);
  }, 600_000);

  it('says what it is for, and has the same files but for the names of the binaries', () => {
    expect(run('dpkg-deb', '--field', file, 'Architecture').trim()).toBe(other?.debian);
    const names = (of: string): string[] =>
      run('dpkg-deb', '--contents', of)
        .trim()
        .split('\n')
        .map(
          (line) =>
            line
              .split(' ')
              .at(-1)
              ?.replaceAll(/x64|arm64/g, 'ARCH') ?? '',
        )
        .sort();
    expect(names(file)).toEqual(names(deb));
  });

  it('has binaries of that architecture alone', () => {
    const lib = path.join(root, 'usr/lib/sunk-agent');
    const binaries = readdirSync(lib, { recursive: true, encoding: 'utf8' })
      .filter((name) => name === 'node' || name.endsWith('.node'))
      .map((name) => path.join(lib, name));
    expect(binaries).toHaveLength(3);
    // e_machine of elf(5): EM_X86_64 is 62, EM_AARCH64 is 183.
    const machines = binaries.map((binary) => readFileSync(binary).readUInt16LE(18));
    expect(new Set(machines)).toEqual(new Set([other?.node === 'arm64' ? 183 : 62]));
  });

  if (isNightly) {
    it('has less than 60 MB, and asks for no newer C library than Ubuntu 22.04 has', () => {
      expect(statSync(file).size).toBeLessThan(60e6);
      const addon = path.join(
        root,
        `usr/lib/sunk-agent/node_modules/better-sqlite3/prebuilds/linux-${other?.node ?? ''}.node`,
      );
      const needed = [...readFileSync(addon, 'latin1').matchAll(/GLIBC_2\.(\d+)/g)].map(([, minor]) =>
        Number(minor),
      );
      expect(Math.max(...needed)).toBeLessThanOrEqual(35);
    });
  }
});

describe('npm run package', () => {
  const start = (args: readonly string[], directory = ''): ReturnType<typeof spawnSync> =>
    spawnSync(process.execPath, [path.join(PACKAGING, 'deb.ts'), ...args], {
      encoding: 'utf8',
      env: { ...process.env, PATH: `${directory}:${process.env['PATH'] ?? ''}` },
    });

  it('explains itself, and refuses a wrong command line with 64', () => {
    expect(start(['--help'])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('Exit status: 0 '),
    });
    for (const wrong of [['--arch', 'sparc'], ['--compression', 'zip'], ['--fast']])
      expect(start(wrong)).toMatchObject({ status: 64, stdout: '' });
  });

  it('builds the packages that it can, and says in one line which one it cannot', () => {
    const programs = path.join(scratch, 'programs');
    mkdirSync(programs);
    const dpkg = run('sh', '-c', 'command -v dpkg-deb').trim();
    const failing = `#!/bin/sh\ncase "$*" in *arm64*) exit 2 ;; *--version*) exit 0 ;; esac\nexec ${dpkg} "$@"\n`;
    writeFileSync(path.join(programs, 'dpkg-deb'), failing, { mode: 0o755 });
    const to = path.join(scratch, 'one-of-two');
    const { status, stdout, stderr } = start(['--compression', 'none', '--to', to], programs);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(/^package: arm64 not built: Command failed: dpkg-deb [^\n]*\n$/),
    });
    expect(stdout).toMatch(/_amd64\.deb \(\d+\.\d MB\)\n$/);
    expect(readdirSync(to)).toEqual([expect.stringMatching(/_amd64\.deb$/)]);
  });
});

describe('the scripts of the package', () => {
  it.each([
    ...readdirSync(path.join(PACKAGING, 'wrapper')).map((name) => `wrapper/${name}`),
    'deb/postinst',
    'deb/prerm',
    'deb/postrm',
    'container/link-nsscache',
    'follower/install-follower',
    'image/agent',
    'image/alive',
    ...['sunk-agent', 'sunk-agent-reader', 'sunk-agent-hook', 'sunk-agent-slurm'].flatMap((name) => [
      `container/s6-rc.d/${name}/run`,
      `container/s6-rc.d/${name}/finish`,
    ]),
  ])('%s is clean POSIX sh', (script) => {
    expect(() => run('shellcheck', '--shell=sh', path.join(PACKAGING, script))).not.toThrow();
  });

  it.each(
    readdirSync(path.join(PACKAGING, 'follower')).filter((name) => /^follower(-keys|\.\w+\.sh)?$/.test(name)),
  )('follower/%s is clean POSIX sh', (name) => {
    const options = ['--shell=sh', '--severity=warning'];
    expect(() => run('shellcheck', ...options, path.join(PACKAGING, 'follower', name))).not.toThrow();
  });
});

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
