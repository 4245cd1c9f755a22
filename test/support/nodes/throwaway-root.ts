// A throwaway root with the account files of a small node, the testbed as its store, and the command line to run in it.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { startTestbed, type Testbed } from '../../../src/testbed/service.ts';

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
  scim(method: string, resource: string, body?: unknown): Promise<{ id: string }>;
  /** A user with these keys, each a line. */
  pushUser(userName: string, keys: string): Promise<string>;
  pushGroup(displayName: string, members: readonly string[]): Promise<string>;
  close(): Promise<void>;
}

const FILES: readonly (readonly [string, string, number])[] = [
  ['etc/passwd', 'root:x:0:0:root:/root:/bin/bash\n', 0o644],
  ['etc/group', 'root:x:0:\n', 0o644],
  ['etc/shadow', 'root:*:20000:0:99999:7:::\n', 0o640],
  ['etc/gshadow', 'root:*::\n', 0o640],
  ['etc/shells', '/bin/sh\n/bin/bash\n', 0o644],
];

export async function makeThrowawayRoot(): Promise<ThrowawayRoot> {
  const root = mkdtempSync(path.join(tmpdir(), 'root-'));
  const testbed = await startTestbed({});
  for (const directory of ['etc/sunk-agent/credentials', 'etc/skel', 'home'])
    mkdirSync(path.join(root, directory), { recursive: true });
  for (const [file, content, mode] of FILES) writeFileSync(path.join(root, file), content, { mode });
  writeFileSync(path.join(root, 'etc/sunk-agent/credentials/scim-token'), `${testbed.readToken}\n`, {
    mode: 0o600,
  });

  const start = (...args: string[]): ChildProcess =>
    spawn(process.execPath, [CLI, ...args, '--root', root], { stdio: ['ignore', 'pipe', 'pipe'] });
  async function scim(method: string, resource: string, body?: unknown): Promise<{ id: string }> {
    const response = await fetch(`${testbed.baseUrl}${resource}`, {
      method,
      headers: { authorization: `Bearer ${testbed.token}`, 'content-type': 'application/scim+json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${resource}: ${response.status} ${await response.text()}`);
    return (response.status === 204 ? { id: '' } : await response.json()) as { id: string };
  }
  const place: ThrowawayRoot = {
    root,
    testbed,
    configure(more = '') {
      const config = `scim:\n  base_url: ${testbed.baseUrl}\naccess:\n  groups: [{ name: slurm-users }]\naccounts:\n  domains: [example.com]\n`;
      writeFileSync(path.join(root, 'etc/sunk-agent/config.yaml'), config + more);
    },
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
    async pushUser(userName, keys) {
      const { id } = await scim('POST', '/Users', {
        schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
        userName,
        active: true,
        'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser': { sunkSshKeys: keys },
      });
      return id;
    },
    async pushGroup(displayName, members) {
      const { id } = await scim('POST', '/Groups', {
        schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
        displayName,
        members: members.map((value) => ({ value })),
      });
      return id;
    },
    async close() {
      await testbed.close();
      rmSync(root, { recursive: true });
    },
  };
  place.configure();
  return place;
}
