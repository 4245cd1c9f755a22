// A root that became read-only, as after an error of its disk: no account and no key file can be changed any more.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { pathsUnder } from '../../../src/common/paths.ts';
import type { LoginRoot } from '../../support/nodes/login-root/login-root.ts';
import { openStoreAndNode, type SmallStore } from '../../support/nodes/login-root/with-testbed.ts';

const isRoot = process.geteuid?.() === 0;
const HELPER = path.resolve(import.meta.dirname, '../../../packaging/authorized-keys');
const KEY = /ssh-ed25519/;

let directory: string;
let store: SmallStore;
let node: LoginRoot;
let close: () => Promise<void>;
let mounts: string[];

beforeEach(async () => {
  ({ directory, store, node, close } = await openStoreAndNode('read-only-root-'));
  mounts = [];
});
afterEach(async () => {
  await node.stopResident();
  for (const point of mounts.reverse()) run('umount', '--lazy', point);
  await close();
});

function run(program: string, ...args: string[]): void {
  expect(spawnSync(program, args, { encoding: 'utf8' })).toMatchObject({ status: 0 });
}

function mount(point: string, ...args: string[]): void {
  mkdirSync(point, { recursive: true });
  run('mount', ...args, point);
  mounts.push(point);
}

/** /run is in memory on every node. */
const mountRun = () => mount(path.join(node.root, 'run'), '-t', 'tmpfs', '-o', 'size=8m,mode=755', 'tmpfs');

const sync = async () => (await node.startSync().over).report;

/** What sshd would be given. */
function askHelper(name: string): string {
  const { keys, denyList: denied } = pathsUnder(node.root);
  return spawnSync('sh', [HELPER, name, keys, denied], { encoding: 'utf8' }).stdout;
}

async function expectDenied(): Promise<void> {
  expect((await sync())?.problems).toContainEqual(
    expect.stringMatching(/^keys-remove alice: .*read-only.*; until then the key helper serves no keys/),
  );
  expect(existsSync(path.join(node.keys, 'alice'))).toBe(true);
  expect(askHelper('alice')).toBe('');
  expect(askHelper('bob')).toMatch(KEY);
}

async function expectFixed(): Promise<void> {
  expect(await sync()).toMatchObject({ problems: [], changes: { failed: 0 } });
  expect(existsSync(path.join(pathsUnder(node.root).denyList, 'alice'))).toBe(false);
  expect(await sync()).toMatchObject({ problems: [], changes: { planned: 0 } });
}

test.runIf(isRoot)('gives no key to a user who has left, and all others theirs', async () => {
  mountRun();
  // A tmpfs becomes read-only only while no process has a file open on it.
  mount(node.state, '-t', 'tmpfs', '-o', 'size=8m,mode=700', 'tmpfs');
  const [alice] = (await store.pushPeople('alice', 'bob')).ids;
  await sync();
  expect(askHelper('alice')).toMatch(KEY);
  run('mount', '-o', 'remount,ro', node.root);
  await store.setActive(alice, false);
  await expectDenied();
  await expectDenied();

  run('mount', '-o', 'remount,rw', node.root);
  await expectFixed();
  expect(existsSync(path.join(node.keys, 'alice'))).toBe(false);
});

test.runIf(isRoot)('gives the keys back to a user who has access again when it is fixed', async () => {
  mountRun();
  mount(node.state, '-t', 'tmpfs', '-o', 'size=8m,mode=700', 'tmpfs');
  const [alice] = (await store.pushPeople('alice', 'bob')).ids;
  await sync();
  run('mount', '-o', 'remount,ro', node.root);
  await store.setActive(alice, false);
  await expectDenied();
  await store.setActive(alice, true);
  run('mount', '-o', 'remount,rw', node.root);
  await expectFixed();
  expect(askHelper('alice')).toMatch(KEY);
});

test.runIf(isRoot)(
  'whose disk fails, with the state database on it, under an agent that stays',
  async ({ skip }) => {
    const image = path.join(directory, 'disk');
    writeFileSync(image, '');
    truncateSync(image, 64 << 20);
    run('mkfs.ext4', '-q', image);
    const disk = path.join(directory, 'mounted');
    mkdirSync(disk);
    if (spawnSync('mount', ['-o', 'loop', image, disk]).status !== 0) {
      process.stderr.write('skipped: a disk that fails needs a loop device\n');
      skip();
    }
    run('cp', '-a', `${node.root}/.`, disk);
    run('umount', disk);
    mount(node.root, '-o', 'loop', image);
    mountRun();
    node.isResident = true;
    const [alice] = (await store.pushPeople('alice', 'bob')).ids;
    await sync();
    expect(askHelper('alice')).toMatch(KEY);
    // What ext4(5) does with errors=remount-ro.
    run('mount', '-o', 'remount,abort', node.root);
    await store.setActive(alice, false);
    await expectDenied();
    await expectDenied();
  },
);
