// The off-boarding hook as the agent sees it: asked for from a service of its own, since the agent has no network.
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

/** Hooks that run at the same time. */
const AT_ONCE = 8;
const POLL_MS = 200;
/** What starting the service may take, in seconds. */
const START = 20;
/** In the directory of requests: the pipe on which a pod's service sleeps. systemd watches the directory and needs none. */
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
 * Has the hook run for these people. Requests are laid into `directory`, where sunk-agent-hook.path looks under systemd,
 * and the s6 service sunk-agent-hook in a pod; where there is neither, hooks are children of this process.
 * @param systemd where systemd says that it is there (sd_booted(3)).
 * @returns by uid what went wrong, or null.
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
    lay(path.join(directory, `${person.uid}.request`), person);
  }
  wakeService(directory);
  const patience = timeout * Math.ceil(people.length / AT_ONCE) + START;
  const deadline = performance.now() + patience * 1000;
  while (problems.size < people.length && performance.now() < deadline) {
    for (const { uid } of people) {
      const answer = problems.has(uid) ? null : takeAnswer(answerFile(directory, uid));
      if (answer !== null) problems.set(uid, answer.problem);
    }
    if (problems.size < people.length) await sleep(POLL_MS);
  }
  for (const { uid } of people) {
    if (problems.has(uid)) continue;
    problems.set(
      uid,
      `no answer within ${patience} s; it runs when its service does: ${isUnderSystemd ? 'systemctl status sunk-agent-hook.path' : 's6-svstat on sunk-agent-hook'}`,
    );
  }
  return problems;
}

/**
 * Runs what is asked for in `directory` until nothing more is; the other side of `runHooks`. A request is removed before
 * its hook starts, so that one that brings the unit down is not run for ever.
 * @param stop ends what runs, and starts no more.
 * @returns how many ran.
 */
export async function answerHookRequests(
  directory: string,
  rules: Rules,
  stop?: AbortSignal,
): Promise<number> {
  const { hook, hook_timeout: timeout } = rules;
  let count = 0;
  for (let waiting = takeRequests(directory); waiting.length > 0; waiting = takeRequests(directory)) {
    await runAll(waiting, async (person) => {
      const problem =
        hook === null
          ? 'no hook is configured'
          : await runHook(hook, person, { timeout, ...(stop && { stop }) });
      lay(answerFile(directory, person.uid), { problem });
    });
    count += waiting.length;
  }
  return count;
}

/** A service that sleeps at its pipe wakes up; one that is not there just now looks for requests before it sleeps. */
function wakeService(directory: string): void {
  try {
    const pipe = openSync(path.join(directory, WAKE), constants.O_WRONLY | constants.O_NONBLOCK);
    try {
      writeSync(pipe, '\n');
    } finally {
      closeSync(pipe);
    }
  } catch (error) {
    // fifo(7): nobody reads it (ENXIO), or it is full of such lines already; under systemd there is none.
    if (!['ENXIO', 'EAGAIN', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

function takeRequests(directory: string): HookPerson[] {
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

function takeAnswer(file: string): z.infer<typeof answerSchema> | null {
  if (!existsSync(file)) return null;
  const answer = answerSchema.safeParse(readJson(file));
  rmSync(file, { force: true });
  return answer.success ? answer.data : { problem: 'its answer cannot be read' };
}

const answerFile = (directory: string, uid: number): string => path.join(directory, `${uid}.answer`);

/** Whole, or not there. */
function lay(file: string, content: object): void {
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

/** So many at once, the rest in turn. */
async function runAll(
  people: readonly HookPerson[],
  work: (person: HookPerson) => Promise<unknown>,
): Promise<void> {
  const waiting = [...people];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await work(next);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
