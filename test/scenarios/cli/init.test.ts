// The first run, against the testbed and a throwaway root: what it writes, and that it changes nothing else.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/config.ts';
import { EXAMPLE, renderConfig } from '../../../src/cli/init/config-text.ts';
import { startTestbed, type Testbed } from '../../../src/testbed/service.ts';
import { ROOT_ACCOUNTS, writeAccountFiles } from '../../support/nodes/root-directory.ts';
import { connectStore, type StoreClient } from '../../support/nodes/store-client.ts';

const CLI = path.resolve(import.meta.dirname, '../../../src/cli/main.ts');

let root: string;
let testbed: Testbed;
let client: StoreClient;
let group: string;

const at = (...parts: string[]): string => path.join(root, ...parts);
const read = (file: string): string => readFileSync(at(file), 'utf8');

beforeEach(async () => {
  root = mkdtempSync(path.join(tmpdir(), 'init-'));
  for (const directory of ['etc/sunk-agent', 'etc/skel', 'home'])
    mkdirSync(at(directory), { recursive: true });
  writeAccountFiles(root, ROOT_ACCOUNTS);
  // As the package installs it.
  writeFileSync(at('etc/sunk-agent/config.yaml'), renderConfig(EXAMPLE));
  testbed = await startTestbed({});
  client = connectStore(testbed);
  const alice = await client.pushUser('alice@example.com', '');
  group = await client.pushGroup('slurm-users', [alice]);
});

afterEach(async () => {
  await testbed.close();
  rmSync(root, { recursive: true });
});

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Without a terminal; the token comes on standard input where `--token-file -` asks for it. */
async function init(...args: string[]): Promise<Outcome> {
  const child = spawn(process.execPath, [CLI, 'init', ...args, '--root', root]);
  child.stdin.on('error', () => {});
  child.stdin.end(`${testbed.readToken}\n`);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { status: child.exitCode, stdout, stderr };
}

const store = (): string[] => ['--base-url', testbed.baseUrl, '--token-file', '-'];

/** Everything below the root but what init may write, with its content. */
function readHost(directory = ''): [string, string][] {
  return readdirSync(at(directory), { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(directory, entry.name);
    if (file === 'run' || file === 'etc/sunk-agent') return [];
    return entry.isDirectory() ? [[file, ''] as [string, string], ...readHost(file)] : [[file, read(file)]];
  });
}

test('shows the plan, pins the group and writes configuration and token, and the host stays as it is', async () => {
  const before = readHost();
  const { status, stdout, stderr } = await init(...store(), '--group', 'slurm-users');
  expect({ status, stderr }).toMatchObject({ status: 0 });
  expect(stdout).toContain('+ account alice: uid');
  expect(stderr).toContain('The store has 1 user and 1 group: slurm-users');
  expect(stderr).toContain('systemctl restart sunk-agent sunk-agent-reader');
  const config = loadConfig(at('etc/sunk-agent/config.yaml'));
  expect(config.mode).toBe('observe');
  expect(config.access.groups).toEqual([{ name: 'slurm-users', id: group }]);
  expect(config.accounts.domains).toEqual(['example.com']);
  const token = at('etc/sunk-agent/credentials/scim-token');
  expect(readFileSync(token, 'utf8')).toBe(`${testbed.readToken}\n`);
  expect(statSync(token).mode & 0o007).toBe(0);
  expect(readHost()).toEqual(before);
  expect(readdirSync(at('run/sunk-agent')).filter((name) => name.startsWith('init-'))).toEqual([]);
  expect(stdout + stderr + read('etc/sunk-agent/config.yaml')).not.toContain(testbed.readToken);
});

test('enables enforcement only with --enforce', async () => {
  const { status, stderr } = await init(...store(), '--group', 'slurm-users', '--enforce');
  expect(status).toBe(0);
  expect(stderr).toContain('sunk-agent doctor --fix');
  expect(loadConfig(at('etc/sunk-agent/config.yaml')).mode).toBe('enforce');
});

test('replaces a configuration that names a store only with --force, and keeps a copy', async () => {
  await init(...store(), '--group', 'slurm-users');
  const first = read('etc/sunk-agent/config.yaml');
  const again = await init(...store(), '--group', 'slurm-users', '--enforce');
  expect(again).toMatchObject({ status: 1, stdout: '' });
  expect(again.stderr).toContain('--force');
  expect(read('etc/sunk-agent/config.yaml')).toBe(first);
  // The token that was written is used again.
  const forced = await init('--base-url', testbed.baseUrl, '--group', 'slurm-users', '--enforce', '--force');
  expect(forced.status).toBe(0);
  expect(read('etc/sunk-agent/config.yaml.before-init')).toBe(first);
  expect(loadConfig(at('etc/sunk-agent/config.yaml')).mode).toBe('enforce');
});

test.each([
  ['a group that is not in the store', ['--group', 'slurm-user'], 1, 'it has slurm-users'],
  ['no group at all', [], 64, '--group is missing'],
])('writes nothing for %s', async (_, args, expected, phrase) => {
  const { status, stderr } = await init(...store(), ...args);
  expect({ status, stderr }).toMatchObject({ status: expected, stderr: expect.stringContaining(phrase) });
  expect(read('etc/sunk-agent/config.yaml')).toBe(renderConfig(EXAMPLE));
  expect(existsSync(at('etc/sunk-agent/credentials'))).toBe(false);
});

