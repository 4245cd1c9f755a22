// From a deactivation at the store to the end of the last of 1,000 processes that fork, on a node and in a pod.
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { seenFromHere, survivorCommand } from '../support/nodes/survivor/survivors.ts';
import { onFilledNode, type Wanted, type World } from './filled-node.ts';
import { showProgress } from './progress.ts';
import { makeRow, quantile, type Row } from './row.ts';

const TRIALS = Number(process.env['BENCH_FORKERS_TRIALS'] ?? 30);
const PATIENCE_MS = 120_000;
/** Of these processes each forks once a second and ends, so that a thousand are born in each second. */
const PROCESSES = 1000;

/** Needs root. */
export async function benchRevokeForkers(kind: Wanted['kind']): Promise<Row[]> {
  const samples: number[] = [];
  await onFilledNode({ kind, trials: TRIALS, hasEvents: true }, async (world) => {
    for (let index = 0; index < TRIALS; index += 1) {
      samples.push((await revokeOnce(world, index)) / 1000);
      showProgress(`login: ${samples.length} of ${TRIALS} revocations in a ${kind}`);
    }
  });
  const [row, measured] = [`revoke-forkers-${kind}-p95-s`, quantile(samples, 0.95)];
  return [makeRow({ bench: 'login', row, unit: 's', measured, samples, reference: null, goal: 1 })];
}

/** Milliseconds from the store's answer to the end of the last process, which closes a pipe that all have open. */
async function revokeOnce({ node, keyFile, deactivate }: World, index: number): Promise<number> {
  const name = `trial${index}`;
  const pipe = `/tmp/last-${name}`;
  const made = node.exec(`mkfifo -m 666 ${pipe}`);
  if (made.status !== 0) throw new Error(made.stderr);
  const end = openSync(seenFromHere(node, pipe), constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const command = `${survivorCommand('thousand', name)} 9>${pipe} </dev/null >/dev/null 2>&1`;
    const { status, stderr } = node.ssh(name, keyFile(index), command);
    if (status !== 0) throw new Error(`${name} could not start: ${stderr}`);
    await awaitProcesses(() => Number(node.exec(`pgrep -u ${name} -x survivor | wc -l`).stdout));
    const start = await deactivate(index);
    for (; hasWriter(end); await sleep(2))
      if (Date.now() - start > PATIENCE_MS) throw new Error(`${name} still has processes`);
    return Date.now() - start;
  } finally {
    closeSync(end);
  }
}

/** read(2) of a pipe: nothing where none can write to it any more, EAGAIN where one could. */
function hasWriter(pipe: number): boolean {
  try {
    return readSync(pipe, Buffer.alloc(1)) !== 0;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return true;
    throw error;
  }
}

async function awaitProcesses(count: () => number): Promise<void> {
  for (const deadline = Date.now() + PATIENCE_MS; count() < PROCESSES; await sleep(200))
    if (Date.now() > deadline) throw new Error(`${PROCESSES} processes did not come`);
}
