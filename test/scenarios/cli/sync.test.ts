import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
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
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { startTestbed, type Testbed } from '../../../src/testbed/service.ts';

const CLI = path.resolve(import.meta.dirname, '../../../src/cli/main.ts');
const HELPER = path.resolve(import.meta.dirname, '../../../packaging/authorized-keys');
const EXTENSION = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser';
const KEY = makePublicKey();

/** A fresh Ed25519 key as `ssh-ed25519 BASE64` (RFC 8709 section 4). */
function makePublicKey(): string {
  const { publicKey } = generateKeyPairSync('ed25519');
  const field = (data: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, data.length]), data]);
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  return `ssh-ed25519 ${Buffer.concat([field(Buffer.from('ssh-ed25519')), field(raw)]).toString('base64')}`;
}

// Each run starts two processes, and machines may be busy.
vi.setConfig({ testTimeout: 30_000 });

let root: string;
let testbed: Testbed;

beforeEach(async () => {
  root = mkdtempSync(path.join(tmpdir(), 'sync-'));
  testbed = await startTestbed({});
  for (const directory of ['etc/sunk-agent/credentials', 'etc/skel', 'home'])
    mkdirSync(path.join(root, directory), { recursive: true });
  write(
    'etc/passwd',
    'root:x:0:0:root:/root:/bin/bash\nlocal:x:1000:1000:a person of this node:/home/local:/bin/bash\n',
  );
  write('etc/group', 'root:x:0:\nlocal:x:1000:\n');
  write('etc/shadow', 'root:*:20000:0:99999:7:::\nlocal:!:20000:0:99999:7:::\n', 0o640);
  write('etc/gshadow', 'root:*::\nlocal:!::\n', 0o640);
  write('etc/shells', '/bin/sh\n/bin/bash\n');
  write('etc/sunk-agent/credentials/scim-token', `${testbed.readToken}\n`, 0o600);
  configure();
});

afterEach(async () => {
  await testbed.close();
  rmSync(root, { recursive: true });
});

function write(file: string, content: string, mode = 0o644): void {
  writeFileSync(path.join(root, file), content, { mode });
}

function configure(more = ''): void {
  write(
    'etc/sunk-agent/config.yaml',
    `scim:\n  base_url: ${testbed.baseUrl}\naccess:\n  groups: [{ name: slurm-users }]\naccounts:\n  domains: [example.com]\n${more}`,
  );
}

async function run(...args: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [CLI, ...args, '--root', root], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { status: child.exitCode, stdout, stderr };
}

