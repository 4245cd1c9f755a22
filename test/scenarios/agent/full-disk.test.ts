// A real disk that is full does not delay a revocation: it uses the room that was kept for it.
import { spawnSync } from 'node:child_process';
import { closeSync, lstatSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RESERVE_BYTES } from '../../../src/host/fs/reserve.ts';
import type { LoginRoot } from '../../support/nodes/login-root/login-root.ts';
import { fillDisk, fillerOf } from '../../faults/node-faults.ts';
import { hasRoot } from '../../support/requirements.ts';
import { openStoreAndNode, type SmallStore } from '../../support/nodes/login-root/with-testbed.ts';

const isRoot = hasRoot(import.meta.filename);

let store: SmallStore;
let node: LoginRoot;
let close: () => Promise<void>;

beforeEach(async () => {
  ({ store, node, close } = await openStoreAndNode('full-disk-'));
});
afterEach(() => close());

async function sync() {
  const { status, report, stderr } = await node.startSync().over;
  expect(report, stderr).not.toBeNull();
  return { status, changes: report?.changes };
}

const reserve = (): number =>
  lstatSync(path.join(node.root, 'var/lib/sunk-agent/reserve'), { throwIfNoEntry: false })?.size ?? 0;
const free = (): number => {
  const { bavail, bsize } = statfsSync(node.root);
  return bavail * bsize;
};
const shell = (name: string): string =>
  node
    .lines('passwd')
    .find((line) => line.startsWith(`${name}:`))
    ?.split(':')
    .at(-1) ?? '';

test.runIf(isRoot).each([
  ['a command', false],
  ['an agent that stays', true],
  ['agents that start when it is full', true],
])('delays no revocation, sync after sync, by %s', async (how, isResident) => {
  node.isResident = isResident;
  const { ids } = await store.pushPeople('alice', 'bob', 'carol');
  await sync();
  expect(reserve()).toBe(RESERVE_BYTES);

  for (const [n, name] of ['alice', 'bob'].entries()) {
    if (how.startsWith('agents')) await node.stopResident();
    fillDisk(node.root);
    expect(free()).toBe(0);
    await store.setActive(ids[n], false);
    expect(await sync()).toMatchObject({ status: 0, changes: { failed: 0 } });
    expect(shell(name)).toBe('/usr/sbin/nologin');
    expect(node.keyFiles().has(name)).toBe(false);
    // It is taken back at once, before another program has it.
    expect(reserve()).toBeGreaterThan(RESERVE_BYTES / 2);
  }

  rmSync(fillerOf(node.root));
  await sync();
  expect(reserve()).toBe(RESERVE_BYTES);
  expect(shell('carol')).toBe('/bin/bash');
});

test.runIf(isRoot)(
  'delays no revocation where the state database alone cannot be written, and grants no access until it can',
  async () => {
    node.isResident = true;
    const { ids, group } = await store.pushPeople('alice', 'bob');
    // A volume of its own, which nothing else has a reserve on.
    mkdirSync(node.state, { recursive: true, mode: 0o700 });
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=700', 'tmpfs', node.state]).status).toBe(0);
    try {
      await sync();
      fillDisk(node.state);
      await store.setActive(ids[0], false);
      await store.request('PATCH', `/Groups/${group}`, {
        Operations: [{ op: 'add', path: 'members', value: [{ value: await store.createUser('carol') }] }],
      });
      for (let n = 0; n < 2; n += 1) {
        const { report } = await node.startSync().over;
        expect(report?.problems).toEqual([
          expect.stringMatching(/^the state database cannot be used: .*make room/),
        ]);
        expect(report?.held).toEqual([
          expect.objectContaining({
            reason: expect.stringMatching(/^the state database cannot be written/) as string,
          }),
        ]);
        expect([shell('alice'), shell('bob'), shell('carol')]).toEqual([
          '/usr/sbin/nologin',
          '/bin/bash',
          '',
        ]);
        expect([...node.keyFiles().keys()]).toEqual(['bob']);
      }
      rmSync(fillerOf(node.state));
      expect((await sync()).changes).toMatchObject({ failed: 0, held: 0 });
      expect([shell('alice'), shell('bob'), shell('carol')]).toEqual([
        '/usr/sbin/nologin',
        '/bin/bash',
        '/bin/bash',
      ]);
      const { report } = await node.startSync().over;
      expect(report).toMatchObject({ changes: { planned: 0 }, problems: [] });
    } finally {
      await node.stopResident();
      spawnSync('umount', ['--lazy', node.state]);
    }
  },
);

test.runIf(isRoot)('gets no reserve where there is little room anyway', async () => {
  const fd = openSync(fillerOf(node.root), 'w');
  while (free() > 2 * RESERVE_BYTES) writeSync(fd, Buffer.alloc(1 << 20));
  closeSync(fd);
  await sync();
  expect(reserve()).toBe(0);
});
