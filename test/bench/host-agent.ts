// The agent's side of the host benchmark: fills a mirror without a network, and makes passes from it.
import { createECDH } from 'node:crypto';
import { openNodeContext } from '../../src/agent/node-context.ts';
import { openSyncContext } from '../../src/agent/reconcile/context.ts';
import { runSync } from '../../src/agent/reconcile/sync.ts';
import type { SyncReport } from '../../src/agent/reconcile/sync-report.ts';
import type { StateDatabase } from '../../src/state/state.ts';
import type { UserRecord } from '../../src/protocol/records.ts';
import { serveJobs } from './worker.ts';

const [root = '', size = '0'] = process.argv.slice(2);
const place = openNodeContext({ root, config: undefined });
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

function take(mirror: StateDatabase, people: readonly UserRecord[], withGroup: boolean): void {
  const taking = mirror.openBatch({
    now: Math.floor(Date.now() / 1000),
    maxAge: place.config.keys.max_age,
    absences: 2,
  });
  for (const record of people) taking.add('User', { kind: 'good', record, warnings: [] });
  if (withGroup) {
    const record = {
      id: 'everybody',
      name: 'slurm-users',
      externalId: null,
      created: null,
      gid: 90_000,
      members: people.map(({ id }) => id),
      nested: [],
    };
    taking.add('Group', { kind: 'good', record, warnings: [] });
  }
  taking.commit(true);
}

let parts = null as ReturnType<typeof openSyncContext> | null;

async function pass(): Promise<{ ms: number; report: SyncReport }> {
  parts ??= openSyncContext(place);
  const start = performance.now();
  const report = await runSync({ ...parts, reader: null }, 'cache');
  return { ms: performance.now() - start, report };
}

await serveJobs({
  /** A full cache: everybody with a key, in the access group, and what was read of the keys. */
  fill: () => {
    parts ??= openSyncContext(place);
    take(
      parts.state,
      Array.from({ length: Number(size) }, (_, n) => makePerson(n)),
      true,
    );
    for (const user of parts.state.users())
      if (user.readings?.length !== 1) throw new Error('a key was not read');
    parts.state.saveReadings();
  },
  pass,
  /** Somebody's key is another now: from the record to the file. */
  change: async () => {
    parts ??= openSyncContext(place);
    const start = performance.now();
    take(parts.state, [makePerson(Math.floor(Number(size) / 2))], false);
    const { report } = await pass();
    return { ms: performance.now() - start, report };
  },
});
parts?.state.close();