async function scim(method: string, resource: string, body?: unknown): Promise<{ id: string }> {
  const response = await fetch(`${testbed.baseUrl}${resource}`, {
    method,
    headers: { authorization: `Bearer ${testbed.token}`, 'content-type': 'application/scim+json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${resource}: ${response.status} ${await response.text()}`);
  return (response.status === 204 ? {} : await response.json()) as { id: string };
}

/** alice, with a key, in slurm-users; bob, in no group. */
async function pushOrganisation(): Promise<{ alice: string; bob: string; group: string }> {
  const schemas = ['urn:ietf:params:scim:schemas:core:2.0:User'];
  const alice = await scim('POST', '/Users', {
    schemas,
    userName: 'alice@example.com',
    displayName: 'Alice Example',
    active: true,
    [EXTENSION]: { sunkSshKeys: `${KEY} alice@laptop` },
  });
  const bob = await scim('POST', '/Users', {
    schemas,
    userName: 'bob@example.com',
    active: true,
    [EXTENSION]: { sunkSshKeys: KEY },
  });
  const group = await scim('POST', '/Groups', {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
    displayName: 'slurm-users',
    members: [{ value: alice.id }],
  });
  return { alice: alice.id, bob: bob.id, group: group.id };
}

const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const line = (file: string, name: string) =>
  read(file)
    .split('\n')
    .find((text) => text.startsWith(`${name}:`));

async function helper(name: string): Promise<string> {
  const script = path.join(root, 'authorized-keys');
  writeFileSync(
    script,
    readFileSync(HELPER, 'utf8').replaceAll('/var/lib/sunk-agent', path.join(root, 'var/lib/sunk-agent')),
    { mode: 0o755 },
  );
  const child = spawn(script, [name], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [output] = await Promise.all([text(child.stdout), once(child, 'close')]);
  expect(child.exitCode).toBe(0);
  return output;
}

describe('sunk-agent sync', () => {
  test('makes an account, a group, a home and a key file for a member of an access group, and for no other user', async () => {
    const { alice } = await pushOrganisation();
    const { status, stdout, stderr } = await run('sync');
    expect(stderr).not.toMatch(/defect/);
    expect({ status, stdout }).toMatchObject({ status: 0 });

    expect(line('etc/passwd', 'alice')).toMatch(
      /^alice:x:1\d{4}:9999:Alice Example:\/home\/alice:\/bin\/bash$/,
    );
    expect(line('etc/shadow', 'alice')).toMatch(/^alice:\*:\d+:/);
    expect(line('etc/group', 'sunk-users')).toMatch(/^sunk-users:x:9999:/);
    expect(line('etc/group', 'slurm-users')).toMatch(/^slurm-users:x:2\d{4}:alice$/);
    expect(statSync(path.join(root, 'home/alice')).mode & 0o777).toBe(0o700);
    expect(await helper('alice')).toMatch(
      new RegExp(`^expiry-time="\\d{14}Z?" ${KEY.replaceAll(/[+/]/g, '\\$&')} ${alice}\n$`),
    );

    expect(line('etc/passwd', 'bob')).toBeUndefined();
    expect(await helper('bob')).toBe('');
    expect(await helper('local')).toBe('');
  });

  test('leaves foreign lines byte for byte', async () => {
    await pushOrganisation();
    const before = ['passwd', 'group', 'shadow', 'gshadow'].map((file) => read(`etc/${file}`));
    await run('sync');
    for (const [index, file] of ['passwd', 'group', 'shadow', 'gshadow'].entries()) {
      expect(read(`etc/${file}`).startsWith(before[index] ?? '')).toBe(true);
    }
  });

  test('changes nothing the second time', async () => {
    await pushOrganisation();
    await run('sync');
    const before = statSync(path.join(root, 'etc/passwd'));
    const { status, stdout } = await run('sync', '--full');
    expect(status).toBe(0);
    expect(stdout).toContain('0 changes made');
    expect(statSync(path.join(root, 'etc/passwd')).ino).toBe(before.ino);
  });

  test('removes the keys and disables the account of a user who is deactivated, even with the string "False"', async () => {
    const { alice } = await pushOrganisation();
    await run('sync');
    await scim('PATCH', `/Users/${alice}`, {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'Replace', path: 'active', value: 'False' }],
    });
    const { status } = await run('sync');
    expect(status).toBe(0);
    expect(await helper('alice')).toBe('');
    expect(line('etc/passwd', 'alice')).toMatch(/^alice:x:1\d{4}:9999:.*:\/usr\/sbin\/nologin$/);
    expect(line('etc/shadow', 'alice')?.split(':')[7]).toBe('1');
    expect(line('etc/group', 'slurm-users')).toMatch(/:$/);
    expect(existsSync(path.join(root, 'home/alice'))).toBe(true);
  });

  test('restores a user who returns with the same uid and home', async () => {
    const { alice } = await pushOrganisation();
    await run('sync');
    const before = line('etc/passwd', 'alice');
    const activate = (value: string) =>
      scim('PATCH', `/Users/${alice}`, {
        schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
        Operations: [{ op: 'Replace', path: 'active', value }],
      });
    await activate('False');
    await run('sync');
    await activate('True');
    await run('sync');
    expect(line('etc/passwd', 'alice')).toBe(before);
    expect(line('etc/shadow', 'alice')?.split(':')[7]).toBe('');
    expect(await helper('alice')).toContain(KEY);
  });
});

/** Every file below the root but those of the agent. */
function fingerprintOfRoot(): string {
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/sunk-agent/.test(entry.parentPath))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
  return files.map((file) => `${file}\n${readFileSync(file, 'latin1')}`).join('\n');
}

describe('bad input ends in one clear line and changes nothing', () => {
  test.each<[string, () => void | Promise<void>, number, RegExp]>([
    [
      'no configuration',
      () => rmSync(path.join(root, 'etc/sunk-agent/config.yaml')),
      78,
      /cannot read the configuration .*config\.yaml/,
    ],
    ['a misspelt key', () => configure('acces: {}\n'), 78, /config\.yaml:7: acces: no such key/],
    ['a wrong value', () => configure('mode: sometimes\n'), 78, /config\.yaml:7: mode: /],
    ['no token', () => rmSync(path.join(root, 'etc/sunk-agent/credentials/scim-token')), 2, /scim-token/],
    [
      'a wrong token',
      () => write('etc/sunk-agent/credentials/scim-token', 'nonsense\n'),
      2,
      /refused.*token/,
    ],
    ['an unreachable store', () => testbed.close(), 2, /127\.0\.0\.1:\d+.*base_url/],
  ])('%s', async (_, spoil, status, message) => {
    await pushOrganisation();
    await spoil();
    const before = fingerprintOfRoot();
    const result = await run('sync');
    const lines = result.stderr
      .trim()
      .split('\n')
      .filter((text) => text.startsWith('sunk-agent: ') && !text.includes('not root'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(message);
    expect(result.status).toBe(status);
    expect(fingerprintOfRoot()).toBe(before);
  });
});
