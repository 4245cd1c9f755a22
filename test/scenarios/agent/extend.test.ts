// Extending keys by hand, over the real state database and key files.
import { cpSync, existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readAudit } from '../../../src/agent/report/audit.ts';
import type { Status } from '../../../src/agent/report/status.ts';
import { pathsUnder } from '../../../src/common/paths.ts';
import { makeEd25519, seedRandom, writeBlob } from '../../support/records/key-corpus.ts';
import { makeThrowawayRoot, type ThrowawayRoot } from '../../support/nodes/throwaway-root.ts';

const KEYS = 'var/lib/sunk-agent/authorized_keys';
const STATE = 'var/lib/sunk-agent/cache';
const DAY = 86_400;

// Each command is a process; on a busy machine that takes its time.

let node: ThrowawayRoot;
let alice: string;

beforeEach(async () => {
  node = await makeThrowawayRoot();
  const random = seedRandom(9);
  const key = (): string => `ssh-ed25519 ${writeBlob('ssh-ed25519', makeEd25519(random)).toString('base64')}`;
  alice = await node.pushUser('alice@example.com', key());
  const others = [
    await node.pushUser('bob@example.com', key()),
    await node.pushUser('carol@example.com', key()),
  ];
  await node.pushGroup('slurm-users', [alice, ...others]);
  expect((await node.run('sync')).status).toBe(0);
});
afterEach(() => node.close());

/** Epoch seconds in the key file of a name. */
function readExpiry(name: string): number {
  const [, digits = ''] = /expiry-time="(\d{14})/.exec(node.read(`${KEYS}/${name}`)) ?? [];
  return Date.parse(digits.replace(/(....)(..)(..)(..)(..)(..)/, '$1-$2-$3T$4:$5:$6Z')) / 1000;
}

/** As if the last contact with the store were so many seconds earlier. */
function age(seconds: number): void {
  const database = new Database(path.join(node.root, STATE, 'mirror.sqlite'));
  database.prepare('UPDATE record SET confirmed_at = confirmed_at - ?').run(seconds);
  database.close();
}

/** A sync without the reader. */
const syncFromState = () => node.run('block', `SHA256:${'A'.repeat(43)}`);

const now = (): number => Math.floor(Date.now() / 1000);

test('one person’s keys live on, the others’ do not; it is in the plan, the status and the file, with the operator', async () => {
  age(8 * DAY);
  const { status, stdout } = await node.run('extend', 'alice', '--for', '24h');
  expect({ status, stdout }).toMatchObject({ status: 0 });
  expect(stdout).toMatch(/^the keys of 1 account are extended until /);
  expect(Math.abs(readExpiry('alice') - (now() + DAY))).toBeLessThan(60);
  expect(readExpiry('bob')).toBeLessThan(now());
  const { extended, health, reasons } = JSON.parse(node.read('run/sunk-agent/status.json')) as Status;
  expect(extended).toMatchObject({ accounts: 1, by: [expect.any(String)] });
  expect(health).not.toBe('healthy');
  expect(reasons.join()).toContain('extended the keys of 1 account, until ');
  const line = JSON.parse(node.read('var/lib/sunk-agent/extended')) as Record<string, unknown>;
  expect(line).toMatchObject({ scimId: alice, by: extended?.by[0] });
  expect(readAudit(pathsUnder(node.root)).entries).toMatchObject([{ act: 'extend', subject: 'alice' }]);
});

test('all keys live on, but for those that live longer anyway', async () => {
  age(6 * DAY + DAY / 2);
  const { stdout } = await node.run('extend', '--all', '--for', '2d', '--json');
  expect(JSON.parse(stdout)).toMatchObject({ extended: ['alice', 'bob', 'carol'], later: [] });
  for (const name of ['alice', 'bob', 'carol']) expect(readExpiry(name)).toBeGreaterThan(now() + DAY);
  const again = await node.run('extend', '--all', '--for', '1h', '--json');
  expect(JSON.parse(again.stdout)).toMatchObject({ extended: [], later: ['alice', 'bob', 'carol'] });
  expect(readExpiry('alice')).toBeGreaterThan(now() + DAY);
});

test('a user who left since is not extended by an old copy of the state database', async () => {
  age(8 * DAY);
  await node.run('extend', '--all', '--for', '7d');
  cpSync(path.join(node.root, STATE), path.join(node.root, 'kept'), { recursive: true });
  await node.scim('PATCH', `/Users/${alice}`, {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations: [{ op: 'Replace', path: 'active', value: false }],
  });
  await node.run('sync', '--full');
  expect(existsSync(path.join(node.root, KEYS, 'alice'))).toBe(false);

  rmSync(path.join(node.root, STATE), { recursive: true });
  cpSync(path.join(node.root, 'kept'), path.join(node.root, STATE), { recursive: true });
  await node.testbed.close();
  await syncFromState();
  expect(readExpiry('alice')).toBeLessThan(now());
});

test('a state database older than the extension is not extended by it', async () => {
  age(3 * DAY);
  cpSync(path.join(node.root, STATE), path.join(node.root, 'kept'), { recursive: true });
  const { stdout } = await node.run('extend', '--all', '--for', '7d', '--json');
  expect((JSON.parse(stdout) as { extended: string[] }).extended).toHaveLength(3);
  rmSync(path.join(node.root, STATE), { recursive: true });
  cpSync(path.join(node.root, 'kept'), path.join(node.root, STATE), { recursive: true });
  age(30 * DAY);
  await syncFromState();
  for (const name of ['alice', 'bob', 'carol']) expect(readExpiry(name)).toBeLessThan(now());
});

test('a block acts on who was extended, and the extension does not come back with the unblock', async () => {
  age(8 * DAY);
  await node.run('extend', 'alice', '--for', '24h');
  await node.run('block', 'alice');
  expect(existsSync(path.join(node.root, KEYS, 'alice'))).toBe(false);
  await node.run('unblock', 'alice');
  expect(readExpiry('alice')).toBeLessThan(now());
});

test.each([
  [['alice', '--for', '8d'], 64, 'at most 7d'],
  [['alice', '--for', 'soon'], 64, 'at most 7d'],
  [['alice'], 64, '--for takes a duration'],
  [['--for', '1h'], 64, 'one name, or --all'],
  [['alice', '--all', '--for', '1h'], 64, 'one name, or --all'],
  [['dora', '--for', '1h'], 1, 'no person and no account is known as "dora"'],
])('extend %j ends with status %i', async (args, status, said) => {
  const result = await node.run('extend', ...args);
  expect(result.status).toBe(status);
  expect(result.stderr).toContain(said);
});

test('a disabled account cannot be extended', async () => {
  await node.run('block', 'alice');
  const { status, stderr } = await node.run('extend', 'alice', '--for', '1h');
  expect(status).toBe(1);
  expect(stderr).toContain('alice cannot be extended: the account is disabled (blocked)');
});
