// Requests for the off-boarding hook and their answers: files in one directory, written by the agent and by the hook's service.
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
import * as z from 'zod';
import type { HookPerson } from './run-hook.ts';

/** In the directory of requests: the pipe on which a pod's service waits. systemd watches the directory and needs none. */
const WAKE = 'wake';

const requestSchema = z.strictObject({
  name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/),
  uid: z
    .int()
    .min(1000)
    .max(2 ** 31),
  scimId: z.string().max(1000),
});
const answerSchema = z.strictObject({ problem: z.string().nullable() });

/** Whether a service waits for requests at a pipe, or did so before. */
export function hasPipe(directory: string): boolean {
  return existsSync(path.join(directory, WAKE));
}

/** One file per user; removes older answers. */
export function writeRequests(directory: string, people: readonly HookPerson[]): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const person of people) {
    rmSync(answerFile(directory, person.uid), { force: true });
    writeJson(path.join(directory, `${person.uid}.request`), person);
  }
}

/** Wakes a service that waits at its pipe; one that does not wait just now reads requests before it does. */
export function wakeService(directory: string): void {
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

/** Reads and removes all requests; drops what is none. */
export function consumeRequests(directory: string): HookPerson[] {
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

/** Reads and removes the answer for a user; null: none is there yet. */
export function consumeAnswer(directory: string, uid: number): z.infer<typeof answerSchema> | null {
  const file = answerFile(directory, uid);
  if (!existsSync(file)) return null;
  const answer = answerSchema.safeParse(readJson(file));
  rmSync(file, { force: true });
  return answer.success ? answer.data : { problem: 'its answer cannot be read' };
}

/** @param problem what failed; null: nothing. */
export function writeAnswer(directory: string, uid: number, problem: string | null): void {
  writeJson(answerFile(directory, uid), { problem });
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
