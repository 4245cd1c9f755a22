import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { acquireFileLock } from '../../../src/agent/reconcile/file-lock.ts';
import { AgentError } from '../../../src/common/errors.ts';

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'sync-lock-'));
  file = path.join(directory, 'run', 'pass.lock');
});

afterEach(() => rmSync(directory, { recursive: true }));

test('the lock is free again once it was given back', async () => {
  (await acquireFileLock(file, () => {}, 0))();
  (await acquireFileLock(file, () => expect.unreachable(), 0))();
});

test('a second taker says once that it waits, and gives up after its patience', async () => {
  const release = await acquireFileLock(file, () => {}, 0);
  let waits = 0;
  await expect(acquireFileLock(file, () => (waits += 1), 250)).rejects.toThrow(AgentError);
  expect(waits).toBe(1);
  release();
});

test('the lock dies with a process that is killed while it holds it', async () => {
  const module = path.resolve(import.meta.dirname, '../../../src/agent/reconcile/file-lock.ts');
  const program = `
    const { acquireFileLock } = await import(${JSON.stringify(module)});
    await acquireFileLock(${JSON.stringify(file)}, () => {}, 0);
    process.stdout.write('held');
    setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  await expect(acquireFileLock(file, () => {}, 0)).rejects.toThrow(/another sync/);
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  (await acquireFileLock(file, () => {}, 0))();
});
