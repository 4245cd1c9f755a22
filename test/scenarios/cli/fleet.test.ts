// `fleet` on a publisher: what followers report, and that their logins are not checked.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeThrowawayRoot, type ThrowawayRoot } from '../../support/nodes/throwaway-root.ts';

let node: ThrowawayRoot;

beforeAll(async () => {
  node = await makeThrowawayRoot();
  mkdirSync(path.join(node.root, 'srv/heartbeats'), { recursive: true });
  node.configure('  backend: publish\npublish: { heartbeats: /srv/heartbeats }\n');
});
afterAll(() => node.close());

test('says in its text and in its JSON that logins of followers are not checked', async () => {
  const text = await node.run('fleet');
  expect(text).toMatchObject({ status: 0, stdout: expect.stringMatching(/^logins: not checked here/m) });
  // The first line counts: scripts read it.
  expect(text.stdout).toMatch(/^0 followers: /);
  const { stdout } = await node.run('fleet', '--json');
  expect(JSON.parse(stdout)).toMatchObject({ published: null, logins: 'not-checked', followers: [] });
});
