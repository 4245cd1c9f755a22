import { execFileSync, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderKeyFile } from '../../../src/policy/keys/key-file.ts';

const HELPER = join(import.meta.dirname, '../../../packaging/authorized-keys');
/** What sshd gives an AuthorizedKeysCommand. */
const ENVIRONMENT = { PATH: '/usr/bin:/bin', USER: 'x', LOGNAME: 'x', HOME: '/nonexistent', LANG: 'C.UTF-8' };

let folder: string;
const files = new Map<string, string>();

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'helper-'));
  chmodSync(folder, 0o755);
  const expiry = { zulu: true, timeZone: 'UTC' };
  const make = (count: number, length: number): string =>
    renderKeyFile(
      Array.from({ length: count }, (_, n) => ({
        type: 'ssh-rsa',
        base64: `AAAA${String(n).padStart(length, 'B')}`,
        fingerprint: `SHA256:${String(n).padStart(4, '0')}`,
      })),
      '2819c223-7f76-453a-919d-413861904646',
      1_800_000_000,
      expiry,
    );
  files.set('alice', make(1, 68));
  files.set('bob', make(4, 68));
  files.set('carol', make(50, 700));
  files.set('dave.x_y-z', make(1, 700));
  files.set('erin', make(1000, 700));
  // As somebody might write it by hand: long, and without the empty line that announces it.
  files.set('frank', make(50, 700).trimStart());
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
  mkdirSync(join(folder, 'folder'));
  symlinkSync('/nowhere', join(folder, 'dangling'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test('shellcheck has nothing to say', () => {
  execFileSync('shellcheck', ['--shell=sh', '--severity=style', HELPER]);
});

describe.each([
  ['dash', ['dash']],
  ['busybox sh', ['busybox', 'sh']],
])('under %s', (_, shell) => {
  function run(...args: string[]): SpawnSyncReturns<string> {
    const [program = '', ...before] = shell;
    return spawnSync(program, [...before, HELPER, ...args], {
      encoding: 'utf8',
      env: ENVIRONMENT,
      cwd: '/',
      maxBuffer: 16 * 1024 * 1024,
    });
  }

  test('the keys of an account come out as they were written, few or many', () => {
    for (const [name, text] of files) {
      expect(run(name, folder)).toMatchObject({ status: 0, stdout: text, stderr: '' });
    }
  });

  test.each([
    'nobody-of-that-name',
    '',
    '..',
    '.',
    '../alice',
    './alice',
    'folder',
    'dangling',
    '-rf',
    '-n',
    'al*',
    'alice ',
    'alice\n',
    'älice',
    '$(id)',
    'alice/',
    'a'.repeat(33),
    'a'.repeat(100_000),
  ])('a name that is not ours, or not a name, gets nothing and status 0: %j', (name) => {
    expect(run(name, folder)).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  test('who is shut out gets nothing and status 0, and everybody else their keys', () => {
    const shut = join(folder, 'shut');
    mkdirSync(shut);
    writeFileSync(join(shut, 'alice'), '');
    expect(run('alice', folder, shut)).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(run('bob', folder, shut)).toMatchObject({ status: 0, stdout: files.get('bob') });
    rmSync(shut, { recursive: true });
    expect(run('alice', folder, shut)).toMatchObject({ status: 0, stdout: files.get('alice') });
  });

  test('a folder that is missing gives nothing and status 0', () => {
    expect(run('alice', '/nonexistent')).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  test('without a name, or with too many, it says how it is used', () => {
    expect(run()).toMatchObject({ status: 64, stdout: '' });
    expect(run('alice', folder, folder, 'more').stderr).toContain('usage');
  });

  test('the environment cannot lead it elsewhere', () => {
    const [program = '', ...before] = shell;
    const odd = {
      ...ENVIRONMENT,
      file: join(folder, 'alice'),
      keys: 'x',
      line: 'y',
      folder,
      IFS: 'a',
      CDPATH: folder,
    };
    const answer = spawnSync(program, [...before, HELPER, 'bob', folder], { encoding: 'utf8', env: odd });
    expect(answer).toMatchObject({ status: 0, stdout: files.get('bob') });
  });

  test.each(['alice', 'bob', 'carol', 'erin'])('a pipe that is closed early is no failure: %s', (name) => {
    const reader = `{ ${shell.join(' ')} ${HELPER} ${name} ${folder}; echo "status $?" >&2; } | true`;
    for (let turn = 0; turn < 5; turn += 1) {
      const answer = spawnSync('sh', ['-c', reader], { encoding: 'utf8', env: ENVIRONMENT });
      expect(answer.stderr).toBe('status 0\n');
    }
  });

  test('a key file that it may not read is an error that sshd can log', () => {
    const locked = join(folder, 'locked');
    const isRoot = process.getuid?.() === 0;
    writeFileSync(locked, 'ssh-ed25519 AAAA\n', { mode: isRoot ? 0o600 : 0o000 });
    const [program = '', ...before] = shell;
    const answer = spawnSync(program, [...before, HELPER, 'locked', folder], {
      encoding: 'utf8',
      env: ENVIRONMENT,
      ...(isRoot ? { uid: 65534, gid: 65534 } : {}),
    });
    rmSync(locked);
    expect(answer.stdout).toBe('');
    expect(answer).toMatchObject({ status: 1 });
    expect(answer.stderr).toContain('cannot read');
  });
});
