import { afterEach, beforeEach, expect, test } from 'vitest';
import { homesDirectory, watchHostLoad } from '../../../src/host/probes/host-load-watch.ts';
import type { Status } from '../../../src/agent/report/status.ts';
import { statusSchema } from '../../../src/agent/report/status-schema.ts';
import { pathsUnder } from '../../../src/common/paths.ts';
import { makeThrowawayRoot, type ThrowawayRoot } from '../../support/nodes/throwaway-root.ts';

let node: ThrowawayRoot;
beforeEach(async () => {
  node = await makeThrowawayRoot();
});
afterEach(() => node.close());

const readHost = (): Status['host'] => (JSON.parse(node.read('run/sunk-agent/status.json')) as Status).host;

test('the facts of the host are taken anew after five minutes, or when the clock was set back', async () => {
  const accounts = { home: '/home/%u' } as Parameters<typeof watchHostLoad>[1]['accounts'];
  const look = watchHostLoad(pathsUnder(node.root), { accounts }, { bindings: () => [] });
  const first = await look(1000);
  expect(await look(1299)).toBe(first);
  const second = await look(1300);
  expect(second.at).toBe(1300);
  expect((await look(1200)).at).toBe(1200);
});

test('a sync leaves them in the status, of this machine and these directories', async () => {
  await node.run('sync');
  const host = readHost();
  expect(host?.processors).toBeGreaterThan(0);
  expect(host?.memory.available).toBeGreaterThan(2 ** 20);
  expect(host?.memory.total).toBeGreaterThan(host?.memory.available ?? 0);
  expect(host?.disks.map(({ path, fault }) => ({ path, fault }))).toEqual([
    { path: pathsUnder(node.root).state, fault: null },
    { path: `${node.root}/home`, fault: null },
  ]);
  for (const { free, size } of host?.disks ?? []) expect(size).toBeGreaterThanOrEqual(free);
});

test('status --host looks itself, at the disks that the sync looked at, and keeps to the schema', async () => {
  await node.run('sync');
  const before = readHost();
  const { status, stdout } = await node.run('status', '--host', '--json');
  expect(status).toBe(0);
  const shown = statusSchema.strict().parse(JSON.parse(stdout));
  expect(shown.host?.at).toBeGreaterThanOrEqual(before?.at ?? Infinity);
  expect(shown.host?.disks.map(({ path }) => path)).toEqual(before?.disks.map(({ path }) => path));
  expect((await node.run('status', '--host')).stdout).toMatch(/^ {2}host +load .* available, 0 s ago$/m);
});

test('the directory of the homes is what stands before the name', () => {
  expect(homesDirectory('/', '/mnt/home/%u')).toBe('/mnt/home');
  expect(homesDirectory('/root', '/home/people-%u/x')).toBe('/root/home');
});
