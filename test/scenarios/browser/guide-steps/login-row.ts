// Row 72: the user logs in over SSH, on a private copy of this machine.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import { openTerminal } from '../terminal.ts';
import type { Row, Walk } from './walk.ts';

const REPOSITORY = path.resolve(import.meta.dirname, '../../../..');

async function logIn(walk: Walk, scratch: string): Promise<void> {
  const clone = path.join(scratch, 'clone');
  for (const name of ['tmp', 'clone']) mkdirSync(path.join(scratch, name));
  for (const name of ['package.json', 'src', 'node_modules']) {
    symlinkSync(path.join(REPOSITORY, name), path.join(clone, name));
  }
  const node = openTerminal(clone, { ...process.env, TMPDIR: path.join(scratch, 'tmp') });
  const own = openTerminal(clone, process.env);
  try {
    const started = await node.start('npm run login-node', (output) => /ssh config: \S+/.test(output));
    const [, config = ''] = /ssh config: (\S+)/.exec(started) ?? [];
    const setUp =
      `printf %s '${walk.paste('read token')}' >token\n` +
      `sunk-agent init --base-url '${walk.testbed.baseUrl}' --token-file token --group slurm-users --sudo-group slurm-admins --enforce\n` +
      'sunk-agent sync';
    const synced = await node.type(setUp);
    expect(synced.status, synced.output).toBe(0);
    const login = await own.type(`ssh -F '${config}' -i '${walk.paste('key file')}' alice@login-node id`);
    expect(login.output).toMatch(/uid=\d+\(alice\) .*\(slurm-users\)/);
    expect(await findZombies(node)).toBe('');
    await node.start('exit', () => true);
  } finally {
    await node.close();
    await own.close();
  }
}

/** Processes that nothing reaped within five seconds; a process that is between its end and its reaping is none. */
async function findZombies(node: ReturnType<typeof openTerminal>): Promise<string> {
  const list = "grep -l '^State:[[:space:]]*Z' /proc/[0-9]*/status 2>/dev/null; true";
  let output = '';
  for (const until = Date.now() + 5000; Date.now() < until;) {
    ({ output } = await node.type(list));
    if (output === '') break;
  }
  return output;
}

export const LOGIN_ROW: Row = {
  row: 72,
  statement: 'the user logs in over SSH',
  async check(walk) {
    await walk.inConsole('SCIM Configuration');
    await walk.console.getByLabel('Name').fill('login-nodes');
    await walk.console.getByLabel('For').selectOption({ label: 'read-only: login nodes' });
    await walk.press(walk.console, 'Create token');
    await walk.copy(walk.console, 'Token', 'read token');
    const scratch = mkdtempSync(path.join(tmpdir(), 'guide-login-'));
    try {
      await logIn(walk, scratch);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  },
};