test('writes nothing where two groups have the name, and names both', async () => {
  const other = await client.pushGroup('slurm-users ', []);
  await fetch(`${testbed.baseUrl}/Groups/${other}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${testbed.token}`, 'content-type': 'application/scim+json' },
    body: JSON.stringify({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'replace', path: 'displayName', value: 'slurm-users' }],
    }),
  });
  const { status, stderr } = await init(...store(), '--group', 'slurm-users');
  expect({ status, stderr }).toMatchObject({ status: 1 });
  expect(stderr).toContain(other);
  expect(read('etc/sunk-agent/config.yaml')).toBe(renderConfig(EXAMPLE));
});

test('writes nothing where the token is refused', async () => {
  writeFileSync(at('wrong'), 'not-the-token');
  const { status, stderr } = await init(
    '--base-url',
    testbed.baseUrl,
    '--token-file',
    at('wrong'),
    '--group',
    'x',
  );
  expect({ status, stderr }).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('refused the token'),
  });
  expect(read('etc/sunk-agent/config.yaml')).toBe(renderConfig(EXAMPLE));
});

test('asks on a terminal, without showing the token, and accepts no as an answer', async () => {
  const ask = async (last: string): Promise<string> => {
    const command = `${process.execPath} ${CLI} init --root ${root}; echo "status $?"`;
    // The terminal's own echo is off: what is seen is what init shows.
    const child = spawn('script', ['--quiet', '--echo', 'never', '--command', command, '/dev/null'], {
      env: { ...process.env, NO_COLOR: '1' },
    });
    let screen = '';
    const answers: [string, string][] = [
      ['SCIM Base URL', testbed.baseUrl],
      ['SCIM token', testbed.readToken],
      ['may log in', 'slurm-users'],
      ['> ', ''],
      ['without a password', ''],
      ['[example.com]', ''],
      ['Write this', last],
    ];
    child.stdout.on('data', (chunk) => {
      screen += String(chunk);
      const [next] = answers;
      if (next === undefined || !screen.slice(seen).includes(next[0])) return;
      seen = screen.length;
      answers.shift();
      child.stdin.write(`${next[1]}\r`);
    });
    let seen = 0;
    await once(child, 'close');
    expect(answers, screen).toEqual([]);
    return screen;
  };
  const refused = await ask('');
  expect(refused).toContain('+ account alice');
  expect(refused).toContain('status 1');
  expect(refused).not.toContain(testbed.readToken);
  expect(read('etc/sunk-agent/config.yaml')).toBe(renderConfig(EXAMPLE));
  expect(await ask('yes')).toContain('status 0');
  const { mode, access } = loadConfig(at('etc/sunk-agent/config.yaml'));
  expect({ mode, groups: access.groups }).toEqual({
    mode: 'enforce',
    groups: [{ name: 'slurm-users', id: group }],
  });
});

const GROUP_EXTENSION = 'urn:ietf:params:scim:schemas:extension:example:2.0:Group';

/** Since SUNK 8.3 the POSIX name of a group is an attribute of its own. */
async function pushPosixGroup(): Promise<void> {
  const before = (await client.request('GET', `/Groups/${group}`)) as Record<string, unknown>;
  await client.request('PUT', `/Groups/${group}`, {
    ...before,
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group', GROUP_EXTENSION],
    [GROUP_EXTENSION]: { posixGroupName: 'ml-team' },
  });
}

test('shows where the store could have POSIX names and ids, and takes what is chosen', async () => {
  await pushPosixGroup();
  const plain = await init(...store(), '--group', 'slurm-users');
  expect(plain).toMatchObject({ status: 0 });
  expect(plain.stderr).toContain('scim.attributes.group_name, the name of a group on the node, could be:');
  expect(plain.stderr).toContain(`${GROUP_EXTENSION}:posixGroupName: ml-team`);
  expect(loadConfig(at('etc/sunk-agent/config.yaml')).scim.attributes.group_name).toBe('displayName');
  const chosen = `group_name=${GROUP_EXTENSION}:posixGroupName`;
  const { status, stdout } = await init(...store(), '--group', 'ml-team', '--attribute', chosen, '--force');
  expect(status).toBe(0);
  expect(stdout).toContain('+ group ml-team');
  const config = loadConfig(at('etc/sunk-agent/config.yaml'));
  expect(config.scim.attributes.group_name).toBe(`${GROUP_EXTENSION}:posixGroupName`);
  expect(config.access.groups).toEqual([{ name: 'ml-team', id: group }]);
});

test('refuses an attribute that it does not know', async () => {
  const { status, stderr } = await init(...store(), '--group', 'slurm-users', '--attribute', 'colour=x');
  expect({ status, stderr }).toMatchObject({ status: 64, stderr: expect.stringContaining('group_name') });
});

test('says what a default group is', async () => {
  const admin = await client.pushGroup('admin', []);
  expect(admin).not.toBe('');
  const { stderr } = await init(...store(), '--group', 'admin', '--domain', 'example.com');
  expect(stderr).toContain('admin is a default group of the Cloud Console');
});
