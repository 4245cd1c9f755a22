import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makePublicKey } from '../../support/nodes/organisation-on-disk.ts';
import { ROOT_ACCOUNTS, writeAccountFiles } from '../../support/nodes/root-directory.ts';
import { makeThrowawayRoot, type ThrowawayRoot } from '../../support/nodes/throwaway-root.ts';

const HELPER = path.resolve(import.meta.dirname, '../../../packaging/authorized-keys');
const EXTENSION = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser';
const KEY = makePublicKey();

// Each run starts two processes, and machines may be busy.

let node: ThrowawayRoot;

beforeEach(async () => {
  node = await makeThrowawayRoot();
  // A person of this node besides root.
  writeAccountFiles(node.root, {
    'etc/passwd': `${ROOT_ACCOUNTS['etc/passwd']}local:x:1000:1000:a person of this node:/home/local:/bin/bash\n`,
    'etc/group': `${ROOT_ACCOUNTS['etc/group']}local:x:1000:\n`,
    'etc/shadow': `${ROOT_ACCOUNTS['etc/shadow']}local:!:20000:0:99999:7:::\n`,
    'etc/gshadow': `${ROOT_ACCOUNTS['etc/gshadow']}local:!::\n`,
  });
});

afterEach(() => node.close());

/** alice, with a key, in slurm-users; bob, in no group. */
async function pushOrganisation(): Promise<{ alice: string; bob: string; group: string }> {
  const schemas = ['urn:ietf:params:scim:schemas:core:2.0:User'];
  const alice = await node.scim('POST', '/Users', {
    schemas,
    userName: 'alice@example.com',
    displayName: 'Alice Example',
    active: true,
    [EXTENSION]: { sunkSshKeys: `${KEY} alice@laptop` },
  });
  const bob = await node.pushUser('bob@example.com', KEY);
  const group = await node.pushGroup('slurm-users', [alice.id]);
  return { alice: alice.id, bob, group };
}

const line = (file: string, name: string) =>
  node
    .read(file)
    .split('\n')
    .find((text) => text.startsWith(`${name}:`));

async function helper(name: string): Promise<string> {
  const script = path.join(node.root, 'authorized-keys');
  writeFileSync(
    script,
    readFileSync(HELPER, 'utf8').replaceAll(
      '/var/lib/sunk-agent',
      path.join(node.root, 'var/lib/sunk-agent'),
    ),
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
    const { status, stdout, stderr } = await node.run('sync');
    expect(stderr).not.toMatch(/defect/);
    expect({ status, stdout }).toMatchObject({ status: 0 });

    expect(line('etc/passwd', 'alice')).toMatch(
      /^alice:x:1\d{4}:9999:Alice Example:\/home\/alice:\/bin\/bash$/,
    );
    expect(line('etc/shadow', 'alice')).toMatch(/^alice:\*:\d+:/);
    expect(line('etc/group', 'sunk-users')).toMatch(/^sunk-users:x:9999:/);
    expect(line('etc/group', 'slurm-users')).toMatch(/^slurm-users:x:2\d{4}:alice$/);
    expect(statSync(path.join(node.root, 'home/alice')).mode & 0o777).toBe(0o700);
    expect(await helper('alice')).toMatch(
      new RegExp(`^expiry-time="\\d{14}Z?" ${KEY.replaceAll(/[+/]/g, '\\$&')} ${alice}\n$`),
    );

    expect(line('etc/passwd', 'bob')).toBeUndefined();
    expect(await helper('bob')).toBe('');
    expect(await helper('local')).toBe('');
  });

  test('leaves foreign lines byte for byte', async () => {
    await pushOrganisation();
    const before = ['passwd', 'group', 'shadow', 'gshadow'].map((file) => node.read(`etc/${file}`));
    await node.run('sync');
    for (const [index, file] of ['passwd', 'group', 'shadow', 'gshadow'].entries()) {
      expect(node.read(`etc/${file}`).startsWith(before[index] ?? '')).toBe(true);
    }
  });

  test('changes nothing the second time', async () => {
    await pushOrganisation();
    await node.run('sync');
    const before = statSync(path.join(node.root, 'etc/passwd'));
    const { status, stdout } = await node.run('sync', '--full');
    expect(status).toBe(0);
    expect(stdout).toContain('0 changes made');
    expect(statSync(path.join(node.root, 'etc/passwd')).ino).toBe(before.ino);
  });

  test('removes the keys and disables the account of a user who is deactivated, even with the string "False"', async () => {
    const { alice } = await pushOrganisation();
    await node.run('sync');
    await node.scim('PATCH', `/Users/${alice}`, {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'Replace', path: 'active', value: 'False' }],
    });
    const { status } = await node.run('sync');
    expect(status).toBe(0);
    expect(await helper('alice')).toBe('');
    expect(line('etc/passwd', 'alice')).toMatch(/^alice:x:1\d{4}:9999:.*:\/usr\/sbin\/nologin$/);
    expect(line('etc/shadow', 'alice')?.split(':')[7]).toBe('1');
    expect(line('etc/group', 'slurm-users')).toMatch(/:$/);
    expect(existsSync(path.join(node.root, 'home/alice'))).toBe(true);
  });

  test('restores a user who returns with the same uid and home', async () => {
    const { alice } = await pushOrganisation();
    await node.run('sync');
    const before = line('etc/passwd', 'alice');
    const activate = (value: string) =>
      node.scim('PATCH', `/Users/${alice}`, {
        schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
        Operations: [{ op: 'Replace', path: 'active', value }],
      });
    await activate('False');
    await node.run('sync');
    await activate('True');
    await node.run('sync');
    expect(line('etc/passwd', 'alice')).toBe(before);
    expect(line('etc/shadow', 'alice')?.split(':')[7]).toBe('');
    expect(await helper('alice')).toContain(KEY);
  });
});

/** Every file below the root but those of the agent. */
function fingerprintOfRoot(): string {
  const files = readdirSync(node.root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/sunk-agent/.test(entry.parentPath))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
  return files.map((file) => `${file}\n${readFileSync(file, 'latin1')}`).join('\n');
}

describe('bad input ends in one clear line and changes nothing', () => {
  test.each<[string, () => void | Promise<void>, number, RegExp]>([
    [
      'no configuration',
      () => rmSync(path.join(node.root, 'etc/sunk-agent/config.yaml')),
      78,
      /cannot read the configuration .*config\.yaml/,
    ],
    ['a misspelt key', () => node.configure('acces: {}\n'), 78, /config\.yaml:7: acces: no such key/],
    ['a wrong value', () => node.configure('mode: sometimes\n'), 78, /config\.yaml:7: mode: /],
    [
      'no token',
      () => rmSync(path.join(node.root, 'etc/sunk-agent/credentials/scim-token')),
      2,
      /scim-token/,
    ],
    [
      'a wrong token',
      () => writeFileSync(path.join(node.root, 'etc/sunk-agent/credentials/scim-token'), 'nonsense\n'),
      2,
      /refused.*token/,
    ],
    ['an unreachable store', () => node.testbed.close(), 2, /127\.0\.0\.1:\d+.*base_url/],
  ])('%s', async (_, spoil, status, message) => {
    await pushOrganisation();
    await spoil();
    const before = fingerprintOfRoot();
    const result = await node.run('sync');
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
