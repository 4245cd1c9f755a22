// Requests the off-boarding hook from a service of its own, since the agent has no network; and the side of that service.
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import type { Config } from '../../config/config.ts';
import { type HookPerson, runHook } from './run-hook.ts';

/** Maximum number of hooks that run at the same time. */
const CONCURRENCY = 8;
const POLL_MS = 200;
/** Seconds that the start of the service may take. */
const START_TIMEOUT = 20;
/** In the directory of requests: the pipe on which a pod's service waits. systemd watches the directory and needs none. */
const WAKE = 'wake';

type Rules = Config['offboarding'];

const requestSchema = z.strictObject({
  name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/),
  uid: z
    .int()
    .min(1000)
    .max(2 ** 31),
  scimId: z.string().max(1000),
});
const answerSchema = z.strictObject({ problem: z.string().nullable() });

/**
 * Runs the hook for these people. Writes requests into `directory`, which sunk-agent-hook.path watches under systemd,
 * and the s6 service sunk-agent-hook in a pod; without either, hooks are children of this process.
 * @param systemd exists where systemd runs (sd_booted(3)).
 * @returns by uid what failed; null: nothing.
 */
export async function runHooks(
  directory: string,
  rules: Rules,
  people: readonly HookPerson[],
  systemd = '/run/systemd/system',
): Promise<Map<number, string | null>> {
  const { hook, hook_timeout: timeout } = rules;
  const problems = new Map<number, string | null>();
  if (hook === null) return problems;
  const isUnderSystemd = existsSync(systemd);
  if (!isUnderSystemd && !existsSync(path.join(directory, WAKE))) {
    await runAll(people, async (person) =>
      problems.set(person.uid, await runHook(hook, person, { timeout })),
    );
    return problems;
  }
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const person of people) {
    rmSync(answerFile(directory, person.uid), { force: true });
    writeJson(path.join(directory, `${person.uid}.request`), person);
  }
  wakeService(directory);
  const allowed = timeout * Math.ceil(people.length / CONCURRENCY) + START_TIMEOUT;
  const deadline = performance.now() + allowed * 1000;
  while (problems.size < people.length && performance.now() < deadline) {
    for (const { uid } of people) {
      const answer = problems.has(uid) ? null : consumeAnswer(answerFile(directory, uid));
      if (answer !== null) problems.set(uid, answer.problem);
    }
    if (problems.size < people.length) await sleep(POLL_MS);
  }
  for (const { uid } of people) {
    if (problems.has(uid)) continue;
    problems.set(
      uid,
      `no answer within ${allowed} s; it runs when its service does: ${isUnderSystemd ? 'systemctl status sunk-agent-hook.path' : 's6-svstat on sunk-agent-hook'}`,
    );
  }
  return problems;
}

/**
 * Runs the hook for each request in `directory` until none remains; the other side of `runHooks`. Removes a request before
 * its hook starts, so that a hook that stops the unit does not run again and again.
 * @param stop ends the hooks that run, and starts no more.
 * @returns how many hooks ran.
 */
export async function answerHookRequests(
  directory: string,
  rules: Rules,
  stop?: AbortSignal,
): Promise<number> {
  const { hook, hook_timeout: timeout } = rules;
  let count = 0;
  for (let waiting = consumeRequests(directory); waiting.length > 0; waiting = consumeRequests(directory)) {
    await runAll(waiting, async (person) => {
      const problem =
        hook === null
          ? 'no hook is configured'
          : await runHook(hook, person, { timeout, ...(stop && { stop }) });
      writeJson(answerFile(directory, person.uid), { problem });
    });
    count += waiting.length;
  }
  return count;
}

/** Wakes a service that waits at its pipe; one that does not wait just now reads requests before it does. */
function wakeService(directory: string): void {
  try {
    const pipe = openSync(path.join(directory, WAKE), constants.O_WRONLY | constants.O_NONBLOCK);
    try {
      writeSync(pipe, '\n');
    } finally {
      closeSync(pipe);
    }
  } catch (error) {
    // fifo(7): no process reads it (ENXIO), or it is full of such lines already; under systemd none exists.
    if (!['ENXIO', 'EAGAIN', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

function consumeRequests(directory: string): HookPerson[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => name.endsWith('.request'))
    .flatMap((name) => {
      const file = path.join(directory, name);
      const request = requestSchema.safeParse(readJson(file));
      rmSync(file, { force: true });
      return request.success ? [request.data] : [];
    });
}

function consumeAnswer(file: string): z.infer<typeof answerSchema> | null {
  if (!existsSync(file)) return null;
  const answer = answerSchema.safeParse(readJson(file));
  rmSync(file, { force: true });
  return answer.success ? answer.data : { problem: 'its answer cannot be read' };
}

const answerFile = (directory: string, uid: number): string => path.join(directory, `${uid}.answer`);

/** Atomically: a reader finds the whole file or none. */
function writeJson(file: string, content: object): void {
  const temporary = `${file}.new`;
  writeFileSync(temporary, JSON.stringify(content), { mode: 0o600 });
  renameSync(temporary, file);
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

/** Runs `work` for each, at most CONCURRENCY at a time. */
async function runAll(
  people: readonly HookPerson[],
  work: (person: HookPerson) => Promise<unknown>,
): Promise<void> {
  const waiting = [...people];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await work(next);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}
