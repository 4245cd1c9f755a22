// The off-boarding hook: real programs, real time limits, and the directory between agent and unit.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { answerHookRequests, runHooks } from '../../../src/host/sessions/hook.ts';
import { runHook } from '../../../src/host/sessions/run-hook.ts';

const ALICE = { name: 'alice', uid: 10_000, scimId: 'a\n1' };

let directory: string;

beforeEach(() => {
  // All users may write to /tmp, so no hook may be below it.
  directory = mkdtempSync(path.join(import.meta.dirname, 'hook-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function writeHook(script: string, mode = 0o755): string {
  const file = path.join(directory, 'hook');
  writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode });
  return file;
}

const run = (file: string, timeout = 20, stop?: AbortSignal): Promise<string | null> =>
  runHook(file, ALICE, { timeout, ...(stop && { stop }) }, directory);

describe('the off-boarding hook', () => {
  test('gets in its environment the user who left, and nothing else of the agent', async () => {
    process.env['SECRET_OF_THE_AGENT'] = 'x';
    expect(await run(writeHook(`env | sort >${directory}/out; pwd >>${directory}/out`))).toBeNull();
    delete process.env['SECRET_OF_THE_AGENT'];
    const lines = readFileSync(path.join(directory, 'out'), 'utf8').split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'SUNK_AGENT_NAME=alice',
        'SUNK_AGENT_UID=10000',
        'SUNK_AGENT_SCIM_ID=a_1',
        '/',
      ]),
    );
    expect(lines.join()).not.toContain('SECRET');
  });

  test('that fails, or cannot be started, is reported', async () => {
    expect(await run(writeHook('exit 3'))).toBe('it ended with status 3');
    expect(await run(writeHook('kill -TERM $$'))).toBe('it was ended by SIGTERM');
    writeFileSync(path.join(directory, 'hook'), '#!/no/such/interpreter\n');
    expect(await run(path.join(directory, 'hook'))).toMatch(/cannot be started/);
    expect(await run(path.join(directory, 'none'))).toMatch(/is not run, because .*ENOENT/);
  });

  test('is not run where others may write it', async () => {
    const file = writeHook('exit 0');
    const { chmodSync } = await import('node:fs');
    chmodSync(file, 0o777);
    expect(await run(file)).toMatch(/is not run, because .*written by group or others/);
  });

  test('that exceeds its time limit is ended, with what it has started', async () => {
    const file = writeHook(`sleep 300 & echo $! >${directory}/child; wait`);
    expect(await run(file, 1)).toBe('it took longer than 1 s and was ended');
    await expectChildToEnd();
  });

  test('ends with its service, and so does what it has started; no other starts then', async () => {
    const file = writeHook(`sleep 300 & echo $! >${directory}/child; echo >${directory}/runs; wait`);
    const stop = new AbortController();
    const running = run(file, 60, stop.signal);
    await expect.poll(() => existsSync(path.join(directory, 'runs')), { timeout: 20_000 }).toBe(true);
    stop.abort();
    expect(await running).toBe('it was ended by SIGKILL');
    await expectChildToEnd();
    expect(await run(file, 60, stop.signal)).toBe('it is not run, because its service was stopped');
  });

  async function expectChildToEnd(): Promise<void> {
    const child = Number(readFileSync(path.join(directory, 'child'), 'utf8'));
    const state = (): string => {
      try {
        return /\) (\S)/.exec(readFileSync(`/proc/${child}/stat`, 'latin1'))?.[1] ?? '';
      } catch {
        return '';
      }
    };
    for (let tries = 0; tries < 50 && !['', 'Z'].includes(state()); tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 100));
    expect(['', 'Z']).toContain(state());
  }
});

describe('requests for the hook', () => {
  const rules = (hook: string | null, hook_timeout = 20) => ({ hook, hook_timeout });

  test('are answered by the service, one by one, and leave nothing behind', async () => {
    const systemd = directory;
    const requests = path.join(directory, 'requests');
    const people = [ALICE, { name: 'bob', uid: 10_001, scimId: 'b' }];
    const asked = runHooks(requests, rules('/no/such/hook'), people, systemd);
    let count = 0;
    while (count < 2) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      count += await answerHookRequests(requests, rules('/no/such/hook'));
    }
    const answers = await asked;
    expect([...answers.keys()]).toEqual([10_000, 10_001]);
    for (const problem of answers.values()) expect(problem).toMatch(/is not run, because/);
    expect(existsSync(path.join(requests, '10000.request'))).toBe(false);
    expect(existsSync(path.join(requests, '10000.answer'))).toBe(false);
  });

  test('wake a service that sleeps at its pipe, and wait where none sleeps there', async () => {
    const requests = path.join(directory, 'requests');
    mkdirSync(requests);
    execFileSync('mkfifo', [path.join(requests, 'wake')]);
    const ask = (): ReturnType<typeof runHooks> =>
      runHooks(requests, rules('/no/such/hook'), [ALICE], path.join(directory, 'no-systemd'));
    const early = ask();
    expect(existsSync(path.join(requests, '10000.request'))).toBe(true);
    expect(await answerHookRequests(requests, rules('/no/such/hook'))).toBe(1);
    expect((await early).get(10_000)).toMatch(/is not run, because/);

    const service = spawn('sh', [
      '-c',
      'exec 4<>"$0"; echo asleep; read -r _ <&4',
      path.join(requests, 'wake'),
    ]);
    await once(service.stdout, 'data');
    const ended = once(service, 'exit');
    const asked = ask();
    expect((await ended)[0]).toBe(0);
    expect(await answerHookRequests(requests, rules('/no/such/hook'))).toBe(1);
    expect((await asked).get(10_000)).toMatch(/is not run, because/);
  });

  test('that are no requests are thrown away', async () => {
    const requests = path.join(directory, 'requests');
    mkdirSync(requests);
    for (const [index, text] of ['', '{', '{"uid":0,"name":"root","scimId":""}', '{"uid":10000}'].entries())
      writeFileSync(path.join(requests, `${index}.request`), text);
    expect(await answerHookRequests(requests, rules('/bin/true'))).toBe(0);
    expect(existsSync(path.join(requests, '0.request'))).toBe(false);
  });

  test('are not made where no hook is set', async () => {
    expect(await runHooks(path.join(directory, 'none'), rules(null), [ALICE], directory)).toEqual(new Map());
    expect(existsSync(path.join(directory, 'none'))).toBe(false);
  });
});
