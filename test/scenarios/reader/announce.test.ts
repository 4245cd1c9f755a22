// What a node tells of itself: nothing, unless the operator wants to see in the store where nodes differ.
import { hostname } from 'node:os';
import { expect, it } from 'vitest';
import { startIngestHarness, type IngestHarness } from '../../support/ingest-harness.ts';

/** What the store knows of its login nodes. */
async function readers({ admin }: IngestHarness): Promise<readonly unknown[]> {
  return (await admin('GET', '/readers')).body.readers as unknown[];
}

it('tells its name and the hash of its snapshot with each request, where the configuration says so', async () => {
  const harness = await startIngestHarness({}, { scim: '  announce: true' });
  await harness.fetch();
  expect(await readers(harness)).toEqual([expect.objectContaining({ node: null, snapshot: null })]);
  const before = harness.state.snapshotHash();
  harness.reader.announce(before);
  await harness.createUser('alice');
  await harness.fetch();
  const node = hostname();
  expect((await readers(harness)).at(-1)).toMatchObject({ node, snapshot: before });
  expect(harness.state.snapshotHash()).not.toBe(before);
  harness.reader.announce(harness.state.snapshotHash());
  await harness.fetch();
  expect((await readers(harness)).at(-1)).toMatchObject({ node, snapshot: harness.state.snapshotHash() });
});

it('tells nothing by default', async () => {
  const harness = await startIngestHarness();
  harness.reader.announce(harness.state.snapshotHash());
  await harness.fetch();
  expect(await readers(harness)).toEqual([expect.objectContaining({ node: null, snapshot: null })]);
});
