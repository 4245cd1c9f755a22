// The processes that sync a login root: one for each sync, or an agent that stays; and how each ends.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import type { SyncReport } from '../../../../src/agent/reconcile/sync-report.ts';

const RESIDENT = path.join(import.meta.dirname, 'resident.ts');

export interface Outcome {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly report: SyncReport | null;
  readonly stderr: string;
}

export interface Resident {
  readonly child: ChildProcess;
  sync(): Promise<Outcome>;
  stop(): Promise<void>;
}

export function startResident(root: string): Resident {
  const child = spawn(process.execPath, [RESIDENT, root], { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  let stderr = '';
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  // It may be killed while it is asked.
  child.stdin.on('error', () => {});
  return {
    child,
    async sync() {
      stderr = '';
      child.stdin.write('\n');
      const { done, value } = await answers.next();
      if (done !== true) return { ...(JSON.parse(value) as Outcome), signal: null };
      await ended;
      return { status: child.exitCode, signal: child.signalCode, report: null, stderr };
    },
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}

export function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

export async function awaitOutcome(child: ChildProcess): Promise<Outcome> {
  if (child.stdout === null || child.stderr === null) throw new Error('the sync has no output');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  const last = stdout.trim().split('\n').at(-1) ?? '';
  const report = last.startsWith('{') ? (JSON.parse(last) as SyncReport) : null;
  return { status: child.exitCode, signal: child.signalCode, report, stderr };
}
