// doctor asks the reader that runs, through the agent: a socket of root's, which believes no one.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { pathsUnder } from '../../../src/common/paths.ts';
import { eventually } from '../../support/eventually.ts';
import { makeThrowawayRoot, type ThrowawayRoot } from '../../support/nodes/throwaway-root.ts';
import { makeKey } from '../../support/records/sample-keys.ts';

let node: ThrowawayRoot;
let daemon: ChildProcess;

interface Found {
  readonly code: string;
  readonly level: string;
  readonly detail: string;
}

const socket = (): string => pathsUnder(node.root).probeSocket;

async function findCodes(): Promise<string[]> {
  const { stdout, stderr } = await node.run('doctor', '--json');
  const { findings } = JSON.parse(stdout || stderr) as { findings: Found[] };
  return findings
    .map(({ code, level }) => `${level} ${code}`)
    .filter((one) => /token-|store-|reader-/.test(one));
}

/** Of the agent's child. */
function findReader(): number | null {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const own = pids.filter((pid) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return words.includes('reader/main.ts') && words.includes(node.root) && isChildOf(pid, daemon.pid ?? 0);
    } catch {
      return false;
    }
  });
  return own[0] === undefined ? null : Number(own[0]);
}

const isChildOf = (pid: string, parent: number): boolean =>
  readFileSync(`/proc/${pid}/status`, 'utf8').includes(`\nPPid:\t${parent}\n`);

beforeEach(async () => {
  node = await makeThrowawayRoot();
  await node.pushGroup('slurm-users', [await node.pushUser('alice@example.com', makeKey(1))]);
  daemon = node.start('run');
  await eventually('the agent has synced', () => {
    try {
      return /"lastComplete": ?\d/.test(readFileSync(pathsUnder(node.root).status, 'utf8'));
    } catch {
      return false;
    }
  });
});
afterEach(async () => {
  if (daemon.exitCode === null && daemon.signalCode === null) {
    daemon.kill('SIGTERM');
    await once(daemon, 'exit');
  }
  await node.close();
});

test('the agent alone may be asked, by its own user', () => {
  expect(statSync(socket()).mode & 0o777).toBe(0o600);
});

test('a reader that meets nothing leaves no finding', async () => {
  expect(await findCodes()).toEqual([]);
});

test('a configuration that was changed is said not to be in force, and what it will bring', async () => {
  const file = path.join(node.root, 'etc/sunk-agent/config.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace(node.testbed.baseUrl, 'http://127.0.0.1:9/scim/a'));
  expect(await findCodes()).toEqual(['warning store-unreachable', 'warning reader-config']);
});

test('a reader that has just ended is not away: the one that the agent starts next is asked', async () => {
  const reader = findReader();
  expect(reader).not.toBeNull();
  process.kill(reader ?? 0, 'SIGKILL');
  expect(await findCodes()).toEqual([]);
  expect([null, reader]).not.toContain(findReader());
});

test('a question of no known shape ends its connection, and the agent goes on', async () => {
  const questions = ['', 'x\n', '{}\n', '{"groups":1}\n', '{"ask":"pass"}\n', `${'x'.repeat(5_000_000)}\n`];
  for (const question of questions) {
    const stream = connect(socket());
    stream.on('error', () => {});
    stream.resume();
    const closed = new Promise<void>((resolve) => void stream.once('close', () => resolve()));
    if (question === '') stream.end();
    else stream.write(question);
    await closed;
  }
  expect(await findCodes()).toEqual([]);
});

test('the socket goes with the agent, and doctor then asks a reader of its own', async () => {
  daemon.kill('SIGTERM');
  await once(daemon, 'exit');
  const stream = connect(socket());
  await expect(once(stream, 'connect')).rejects.toThrow(/ENOENT|ECONNREFUSED/);
  expect(await findCodes()).toEqual([]);
});
