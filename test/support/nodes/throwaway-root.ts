// A throwaway root with the account files of a small node, the testbed as its store, and the command line to run in it.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { startTestbed, type Testbed } from '../../../src/testbed/service.ts';
import { CONFIG_FILE, layRoot, ROOT_ACCOUNTS } from './root-directory.ts';
import { connectStore, type StoreClient } from './store-client.ts';

const CLI = path.resolve(import.meta.dirname, '../../../src/cli/main.ts');

export interface ThrowawayRoot {
  readonly root: string;
  readonly testbed: Testbed;
  /** Writes the configuration; `more` is further YAML at its top level. */
  configure(more?: string): void;
  read(file: string): string;
  /** One command to its end. */
  run(...args: string[]): Promise<{ status: number | null; stdout: string; stderr: string }>;
  /** A command that stays; the caller ends it. */
  start(...args: string[]): ChildProcess;
  /** A request to the store with the token that may write. */
  readonly scim: StoreClient['request'];
  readonly pushUser: StoreClient['pushUser'];
  readonly pushGroup: StoreClient['pushGroup'];
  close(): Promise<void>;
}

export async function makeThrowawayRoot(): Promise<ThrowawayRoot> {
  const root = mkdtempSync(path.join(tmpdir(), 'root-'));
  const testbed = await startTestbed({ settings: { storesPrivateKeys: true } });
  const render = (more = ''): string =>
    `scim:\n  base_url: ${testbed.baseUrl}\naccess:\n  groups: [{ name: slurm-users }]\naccounts:\n  domains: [example.com]\n${more}`;
  layRoot(root, { files: ROOT_ACCOUNTS, config: render(), token: testbed.readToken });

  const start = (...args: string[]): ChildProcess =>
    spawn(process.execPath, [CLI, ...args, '--root', root], { stdio: ['ignore', 'pipe', 'pipe'] });
  const { request: scim, pushUser, pushGroup } = connectStore(testbed);
  return {
    root,
    testbed,
    configure: (more) => writeFileSync(path.join(root, CONFIG_FILE), render(more)),
    read: (file) => readFileSync(path.join(root, file), 'utf8'),
    async run(...args) {
      const child = start(...args);
      if (child.stdout === null || child.stderr === null) throw new Error('no output');
      const [stdout, stderr] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'close'),
      ]);
      return { status: child.exitCode, stdout, stderr };
    },
    start,
    scim,
    pushUser,
    pushGroup,
    async close() {
      await testbed.close();
      rmSync(root, { recursive: true });
    },
  };
}
