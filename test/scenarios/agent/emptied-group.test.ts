// The documented way back from a group that was emptied by mistake, followed word by word.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeThrowawayRoot, type ThrowawayRoot } from '../../support/nodes/throwaway-root.ts';

const OPERATING = readFileSync(path.resolve(import.meta.dirname, '../../../packaging/OPERATING.md'), 'utf8');
const NAMES = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank'];
let node: ThrowawayRoot;

beforeEach(async () => {
  node = await makeThrowawayRoot();
});
afterEach(async () => {
  await node.close();
});

test('the documented steps bring all access back after a group was emptied by mistake', async () => {
  const [, section = ''] = /## When a group was emptied by mistake\n(.*?)\n## /s.exec(OPERATING) ?? [];
  const steps = [...section.matchAll(/^sudo sunk-agent (\w+(?: \w+)?) +#/gm)].map(([, words = '']) => words);
  expect(steps).toEqual(['status', 'why alice', 'sync', 'status']);
  const members = await Promise.all(NAMES.map((name) => node.pushUser(`${name}@example.com`, '')));
  const group = await node.pushGroup('slurm-users', members);
  const patch = (operation: object) =>
    node.scim('PATCH', `/Groups/${group}`, {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [operation],
    });
  expect((await node.run('sync')).status).toBe(0);
  const before = node.read('etc/passwd');
  await patch({ op: 'Remove', path: 'members' });
  await node.run('sync');
  expect(node.read('etc/passwd')).toBe(before);

  const run = (index: number) => node.run(...(steps[index] ?? '').split(' '));
  expect((await run(0)).stdout).toMatch(/^degraded: changes wait for approval/);
  expect((await run(1)).stdout).toMatch(/has no members at the store; the guard holds the loss/);
  await patch({ op: 'Add', path: 'members', value: members.map((value) => ({ value })) });
  expect((await run(2)).status).toBe(0);
  expect((await run(3)).stdout).toMatch(/^healthy/);
  expect(node.read('etc/passwd')).toBe(before);
});
