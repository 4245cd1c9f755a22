// What a newcomer has is a fresh clone, Node and npm: each script of the documents begins by installing what it needs.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureBareBase } from '../support/nodes/base.ts';
import { mountOverlay } from '../support/nodes/overlay.ts';
import { mustRun, run } from '../support/nodes/run.ts';
import { describeOnNodes } from '../support/requirements.ts';

const PROJECT = path.resolve(import.meta.dirname, '../..');
const DOCUMENTS = [
  'README.md',
  'packaging/OPERATING.md',
  'packaging/helm/README.md',
  'src/testbed/README.md',
];
/** What the documents have a reader type after `npm`. */
const SCRIPTS = [
  ...new Set(
    DOCUMENTS.flatMap((file) => [
      ...readFileSync(path.join(PROJECT, file), 'utf8').matchAll(
        /\bnpm (?:run (?:-s )?)?(test|(?<=run (?:-s )?)[a-z][a-z-]*)\b/g,
      ),
    ]).map(([, name = '']) => name),
  ),
].sort();
/** The system's Node; this process runs on the pinned one. */
const which = (program: string): string =>
  execFileSync('sh', ['-c', `PATH=/usr/local/bin:/usr/bin:/bin command -v ${program}`], {
    encoding: 'utf8',
  }).trim();

describeOnNodes('a machine with Node and npm alone', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'bare-'));
  let root = '';

  beforeAll(() => {
    const overlay = mountOverlay(directory, ensureBareBase());
    root = overlay.root;
    copyFileSync(realpathSync(which('node')), path.join(root, 'usr/bin/node'));
    const npm = path.resolve(realpathSync(which('npm')), '../..');
    cpSync(npm, path.join(root, 'usr/lib/node_modules/npm'), { recursive: true });
    for (const name of ['npm', 'npx'])
      symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, path.join(root, 'usr/bin', name));
    const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
    const files = run('git', ['-C', PROJECT, ...list])
      .stdout.split('\0')
      .filter(Boolean);
    for (const file of files.filter((one) => existsSync(path.join(PROJECT, one))))
      cpSync(path.join(PROJECT, file), path.join(root, 'src/sunk-agent', file), {
        recursive: true,
        verbatimSymlinks: true,
      });
  });

  afterAll(() => {
    if (root !== '') mustRun('umount', [root]);
    rmSync(directory, { recursive: true, force: true });
  });

  test('has scripts to run', () =>
    expect(SCRIPTS).toEqual(expect.arrayContaining(['bench', 'demo', 'test'])));

  test.each(SCRIPTS)('npm run %s says first what it installs', async (name) => {
    // Without a network nothing is installed, and nothing else can have been said first.
    const inside = `mount -t proc proc /proc && cd /src/sunk-agent && exec npm run -s ${name}`;
    const child = spawn(
      'unshare',
      ['--mount', '--pid', '--net', '--fork', '--kill-child', 'chroot', root, 'sh', '-c', inside],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root' } },
    );
    const closed = once(child, 'close');
    let said = '';
    const first = new Promise<void>((resolve) => {
      const listen = (chunk: Buffer): void => {
        said += chunk.toString();
        if (said.includes('\n')) resolve();
      };
      child.stdout.on('data', listen);
      child.stderr.on('data', listen);
    });
    await Promise.race([first, closed]);
    child.kill('SIGKILL');
    await closed;
    expect(said).toMatch(/^installing the dependencies of package-lock\.json .*\(npm ci\)/i);
  });

  test.runIf(process.env['NIGHTLY'] === '1')(
    'npm run bench installs all it needs, and prints a row',
    () => {
      // How this machine reaches a registry: resolver, certificates, npm's settings.
      for (const file of [
        '/etc/resolv.conf',
        '/etc/ssl/certs/ca-certificates.crt',
        '/root/.npmrc',
        '/etc/npmrc',
      ])
        if (existsSync(file)) copyFileSync(file, path.join(root, file));
      const mounts = ['mount -t proc proc /proc', 'mount -t devtmpfs dev /dev', 'mkdir -p /dev/shm'].join(
        ' && ',
      );
      const inside = `${mounts} && cd /src/sunk-agent && exec npm run -s bench -- login/helper --json`;
      const { stdout, stderr } = run(
        'unshare',
        ['--mount', '--pid', '--fork', '--kill-child', 'chroot', root, 'sh', '-c', inside],
        1_200_000,
      );
      const rows = stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as { row: string });
      expect(
        rows.map(({ row }) => row),
        stderr,
      ).toContain('helper-vs-true');
    },
    1_300_000,
  );
});
