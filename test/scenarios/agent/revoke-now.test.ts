import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readKeys } from '../../../src/policy/keys/ssh-key.ts';
import { record } from '../../support/records/healthy.ts';
import { makeThrowawayRoot, type ThrowawayRoot } from '../../support/nodes/throwaway-root.ts';

let node: ThrowawayRoot;
const KEY = record.keys[0] ?? '';

beforeEach(async () => {
  node = await makeThrowawayRoot();
  const alice = await node.pushUser('alice@example.com', KEY);
  await node.pushGroup('slurm-users', [alice]);
  await node.run('sync');
});
afterEach(async () => {
  await node.close();
});

const keyFile = () => path.join(node.root, 'var/lib/sunk-agent/authorized_keys/alice');
const shadowOfAlice = () => /^alice:.*$/m.exec(node.read('etc/shadow'))?.[0].split(':')[7];
const blocked = () =>
  existsSync(path.join(node.root, 'etc/sunk-agent/blocked')) ? node.read('etc/sunk-agent/blocked') : '';

describe('block', () => {
  test('revokes a person under any of their names, and they stay revoked', async () => {
    const word = 'ALICE@example.com';
    const { status, stdout } = await node.run('block', word);
    expect(stdout).toMatch(new RegExp(`^${word} is blocked: access of alice revoked after`));
    expect(status).toBe(0);
    expect(existsSync(keyFile())).toBe(false);
    expect(shadowOfAlice()).toBe('1');
    await node.run('sync');
    expect(existsSync(keyFile())).toBe(false);
    expect((await node.run('unblock', word)).status).toBe(0);
    expect(existsSync(keyFile())).toBe(true);
    const { stdout: history } = await node.run('history', '--user', 'alice');
    expect(history).toMatch(/ block .*\(by .*revoked: alice\)/);
    expect(history).toMatch(/ unblock /);
  });

  test('acts with the state database damaged and the store gone', async () => {
    await node.testbed.close();
    writeFileSync(path.join(node.root, 'var/lib/sunk-agent/cache/mirror.sqlite'), 'nonsense'.repeat(1000));
    const { stdout, stderr } = await node.run('block', 'alice');
    expect(stderr).toMatch(/damaged.*using the managed group instead/);
    expect(stdout).toMatch(/^alice is blocked: access of alice revoked after/);
    expect(existsSync(keyFile())).toBe(false);
    expect(shadowOfAlice()).toBe('1');
  });

  const mayMount = process.geteuid?.() === 0 && spawnSync('mount', ['--version']).status === 0;
  if (!mayMount) process.stderr.write('skipped: a list on a read-only disk needs root and mount\n');
  test.runIf(mayMount)('revokes a person also where the list cannot be written, and says so', async () => {
    const directory = path.join(node.root, 'etc/sunk-agent');
    for (const options of ['bind', 'remount,bind,ro'])
      expect(spawnSync('mount', ['-o', options, directory, directory]).status).toBe(0);
    try {
      const { status, stdout, stderr } = await node.run('block', 'alice');
      expect(status).toBe(1);
      expect(stdout).toMatch(/^alice is NOT on the block list: access of alice revoked after/);
      expect(stderr).toMatch(/cannot write .*blocked.*read-only/);
      expect(stderr).toMatch(/the next sync restores access: fix this and run sunk-agent block alice again/);
      expect(existsSync(keyFile())).toBe(false);
      expect(shadowOfAlice()).toBe('1');
    } finally {
      spawnSync('umount', ['--lazy', directory]);
    }
  });

  test('removes one key and leaves the others', async () => {
    const [reading] = readKeys([KEY]);
    const fingerprint = reading?.ok === true ? reading.key.fingerprint : '';
    const { stdout } = await node.run('block', fingerprint);
    expect(stdout).toContain('access of alice revoked after');
    expect(existsSync(keyFile())).toBe(false);
    expect(shadowOfAlice()).toBe('');
  });

  test('refuses an account that is not managed, and keeps it off the list', async () => {
    const { status, stderr } = await node.run('block', 'root');
    expect(status).toBe(1);
    expect(stderr).toMatch(/root is a local account of this node, which sunk-agent does not manage/);
    expect(blocked()).not.toContain('root');
  });

  test('refuses a word that nothing is known by, and suggests', async () => {
    const { status, stdout, stderr } = await node.run('block', 'alise');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/no person and no account is known as "alise" \(did you mean alice/);
    expect(blocked()).toBe('');
    expect((await node.run('unblock', 'alise')).status).toBe(1);
    // By hand a name may be blocked that nothing knows yet.
    writeFileSync(path.join(node.root, 'etc/sunk-agent/blocked'), 'carol\n');
    const carol = await node.pushUser('carol@example.com', KEY);
    await node.pushGroup('slurm-users', [carol]);
    await node.run('sync');
    expect(existsSync(path.join(path.dirname(keyFile()), 'carol'))).toBe(false);
  });

  test('keeps the SCIM id, so that no rename at the store ends it, and a former name unblocks', async () => {
    const { id } = await node
      .scim('GET', '/Users?filter=userName%20eq%20%22alice@example.com%22')
      .then((answer) => (answer as unknown as { Resources: { id: string }[] }).Resources[0]!);
    expect((await node.run('block', 'alice@EXAMPLE.com')).status).toBe(0);
    expect(blocked()).toMatch(new RegExp(`^${id} alice {2}# `, 'm'));
    await node.scim('PATCH', `/Users/${id}`, {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'replace', path: 'userName', value: 'anna@example.com' }],
    });
    await node.run('sync', '--full');
    expect(existsSync(keyFile())).toBe(false);
    expect(node.read('etc/passwd')).toMatch(/^(?:alice|anna):.*nologin$/m);
    expect((await node.run('block', id)).stdout).toContain('was blocked already');
    expect((await node.run('unblock', 'alice')).status).toBe(0);
    expect(blocked().trim()).toBe('');
  });

  test('acts with a broken configuration, by the last sound one', async () => {
    node.configure('\tlimits: {}\n');
    expect((await node.run('sync')).status).toBe(78);
    const { status, stdout, stderr } = await node.run('block', 'alice');
    expect(stderr).toContain('using the last configuration that was sound');
    expect(stdout).toMatch(/^alice is blocked: access of alice revoked after/);
    expect(status).toBe(0);
    expect(shadowOfAlice()).toBe('1');
  });

  test('ends by itself where --for says when', async () => {
    expect((await node.run('block', 'alice', '--for', 'soon')).status).toBe(64);
    const { status, stdout } = await node.run('block', 'alice', '--for', '8h');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^alice is blocked until \S+Z: access of alice revoked/);
    expect(shadowOfAlice()).toBe('1');
    const file = path.join(node.root, 'etc/sunk-agent/blocked');
    writeFileSync(file, blocked().replace(/until=\S+/, 'until=2026-01-01T00:00:00Z'));
    await node.run('sync');
    expect(shadowOfAlice()).toBe('');
    expect(existsSync(keyFile())).toBe(true);
  });
});

test('a daemon notices a list that a fleet’s configuration wrote, and acts before the next sync', async () => {
  node.configure('sync: { poll: "0 0 0 1 1 *", full: "0 0 1 1 *" }\n');
  const daemon = node.start('run');
  try {
    let said = '';
    await new Promise<void>((resolve) => {
      daemon.stderr?.on('data', (chunk) => {
        said += String(chunk);
        if (said.includes('the reader is connected')) resolve();
      });
    });
    // The first syncs are over, and the watch is on, when nothing more is said.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(readFileSync(keyFile(), 'utf8')).toContain('ssh-ed25519');
    mkdirSync(path.join(node.root, 'etc/sunk-agent'), { recursive: true });
    writeFileSync(path.join(node.root, 'etc/sunk-agent/blocked'), 'alice  # from the fleet\n');
    await expect.poll(() => existsSync(keyFile()), { timeout: 10_000, interval: 50 }).toBe(false);
    await expect.poll(shadowOfAlice, { timeout: 10_000, interval: 50 }).toBe('1');
  } finally {
    daemon.kill('SIGTERM');
    await new Promise((resolve) => daemon.once('exit', resolve));
  }
});
