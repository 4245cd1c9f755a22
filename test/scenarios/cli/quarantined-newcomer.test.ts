// A newcomer whose record is in quarantine: `status` names it, and `why` finds it by each of its names.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeThrowawayRoot, type ThrowawayRoot } from '../../support/nodes/throwaway-root.ts';

const EXTENSION = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser';
let node: ThrowawayRoot;

beforeEach(async () => {
  node = await makeThrowawayRoot();
});
afterEach(async () => {
  await node.close();
});

test('status names it, and why shows the field, its value and the rule', async () => {
  const carl = await node.pushUser('carl@example.com', '');
  const set = {
    externalId: 'ext-carl',
    emails: [{ value: 'Carl.Large@example.com', type: 'work' }],
    [EXTENSION]: { uid: '10 004\u202e' },
  };
  await fetch(`${node.testbed.adminUrl}/faults`, {
    method: 'POST',
    body: JSON.stringify({ kind: 'record', who: carl, set }),
  });
  await node.run('sync');
  const rule = /uid is not a whole number, but "10 004\\u\{202e\}"/;
  const { stdout } = await node.run('status');
  expect(stdout).toMatch(/1 record is in quarantine: User carl@example\.com \(/);
  expect(stdout.replace(/\s+/g, ' ')).toMatch(rule);
  for (const name of [
    'carl',
    'carl@example.com',
    'CARL@example.com',
    carl,
    'ext-carl',
    'carl.large@example.com',
  ]) {
    const why = await node.run('why', name);
    expect(why.stdout.replace(/\s+/g, ' ')).toMatch(rule);
  }
  expect((await node.run('why', 'carla')).stdout).toMatch(/the store lists no user carla/);
});
