// What a node tells of itself: nothing, unless the operator wants to see in the store where nodes differ.
import { hostname } from 'node:os';
import { expect, it } from 'vitest';
import { listen, type FetchHarness } from '../../support/ingest-harness.ts';

/** What the store knows of its login nodes. */
async function readers({ admin }: FetchHarness): Promise<readonly unknown[]> {
  return (await admin('GET', '/readers')).body.readers as unknown[];
}

it('tells its name and the hash of its snapshot with each request, where the configuration says so', async () => {
  const ears = await listen({}, { scim: '  announce: true' });
  await ears.hear();
  expect(await readers(ears)).toEqual([expect.objectContaining({ node: null, snapshot: null })]);
  const before = ears.mirror.snapshotHash();
  ears.reader.announce(before);
  await ears.createUser('alice');
  await ears.hear();
  const node = hostname();
  expect((await readers(ears)).at(-1)).toMatchObject({ node, snapshot: before });
  expect(ears.mirror.snapshotHash()).not.toBe(before);
  ears.reader.announce(ears.mirror.snapshotHash());
  await ears.hear();
  expect((await readers(ears)).at(-1)).toMatchObject({ node, snapshot: ears.mirror.snapshotHash() });
});

it('tells nothing by default', async () => {
  const ears = await listen();
  ears.reader.announce(ears.mirror.snapshotHash());
  await ears.hear();
  expect(await readers(ears)).toEqual([expect.objectContaining({ node: null, snapshot: null })]);
});
