// A store that asks for no requests for decades: `sync` asks at once, but not again within 10 s, and status says why.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeThrowawayRoot, type ThrowawayRoot } from '../../support/nodes/throwaway-root.ts';

let node: ThrowawayRoot;

beforeEach(async () => {
  node = await makeThrowawayRoot();
});
afterEach(async () => {
  await node.close();
});

const admin = async (method: string, path: string, body?: object): Promise<unknown> => {
  const response = await fetch(`${node.testbed.adminUrl}${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return text === '' ? null : JSON.parse(text);
};

test('a revocation waits for no decade: sync asks at once, once in 10 s, and status says until when and why', async () => {
  const alice = await node.pushUser('alice@example.com', '');
  await node.pushGroup('slurm-users', [alice]);
  expect((await node.run('sync')).status).toBe(0);
  await admin('POST', '/faults', { kind: 'status', status: 429, retryAfter: 999_999_999, times: 1 });
  await node.scim('PATCH', `/Users/${alice}`, {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations: [{ op: 'Replace', path: 'active', value: false }],
  });
  const asked = Date.now();
  expect(await node.run('sync')).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/asks for no requests until 20/) as string,
  });
  expect((await node.run('status')).stdout).toMatch(
    /^degraded: .*answered 429 and asks for no requests until 20\d\d-/,
  );
  await admin('DELETE', '/requests');
  const { status } = await node.run('sync');
  // A machine that took 10 s for this has asked again.
  if (Date.now() - asked < 10_000) {
    expect(status).toBe(2);
    expect(await admin('GET', '/requests')).toMatchObject({ requests: [] });
  }
  await sleep(Math.max(0, asked + 20_000 - Date.now()));
  expect((await node.run('sync')).status).toBe(0);
  expect(node.read('etc/shadow')).toMatch(/^alice:.*:1:$/m);
});
