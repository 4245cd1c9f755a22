// From a deactivation at the store to the refused login and the ended session, on a booted node with 10,000 users.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { onFilledNode, type World } from './filled-node.ts';
import { showProgress } from './progress.ts';
import { makeRow, quantile, type Row } from './row.ts';

const TRIALS = Number(process.env['BENCH_REVOKE_TRIALS'] ?? 100);
/** Polled trials begin spread over so many seconds, several polls, and run side by side. */
const SPREAD_SECONDS = 120;
const PATIENCE_MS = 120_000;

/** Needs root. @param by how the node learns of a change: the store's events, or its own polls where there are none. */
export async function benchRevoke(by: 'events' | 'polls'): Promise<Row[]> {
  const show = (over: number): void => showProgress(`login: ${over} of ${TRIALS} revocations by ${by}`);
  const spans: number[] = [];
  await onFilledNode({ kind: 'node', trials: TRIALS, hasEvents: by === 'events' }, async (world) => {
    const revoke = async (index: number): Promise<void> => {
      spans.push(await revokeOnce(world, index));
      show(spans.length);
    };
    if (by === 'events') for (let index = 0; index < TRIALS; index += 1) await revoke(index);
    else
      await Promise.all(
        Array.from({ length: TRIALS }, async (_, index) => {
          await sleep((SPREAD_SECONDS * 1000 * index) / TRIALS);
          await revoke(index);
        }),
      );
  });
  const samples = spans.map((ms) => ms / 1000);
  const [name, goal] = by === 'events' ? ['revoke-p95-s', 0.5] : ['revoke-polled-p95-s', 35];
  const measured = quantile(samples, 0.95);
  return [makeRow({ bench: 'login', row: name, unit: 's', measured, samples, reference: null, goal })];
}

/**
 * Milliseconds from the store's answer to the deactivation until the session has ended and a login that begins then is
 * refused.
 */
async function revokeOnce({ node, keyFile, deactivate }: World, index: number): Promise<number> {
  const name = `trial${index}`;
  const key = keyFile(index);
  const session = node.startSsh(name, key, 'echo here; exec sleep 1000');
  const ended = once(session, 'exit').then(() => Date.now());
  await awaitOutput(session);
  const start = await deactivate(index);
  const over = await Promise.race([ended, sleep(PATIENCE_MS, null, { ref: false })]);
  if (over === null) throw new Error(`${name} still has a session after ${PATIENCE_MS / 1000} s`);
  for (;;) {
    const begun = Date.now();
    const login = node.startSsh(name, key, 'true');
    const [status] = (await once(login, 'exit')) as [number | null];
    if (status === 255) return Math.max(over, begun) - start;
    if (begun - start > PATIENCE_MS) throw new Error(`${name} still logs in`);
  }
}

async function awaitOutput(session: ChildProcess): Promise<void> {
  const gone = once(session, 'exit').then(() => {
    throw new Error('the session did not open');
  });
  if (session.stdout !== null) await Promise.race([once(session.stdout, 'data'), gone]);
  gone.catch(() => {});
}
