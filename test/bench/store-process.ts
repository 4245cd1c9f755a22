// A large store (large-store.ts) in a process of its own, which ends with this one at the latest.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';

export interface LargeStore {
  readonly baseUrl: string;
  /** May read and write. */
  readonly token: string;
  readonly readToken: string;
  readonly adminUrl: string;
  stop(): Promise<void>;
}

/** Resolves once it is filled and listens. */
export async function startLargeStore(users: number, groups: number): Promise<LargeStore> {
  const file = path.join(import.meta.dirname, 'large-store.ts');
  const child = spawn(process.execPath, [file, String(users), String(groups)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const { done, value } = await lines.next();
  if (done === true) throw new Error('the store ended before it listened');
  return {
    ...(JSON.parse(value) as Omit<LargeStore, 'stop'>),
    async stop() {
      child.kill();
      await ended;
    },
  };
}
