// SCIM ids that differ by case, normalisation or invisible characters alone: each is a person of their own, everywhere.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openNodeContext } from '../../../src/agent/node-context.ts';
import { openSyncContext } from '../../../src/agent/reconcile/context.ts';
import { runSync } from '../../../src/agent/reconcile/sync.ts';
import { type InProcessRoot, makeInProcessRoot } from '../../support/nodes/in-process-root.ts';
import { readListed } from '../../support/nodes/listed-reader.ts';

const CLI = path.resolve(import.meta.dirname, '../../../src/cli/main.ts');
const PERSON = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser';
const GROUP = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveGroup';

const IDS = ['ab', 'Ab', '\u00e1b', 'a\u0301b', 'ab\u200b', 'ab\u00ad', 'a b #x', 'id=ab', 'z'];
/** The last one is called as the first one's id reads. */
const NAMES = IDS.map((id, n) => (id === 'z' ? 'ab' : `person${n}`));

let node: InProcessRoot;

const run = (...args: string[]) =>
  spawnSync(process.execPath, [CLI, ...args, '--root', node.root], { encoding: 'utf8' });
const listDisabled = (): string[] =>
  NAMES.filter((name) => node.line('etc/passwd', name)?.includes('nologin') === true);

async function sync(): Promise<void> {
  const context = openSyncContext(openNodeContext({ root: node.root, config: undefined }));
  const users = IDS.map((id, n) => {
    const userName = id === 'z' ? 'ab' : `${NAMES[n] ?? ''}@example.com`;
    return { id, userName, displayName: 'x', active: true, [PERSON]: { uid: 20_000 + n } };
  });
  const members = IDS.map((value) => ({ value }));
  const groups = [{ id: 'g', displayName: 'slurm-users', [GROUP]: { gid: 31_000 }, members }];
  try {
    await runSync({ ...context, reader: readListed({ users, groups }) }, 'full');
  } finally {
    context.state.close();
  }
}

beforeAll(async () => {
  node = makeInProcessRoot('limits: { max_gain: { enabled_again: 1 } }\n');
  await sync();
});
afterAll(() => node.remove());

test('each has an account of its own', async () => {
  await sync();
  expect(NAMES.map((name) => node.line('etc/passwd', name)?.split(':')[2])).toEqual(
    IDS.map((_, n) => String(20_000 + n)),
  );
});

test.each([
  ['ab', 'person0'],
  ['a\u0301b', 'person3'],
  ['ab\u200b', 'person4'],
  ['a b #x', 'person6'],
  ['id=ab', 'person7'],
])('a block of %j concerns that one, and so do its end, why and history', async (id, name) => {
  expect(run('block', id)).toMatchObject({ status: 0 });
  expect(listDisabled()).toEqual([name]);
  await sync();
  expect(listDisabled()).toEqual([name]);
  expect(run('why', id).stdout).toContain(`${name}@example.com is blocked: by `);
  const events = run('history', '--user', id, '--json').stdout.trim().split('\n');
  const about = events.map((line) => JSON.parse(line) as { scimId: string | null; name: string });
  expect(new Set(about.flatMap(({ scimId }) => scimId ?? []))).toEqual(new Set([id]));
  expect(run('unblock', id)).toMatchObject({ status: 0 });
  expect(listDisabled()).toEqual([]);
});

test('unblock of one leaves the block of another, and what is no id is refused', () => {
  expect(run('block', 'Ab')).toMatchObject({ status: 0 });
  expect(run('unblock', 'ab')).toMatchObject({ status: 1 });
  expect(listDisabled()).toEqual(['person1']);
  expect(run('unblock', 'Ab')).toMatchObject({ status: 0 });
  expect(run('block', 'ab\u200c').status).toBe(64);
  expect(run('block', 'a b').status).toBe(64);
  expect(listDisabled()).toEqual([]);
});
