// The demonstration, as a newcomer starts it: it tells the whole story, and nothing of it stays.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findLeftovers } from '../support/leftovers.ts';
import { describeOnNodes } from '../support/requirements.ts';

const SCRIPT = path.resolve(import.meta.dirname, '../../src/start.sh');
const ACCOUNT_FILES = ['passwd', 'group', 'shadow', 'gshadow'];

const readAccounts = () => ACCOUNT_FILES.map((file) => readFileSync(`/etc/${file}`, 'latin1'));

describeOnNodes('npm run demo', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'demo-test-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  /** In a process group of its own, as a terminal would start it. */
  function startDemo(): ChildProcess {
    return spawn('sh', [SCRIPT, 'src/demo/main.ts'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { ...process.env, TMPDIR: directory },
    });
  }

  test('shows plan, accounts, keys and a real login, and the same person refused', async () => {
    const accounts = readAccounts();
    const demo = startDemo();
    const [output, errors] = await Promise.all([text(demo.stdout!), text(demo.stderr!), once(demo, 'exit')]);
    expect({ status: demo.exitCode, errors }).toEqual({ status: 0, errors: '' });
    const story = [
      '+ account alice: uid 10000',
      'alice:x:10000:9999:Alice Ashby:/home/alice:/bin/bash',
      'ssh-ed25519 AAAA',
      'alice:x:10000:9999:Alice Ashby:/home/alice:/usr/sbin/nologin',
      '(no key)',
      'uid=10000(alice) gid=9999(sunk-users) groups=9999(sunk-users),',
      'Permission denied (publickey)',
      'a second node, without token, follows',
      '$ follower --once',
      'ssh-ed25519 AAAA',
      'Bob leaves.',
      '(no key)',
      'Done.',
    ];
    let from = 0;
    const places = story.map((line) => {
      const at = output.indexOf(line, from);
      from = at === -1 ? from : at + line.length;
      return at;
    });
    expect(places, output).not.toContain(-1);
    expect(places).toEqual(places.toSorted((one, other) => one - other));
    expect(readAccounts()).toEqual(accounts);
    expect(findLeftovers(directory)).toEqual([]);
  });

  test.each(['What would the agent do', 'Alice logs in.'])(
    'cleans up after a Ctrl-C at "%s"',
    async (headline) => {
      const demo = startDemo();
      const ended = once(demo, 'exit');
      let output = '';
      await new Promise<void>((resolve) => {
        demo.stdout!.on('data', (chunk) => {
          output += String(chunk);
          if (output.includes(headline)) resolve();
        });
      });
      process.kill(-demo.pid!, 'SIGINT');
      await ended;
      expect(demo.exitCode).toBe(130);
      // The kernel takes a pid namespace down a moment after its first process.
      for (let tries = 0; tries < 50 && findLeftovers(directory).length > 0; tries += 1)
        await new Promise((resolve) => setTimeout(resolve, 100));
      expect(findLeftovers(directory)).toEqual([]);
    },
  );
});
