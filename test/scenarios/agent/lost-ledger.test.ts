// A user leaves the store while a node loses its state database; and an account that an operator adds to the managed group.
import { once } from 'node:events';
import { appendFileSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { makeThrowawayRoot, type ThrowawayRoot } from '../../support/nodes/throwaway-root.ts';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJrUj8o1Zr5LwH1o0u0Oe4i2cYkq2gYx0b1r9t1VbJ0M';
const FULL = { alice: /^alice:.*\/bin\/bash$/m, ghost: /^ghost:.*\/bin\/bash$/m };

let node: ThrowawayRoot;

beforeEach(async () => {
  node = await makeThrowawayRoot();
});
afterEach(() => node.close());

/** A node with alice and ghost; then ghost is gone from the store, and the state database from the node. */
async function loseBoth(): Promise<void> {
  const alice = await node.pushUser('alice@example.com', '');
  const ghost = await node.pushUser('ghost@example.com', KEY);
  await node.pushGroup('slurm-users', [alice, ghost]);
  expect((await node.run('sync')).status).toBe(0);
  for (const line of Object.values(FULL)) expect(node.read('etc/passwd')).toMatch(line);
  await node.scim('DELETE', `/Users/${ghost}`);
  rmSync(path.join(node.root, 'var/lib/sunk-agent/cache'), { recursive: true });
}

const hasKeys = (name: string): boolean =>
  existsSync(path.join(node.root, 'var/lib/sunk-agent/authorized_keys', name));
const isFinding = /1 account is in the managed group but in neither .*\(ghost\): not managed; remove it/;

describe('an account that neither a lost ledger nor the store knows', () => {
  test('is named and never disabled; its key file goes with the second sync, which reads everything', async () => {
    await loseBoth();
    const first = await node.run('sync');
    expect(first).toMatchObject({ status: 1, stdout: expect.stringMatching(isFinding) });
    expect(hasKeys('ghost')).toBe(true);
    expect((await node.run('status')).stdout).toMatch(/^degraded: 1 account is in the managed group/);

    expect((await node.run('plan')).stdout).toMatch(/^Not managed: 1 account is in the managed group/m);
    const why = (await node.run('why', 'ghost')).stdout;
    expect(why).toMatch(/is in the managed group but in neither the ledger nor the user store/);

    const second = await node.run('sync');
    expect(second).toMatchObject({ status: 0, stdout: expect.stringMatching(/^sync 2 \(full\)/m) });
    expect(hasKeys('ghost')).toBe(false);
    for (const line of Object.values(FULL)) expect(node.read('etc/passwd')).toMatch(line);
    expect((await node.run('status')).stdout).toMatch(/^degraded: 1 account is in the managed group/);

    const third = await node.run('sync');
    expect(third).toMatchObject({ status: 0, stdout: expect.stringMatching(/^sync 3 \(delta\)/m) });
  });

  test('loses its keys within two polls of a daemon, however far off the next full sync is', async () => {
    node.configure("sync: { poll: '*/2 * * * * *', full: '0 0 29 2 *' }\n");
    await loseBoth();
    const daemon = node.start('run');
    try {
      await vi.waitFor(() => expect(hasKeys('ghost')).toBe(false), { timeout: 55_000, interval: 50 });
      for (const line of Object.values(FULL)) expect(node.read('etc/passwd')).toMatch(line);
    } finally {
      daemon.kill('SIGTERM');
      await once(daemon, 'exit');
    }
  });
});

function addMember(member: string, ...names: string[]): void {
  const lines = node
    .read('etc/group')
    .split('\n')
    .map((line) => {
      const isOf = names.some((name) => line.startsWith(`${name}:`));
      return isOf ? `${line}${line.endsWith(':') ? '' : ','}${member}` : line;
    });
  writeFileSync(path.join(node.root, 'etc/group'), lines.join('\n'));
}

describe('an emergency account that an operator puts into the managed group', () => {
  test.each([
    ['as its primary group', 'rescue:x:1700:9999::/root:/bin/bash', null],
    ['as a member of it and of the sudo group', 'rescue:x:1700:100::/root:/bin/bash', 'rescue'],
  ])(
    '%s is named, is never disabled, cannot be blocked, and stays in its groups',
    async (_, line, member) => {
      const alice = await node.pushUser('alice@example.com', '');
      await node.pushGroup('slurm-users', [alice]);
      expect((await node.run('sync')).status).toBe(0);
      appendFileSync(path.join(node.root, 'etc/passwd'), `${line}\n`);
      appendFileSync(path.join(node.root, 'etc/shadow'), 'rescue:*:19000:0:99999:7:::\n');
      if (member !== null) addMember(member, 'sunk-users', 'slurm-users');
      const groups = node.read('etc/group');
      for (let round = 0; round < 3; round += 1)
        expect(await node.run('sync', '--full')).toMatchObject({
          status: 0,
          stdout: expect.stringContaining('(rescue): not managed; remove it from the group'),
        });
      const block = await node.run('block', 'rescue');
      expect(block).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(/which sunk-agent does not manage/),
      });
      expect(node.read('etc/passwd')).toContain(`\n${line}\n`);
      expect(node.read('etc/shadow')).toContain('\nrescue:*:19000:0:99999:7:::\n');
      expect(node.read('etc/group')).toBe(groups);
      expect((await node.run('status')).stdout).toMatch(
        /^degraded: 1 account is in the managed group .*rescue/,
      );
    },
  );
});
