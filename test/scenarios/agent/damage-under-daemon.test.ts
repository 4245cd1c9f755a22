// A state database that was sound when an agent opened it, and is damaged when a sync reads it.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { LoginRoot } from '../../support/nodes/login-root/login-root.ts';
import { openStoreAndNode, type SmallStore } from '../../support/nodes/login-root/with-testbed.ts';

let store: SmallStore;
let node: LoginRoot;
let close: () => Promise<void>;

beforeEach(async () => {
  ({ store, node, close } = await openStoreAndNode('damage-'));
});
afterEach(() => close());

const shell = (name: string): string | undefined =>
  node
    .lines('passwd')
    .find((line) => line.startsWith(`${name}:`))
    ?.split(':')
    .at(-1);

test('costs no sync: it is set aside and rebuilt, and a user who has left has no access', async () => {
  node.isResident = true;
  const [alice] = (await store.pushPeople('alice', 'bob')).ids;
  expect((await node.startSync().over).status).toBe(0);
  await store.setActive(alice, false);
  const other = new Database(path.join(node.state, 'mirror.sqlite'));
  other.exec('DROP TRIGGER binding_is_kept; DROP TABLE binding');
  other.close();

  const { status, report, stderr } = await node.startSync().over;
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(report).toMatchObject({ n: 1, problems: [] });
  expect([shell('alice'), shell('bob')]).toEqual(['/usr/sbin/nologin', '/bin/bash']);
  expect(readdirSync(node.state)).toContainEqual(expect.stringMatching(/^mirror\.sqlite\.damaged-\d+$/));
});
