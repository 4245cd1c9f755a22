// The agent's side of the host benchmark: fills a state database without a network, and syncs from it.
import { createECDH } from 'node:crypto';
import { openNodeContext } from '../../src/agent/node-context.ts';
import { openSyncContext } from '../../src/agent/reconcile/context.ts';
import { runSync } from '../../src/agent/reconcile/sync.ts';
import type { SyncReport } from '../../src/agent/reconcile/sync-report.ts';
import type { StateDatabase } from '../../src/state/state.ts';
import type { UserRecord } from '../../src/protocol/records.ts';
import { serveJobs } from './worker.ts';

const [root = '', size = '0'] = process.argv.slice(2);
const node = openNodeContext({ root, config: undefined });
const curve = createECDH('prime256v1');

/** A sound ECDSA key (RFC 5656 section 3.1), far quicker to make than an Ed25519 one. */
function makeKey(): string {
  const field = (data: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    return Buffer.concat([length, data]);
  };
  const blob = ['ecdsa-sha2-nistp256', 'nistp256', curve.generateKeys()].map((part) =>
    field(Buffer.from(part)),
  );
  return `ecdsa-sha2-nistp256 ${Buffer.concat(blob).toString('base64')} person@laptop`;
}

function makePerson(n: number): UserRecord {
  const name = `person${String(n).padStart(6, '0')}`;
  return {
    id: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
    userName: `${name}@example.com`,
    externalId: name,
    active: true,
    created: '2026-01-01T00:00:00Z',
    displayName: `Person ${n}`,
    username: `${name}@example.com`,
    uid: 100_000 + n,
    gid: null,
    home: null,
    shell: null,
    keys: [makeKey()],
  };
}

function ingest(state: StateDatabase, people: readonly UserRecord[], withGroup: boolean): void {
  const batch = state.openBatch({
    now: Math.floor(Date.now() / 1000),
    maxAge: node.config.keys.max_age,
    absences: 2,
  });
  for (const record of people) batch.add('User', { kind: 'good', record, warnings: [] });
  if (withGroup) {
    const record = {
      id: 'all-users',
      name: 'slurm-users',
      externalId: null,
      created: null,
      gid: 90_000,
      members: people.map(({ id }) => id),
      nested: [],
    };
    batch.add('Group', { kind: 'good', record, warnings: [] });
  }
  batch.commit(true);
}

let context = null as ReturnType<typeof openSyncContext> | null;

async function sync(): Promise<{ ms: number; report: SyncReport }> {
  context ??= openSyncContext(node);
  const start = performance.now();
  const report = await runSync({ ...context, reader: null }, 'state');
  return { ms: performance.now() - start, report };
}

await serveJobs({
  /** A full state database: each user with a key, in the access group, and what was read of the keys. */
  fill: () => {
    context ??= openSyncContext(node);
    ingest(
      context.state,
      Array.from({ length: Number(size) }, (_, n) => makePerson(n)),
      true,
    );
    for (const user of context.state.users())
      if (user.readings?.length !== 1) throw new Error('a key was not read');
    context.state.saveReadings();
  },
  sync,
  /** One user has another key: from the record to the file. */
  change: async () => {
    context ??= openSyncContext(node);
    const start = performance.now();
    ingest(context.state, [makePerson(Math.floor(Number(size) / 2))], false);
    const { report } = await sync();
    return { ms: performance.now() - start, report };
  },
});
context?.state.close();
