// A reader under a stranger's control, against the agent's end of its socket: run as a process, it prints what that cost.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type Duplex, duplexPair } from 'node:stream';
import { parseConfig } from '../../src/config/config.ts';
import { createJudge } from '../../src/agent/ingest/judge-resource.ts';
import { ingestPageLine } from '../../src/agent/ingest/ingest-resources.ts';
import { createDeltaCheck } from '../../src/agent/ingest/delta-check.ts';
import { createOddTally } from '../../src/agent/ingest/odd-tally.ts';
import { createPathTally } from '../../src/agent/ingest/path-tally.ts';
import { openReader } from '../../src/agent/reader-client/reader-client.ts';
import { openStateDatabase } from '../../src/state/state.ts';

const MIB = 2 ** 20;
const KEY = 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAB';

/** `count` copies of a text in blocks, as a program would write that holds little of it. */
function* repeat(text: string, bytes: number): Generator<string> {
  const block = text.repeat(Math.ceil(65_536 / text.length));
  for (let sent = 0; sent < bytes; sent += block.length) yield block;
}

/** Streams that a reader can send once it was asked for a fetch (request 1). */
const ATTACKS: Readonly<Record<string, () => Iterable<string>>> = {
  *'one line without an end'() {
    yield* repeat('x', 500 * MIB);
  },
  *'a message of small objects'() {
    yield '{"say":"end","problems":[{}';
    yield* repeat(',{}', 60 * MIB);
    yield ']}\n';
  },
  *'an answer of small objects'() {
    yield '{"say":"resource","resource":[{}';
    yield* repeat(',{}', 60 * MIB);
    yield ']}\n';
  },
  *'a page of small resources'() {
    yield 'page 1 User [{}';
    yield* repeat(',{}', 60 * MIB);
    yield ']\n';
  },
  *'endless resources'() {
    for (let n = 0; n < 3_000_000; n += 500) {
      const some = Array.from({ length: 500 }, (_, index) => `{"id":"u${n + index}","userName":"x"}`);
      yield `page 1 User [${some.join()}]\n`;
    }
  },
  *'deep nesting'() {
    yield 'page 1 User [{"id":"a","userName":';
    yield* repeat('[', 2 * MIB);
    yield* repeat(']', 2 * MIB);
    yield '}]\n';
  },
  *'keys that take long to read'() {
    for (let n = 0; n < 20; n += 1) {
      const key = `"${`${KEY}${'A '.repeat(8000)}`.slice(0, 16_000)}"`;
      const keys = Array.from({ length: 900 }, () => key).join();
      yield `page 1 User [{"id":"k${n}","userName":"k${n}","urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser":{"sunkSshKeys":[${keys}]}}]\n`;
    }
  },
  *'a group of endless members'() {
    yield 'page 1 Group [{"id":"g","displayName":"g","members":[{"value":"m"}';
    yield* repeat(',{"value":"m"}', 60 * MIB);
    yield ']}]\n';
  },
  *'endless notices'() {
    yield* repeat('{"say":"look","mode":"delta","resources":[]}\n', 60 * MIB);
  },
};

export const ATTACK_NAMES = Object.keys(ATTACKS);

/** What the attack cost the agent's process; and whether the connection was closed. */
export interface AttackCost {
  readonly mebibytes: number;
  /** The longest time in which nothing else could run, in seconds. */
  readonly standstill: number;
  readonly isClosed: boolean;
}

/** Writes as long as the other end takes it. */
async function write(stream: Duplex, text: string, isGone: () => boolean): Promise<boolean> {
  stream.write(text);
  while (stream.writableNeedDrain && !isGone()) await new Promise((done) => setImmediate(done));
  return !isGone();
}

async function measure(attack: string): Promise<AttackCost> {
  const root = mkdtempSync(path.join(tmpdir(), 'hostile-'));
  const config = parseConfig('scim: { base_url: "https://store.example/scim/x" }', 'config.yaml');
  const state = openStateDatabase(path.join(root, 'state'), 1, 'this node');
  const judge = createJudge(config.scim.attributes);
  const batch = state.openBatch({ now: 1, maxAge: null, absences: 2 });
  const tallies = {
    paths: createPathTally(config),
    odd: createOddTally(),
    deltas: createDeltaCheck(null),
  };
  const [agentEnd, readerEnd] = duplexPair();
  const before = process.memoryUsage.rss();
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const reader = openReader(agentEnd, config.scim.bounds);
  reader.watch(() => {});
  const failed = reader
    .fetch({ mode: 'full', since: null }, (line) => ingestPageLine(line, batch, judge, tallies))
    .then(
      () => false,
      () => true,
    );
  readerEnd.resume();
  readerEnd.on('error', () => {});
  let peak = before;
  const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 20);
  for (const text of ATTACKS[attack]?.() ?? []) {
    if (!(await write(readerEnd, text, () => agentEnd.destroyed))) break;
    // The agent is another process: it runs while the reader writes.
    await new Promise((done) => setImmediate(done));
  }
  await new Promise((done) => setTimeout(done, 50));
  clearInterval(timer);
  const isClosed = agentEnd.destroyed;
  reader.close();
  await failed;
  peak = Math.max(peak, process.resourceUsage().maxRSS * 1024);
  state.close();
  rmSync(root, { recursive: true });
  return {
    mebibytes: Math.round((peak - before) / MIB),
    standstill: Number((delay.max / 1e9).toFixed(2)),
    isClosed,
  };
}

const [attack] = process.argv.slice(2);
if (import.meta.main && attack !== undefined) console.log(JSON.stringify(await measure(attack)));
