// A root that became read-only, as after an error of its disk: no account and no key file can be changed any more.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { pathsUnder } from '../../../src/common/paths.ts';
import type { LoginRoot } from '../../faults/login-root.ts';
import { openStoreAndNode, type SmallStore } from '../../support/nodes/small-store.ts';

vi.setConfig({ testTimeout: 60_000 });

const isRoot = process.geteuid?.() === 0;
const HELPER = path.resolve(import.meta.dirname, '../../../packaging/authorized-keys');
const KEY = /ssh-ed25519/;

let folder: string;
let store: SmallStore;
let node: LoginRoot;
let close: () => Promise<void>;
let mounts: string[];

beforeEach(async () => {
  ({ folder, store, node, close } = await openStoreAndNode('read-only-root-'));
  mounts = [];
});
afterEach(async () => {
  await node.stopResident();
  for (const place of mounts.reverse()) run('umount', '--lazy', place);
  await close();
});

function run(program: string, ...args: string[]): void {
  expect(spawnSync(program, args, { encoding: 'utf8' })).toMatchObject({ status: 0 });
}

function mount(place: string, ...args: string[]): void {
  mkdirSync(place, { recursive: true });
  run('mount', ...args, place);
  mounts.push(place);
}

/** /run is in memory on every node. */
const mountRun = () => mount(path.join(node.root, 'run'), '-t', 'tmpfs', '-o', 'size=8m,mode=755', 'tmpfs');

const pass = async () => (await node.startPass().over).report;

/** What sshd would be given. */
function askHelper(name: string): string {
  const { keys, denyList: shut } = pathsUnder(node.root);
  return spawnSync('sh', [HELPER, name, keys, shut], { encoding: 'utf8' }).stdout;
}

async function expectShut(): Promise<void> {
  expect((await pass())?.problems).toContainEqual(
    expect.stringMatching(/^keys-remove alice: .*read-only.*; until then the key helper gives none/),
  );
  expect(existsSync(path.join(node.keys, 'alice'))).toBe(true);
  expect(askHelper('alice')).toBe('');
  expect(askHelper('bob')).toMatch(KEY);
}

async function expectMended(): Promise<void> {
  expect(await pass()).toMatchObject({ problems: [], changes: { failed: 0 } });
  expect(existsSync(path.join(pathsUnder(node.root).denyList, 'alice'))).toBe(false);
  expect(await pass()).toMatchObject({ problems: [], changes: { planned: 0 } });
}

test.runIf(isRoot)('gives no key to who has left, and everybody else theirs', async () => {
  mountRun();
  // A tmpfs becomes read-only only while nobody has a file open on it.
  mount(node.state, '-t', 'tmpfs', '-o', 'size=8m,mode=700', 'tmpfs');
  const [alice] = (await store.pushPeople('alice', 'bob')).ids;
  await pass();
  expect(askHelper('alice')).toMatch(KEY);
  run('mount', '-o', 'remount,ro', node.root);
  await store.setActive(alice, false);
  await expectShut();
  await expectShut();

  run('mount', '-o', 'remount,rw', node.root);
  await expectMended();
  expect(existsSync(path.join(node.keys, 'alice'))).toBe(false);
});

test.runIf(isRoot)('gives the keys back to who is in again when it is mended', async () => {
  mountRun();
  mount(node.state, '-t', 'tmpfs', '-o', 'size=8m,mode=700', 'tmpfs');
  const [alice] = (await store.pushPeople('alice', 'bob')).ids;
  await pass();
  run('mount', '-o', 'remount,ro', node.root);
  await store.setActive(alice, false);
  await expectShut();
  await store.setActive(alice, true);
  run('mount', '-o', 'remount,rw', node.root);
  await expectMended();
  expect(askHelper('alice')).toMatch(KEY);
});

test.runIf(isRoot)('whose disk fails, with the cache on it, under an agent that stays', async ({ skip }) => {
  const image = path.join(folder, 'disk');
  writeFileSync(image, '');
  truncateSync(image, 64 << 20);
  run('mkfs.ext4', '-q', image);
  const disk = path.join(folder, 'mounted');
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
  await pass();
  expect(askHelper('alice')).toMatch(KEY);
  // What ext4(5) does with errors=remount-ro.
  run('mount', '-o', 'remount,abort', node.root);
  await store.setActive(alice, false);
  await expectShut();
  await expectShut();
});
