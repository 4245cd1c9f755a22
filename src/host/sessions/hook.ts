// The off-boarding hook on both sides: the agent, which has no network, requests it; its own service runs it.
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../config/config.ts';
import {
  consumeAnswer,
  consumeRequests,
  hasPipe,
  wakeService,
  writeAnswer,
  writeRequests,
} from './hook-requests.ts';
import { type HookPerson, runHook } from './run-hook.ts';

/** Maximum number of hooks that run at the same time. */
const CONCURRENCY = 8;
const POLL_MS = 200;
/** Seconds that the start of the service may take. */
const START_TIMEOUT = 20;

type Rules = Config['offboarding'];

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
  if (!isUnderSystemd && !hasPipe(directory)) {
    await runAll(people, async (person) =>
      problems.set(person.uid, await runHook(hook, person, { timeout })),
    );
    return problems;
  }
  writeRequests(directory, people);
  wakeService(directory);
  const allowed = timeout * Math.ceil(people.length / CONCURRENCY) + START_TIMEOUT;
  const deadline = performance.now() + allowed * 1000;
  while (problems.size < people.length && performance.now() < deadline) {
    for (const { uid } of people) {
      const answer = problems.has(uid) ? null : consumeAnswer(directory, uid);
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
      writeAnswer(directory, person.uid, problem);
    });
    count += waiting.length;
  }
  return count;
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
