import { execFileSync, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { addDenied, listFullyDenied, setDeniedKeys } from '../../../src/host/keys/deny-list.ts';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { issueCredentials } from '../../../src/policy/keys/credential.ts';
import { renderKeyFile } from '../../../src/policy/keys/key-file.ts';

const HELPER = join(import.meta.dirname, '../../../packaging/authorized-keys');
/** What sshd gives an AuthorizedKeysCommand. */
const ENVIRONMENT = { PATH: '/usr/bin:/bin', USER: 'x', LOGNAME: 'x', HOME: '/nonexistent', LANG: 'C.UTF-8' };

let directory: string;
const files = new Map<string, string>();

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'helper-'));
  chmodSync(directory, 0o755);
  const expiry = { zulu: true, timeZone: 'UTC' };
  const make = (count: number, length: number): string =>
    renderKeyFile(
      issueCredentials(
        Array.from({ length: count }, (_, n) => ({
          type: 'ssh-rsa',
          base64: `AAAA${String(n).padStart(length, 'B')}`,
          fingerprint: `SHA256:${String(n).padStart(4, '0')}`,
        })),
        '2819c223-7f76-453a-919d-413861904646',
        1_800_000_000,
      ),
      expiry,
    );
  files.set('alice', make(1, 68));
  files.set('bob', make(4, 68));
  files.set('carol', make(50, 700));
  files.set('dave.x_y-z', make(1, 700));
  files.set('erin', make(1000, 700));
  // As an operator might write it: long, and without the empty line that announces it.
  files.set('frank', make(50, 700).trimStart());
  for (const [name, text] of files) writeFileSync(join(directory, name), text);
  mkdirSync(join(directory, 'directory'));
  symlinkSync('/nowhere', join(directory, 'dangling'));
});
afterAll(() => {
  rmSync(directory, { recursive: true });
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

  test('the keys of an account are printed as written, few or many', () => {
    for (const [name, text] of files) {
      expect(run(name, directory)).toMatchObject({ status: 0, stdout: text, stderr: '' });
    }
  });

  test.each([
    'nobody-of-that-name',
    '',
    '..',
    '.',
    '../alice',
    './alice',
    'directory',
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
  ])('a name that is not managed, or not a name, gets nothing and status 0: %j', (name) => {
    expect(run(name, directory)).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  test('a name on the deny list gets nothing and status 0, and other names their keys', () => {
    const denyList = join(directory, 'denied');
    mkdirSync(denyList);
    writeFileSync(join(denyList, 'alice'), '');
    expect(run('alice', directory, denyList)).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(run('bob', directory, denyList)).toMatchObject({ status: 0, stdout: files.get('bob') });
    rmSync(denyList, { recursive: true });
    expect(run('alice', directory, denyList)).toMatchObject({ status: 0, stdout: files.get('alice') });
  });

  test('a key on the deny list is left out while the others are served, and a list that says nothing denies all', () => {
    const denyList = join(directory, 'denied');
    mkdirSync(denyList);
    const text = files.get('alice') ?? '';
    const [key = ''] = /AAAA[A-Za-z0-9+/=]+/.exec(text) ?? [];
    const other = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOther other\n';
    writeFileSync(join(directory, 'alice'), `${text}${other}`);
    try {
      expect(setDeniedKeys(denyList, 'alice', [key])).toBe(true);
      const { status, stdout } = run('alice', directory, denyList);
      expect({ status, stdout: stdout.trim() }).toEqual({ status: 0, stdout: other.trim() });
      expect(listFullyDenied(denyList)).toEqual([]);
      writeFileSync(join(denyList, 'alice'), '\n');
      expect(run('alice', directory, denyList)).toMatchObject({ status: 0, stdout: '' });
      addDenied(denyList, 'alice');
      expect(listFullyDenied(denyList)).toEqual(['alice']);
      expect(run('alice', directory, denyList)).toMatchObject({ status: 0, stdout: '' });
      setDeniedKeys(denyList, 'alice', []);
      expect(run('alice', directory, denyList)).toMatchObject({ status: 0, stdout: `${text}${other}` });
    } finally {
      writeFileSync(join(directory, 'alice'), text);
      rmSync(denyList, { recursive: true });
    }
  });

  test('the key of a trial login comes before the others, and only where there are others that are not denied', () => {
    const trials = join(directory, 'trials');
    mkdirSync(trials);
    for (const name of ['alice', 'carol', 'stranger']) writeFileSync(join(trials, name), 'trial key\n');
    const none = join(directory, 'none');
    for (const name of ['alice', 'carol'])
      expect(run(name, directory, none, trials)).toMatchObject({
        status: 0,
        stdout: `trial key\n${files.get(name) ?? ''}`,
      });
    expect(run('stranger', directory, none, trials)).toMatchObject({ status: 0, stdout: '' });
    const denied = join(directory, 'denied');
    addDenied(denied, 'alice');
    expect(run('alice', directory, denied, trials)).toMatchObject({ status: 0, stdout: '' });
    for (const one of [denied, trials]) rmSync(one, { recursive: true });
  });

  test('a directory that is missing gives nothing and status 0', () => {
    expect(run('alice', '/nonexistent')).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  test('without a name, or with too many, it says how it is used', () => {
    expect(run()).toMatchObject({ status: 64, stdout: '' });
    expect(run('alice', directory, directory, directory, 'more').stderr).toContain('usage');
  });

  test('the environment cannot lead it elsewhere', () => {
    const [program = '', ...before] = shell;
    const odd = {
      ...ENVIRONMENT,
      file: join(directory, 'alice'),
      keys: 'x',
      line: 'y',
      directory,
      IFS: 'a',
      CDPATH: directory,
    };
    const answer = spawnSync(program, [...before, HELPER, 'bob', directory], { encoding: 'utf8', env: odd });
    expect(answer).toMatchObject({ status: 0, stdout: files.get('bob') });
  });

  test.each(['alice', 'bob', 'carol', 'erin'])('a pipe that is closed early is no failure: %s', (name) => {
    const reader = `{ ${shell.join(' ')} ${HELPER} ${name} ${directory}; echo "status $?" >&2; } | true`;
    for (let turn = 0; turn < 5; turn += 1) {
      const answer = spawnSync('sh', ['-c', reader], { encoding: 'utf8', env: ENVIRONMENT });
      expect(answer.stderr).toBe('status 0\n');
    }
  });

  test('a key file that it may not read is an error that sshd can log', () => {
    const locked = join(directory, 'locked');
    const isRoot = process.getuid?.() === 0;
    writeFileSync(locked, 'ssh-ed25519 AAAA\n', { mode: isRoot ? 0o600 : 0o000 });
    const [program = '', ...before] = shell;
    const answer = spawnSync(program, [...before, HELPER, 'locked', directory], {
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
