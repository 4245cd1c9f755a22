import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { makeThrowawayRoot, type ThrowawayRoot } from '../../support/nodes/throwaway-root.ts';

// Two processes start, and machines may be busy.
const SOON = { timeout: 55_000, interval: 50 };

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJrUj8o1Zr5LwH1o0u0Oe4i2cYkq2gYx0b1r9t1VbJ0M';

/** Neither of them comes by itself while a test runs. */
const NEVER = "sync: { poll: '0 0 29 2 *', full: '0 0 29 2 *' }\n";

let node: ThrowawayRoot;
let daemon: ChildProcess | null = null;
let output = '';

beforeEach(async () => {
  node = await makeThrowawayRoot();
  output = '';
});

afterEach(async () => {
  if (daemon !== null && daemon.exitCode === null) {
    daemon.kill('SIGTERM');
    await once(daemon, 'exit');
  }
  daemon = null;
  await node.close();
});

/** @param mode of the sync to wait for. */
async function start(more = NEVER, mode = 'full'): Promise<void> {
  node.configure(more);
  vi.stubEnv('LOG_LEVEL', 'trace');
  daemon = node.start('run');
  vi.unstubAllEnvs();
  for (const stream of [daemon.stdout, daemon.stderr])
    stream?.on('data', (data: Buffer) => {
      output += data.toString();
    });
  await vi.waitFor(() => expect(syncs(), output).toContain(mode), SOON);
}

interface SyncLine {
  readonly mode: string;
  /** Milliseconds a step. */
  readonly ms: Readonly<Record<string, number>>;
}

/** The syncs that are over, in order, but for the first from the state database. */
function syncLines(): SyncLine[] {
  return output
    .split('\n')
    .filter((line) => line.includes('"sync ended"'))
    .map((line) => JSON.parse(line.slice(line.indexOf('{'))) as SyncLine)
    .filter(({ mode }) => mode !== 'state');
}

const syncs = () => syncLines().map(({ mode }) => mode);
const decided = ({ ms }: SyncLine) => 'decide' in ms;

const deactivate = (id: string) =>
  node.scim('PATCH', `/Users/${id}`, { Operations: [{ op: 'replace', path: 'active', value: false }] });

/** The processes that belong to this root: the daemon and its reader. */
function processes(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return (
          readlinkSync(`/proc/${pid}/exe`) === readlinkSync(`/proc/${daemon?.pid ?? 0}/exe`) &&
          readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(node.root)
        );
      } catch {
        return false;
      }
    });
}

describe('the daemon', () => {
  test('disables who was deactivated as soon as the store announces it', async () => {
    const alice = await node.pushUser('alice@example.com', KEY);
    await node.pushGroup('slurm-users', [alice]);
    await start();
    await vi.waitFor(() => expect(output).toContain('following the change events'), SOON);
    expect(node.read('etc/passwd')).toMatch(/^alice:.*\/bin\/bash$/m);
    await deactivate(alice);
    await vi.waitFor(() => expect(node.read('etc/passwd')).toMatch(/^alice:.*nologin$/m), SOON);
    await vi.waitFor(() => expect(syncs()).toContain('event'), SOON);
  });

  test('has its slot among the fleet when it starts again with a state database, and is not kept waiting without one', async () => {
    const sync = "sync: { poll: '*/2 * * * * *', full: '0 0 29 2 *' }\n";
    await start(sync);
    expect(syncs()[0]).toBe('full');
    daemon?.kill('SIGTERM');
    await once(daemon ?? node.start(), 'exit');
    output = '';
    await start(sync, 'delta');
    expect(syncs()[0]).toBe('delta');
  });

  test('reads everything at once on SIGHUP, and when another token lies ready', async () => {
    await start();
    const full = () => syncs().filter((mode) => mode === 'full').length;
    const before = full();
    daemon?.kill('SIGHUP');
    await vi.waitFor(() => expect(full()).toBe(before + 1), SOON);
    const response = await fetch(`${node.testbed.adminUrl}/tokens`, {
      method: 'POST',
      body: JSON.stringify({ name: 'next', role: 'read-only' }),
    });
    const { token } = (await response.json()) as { token: string };
    writeFileSync(path.join(node.root, 'etc/sunk-agent/credentials/scim-token'), token);
    await vi.waitFor(() => expect(full()).toBe(before + 2), SOON);
  });

  test('reads a token that Kubernetes rotates: the directory of a Secret is a link that is replaced', async () => {
    const secret = path.join(node.root, 'etc/sunk-agent/credentials');
    const lay = (version: string, token: string): void => {
      mkdirSync(path.join(secret, `..${version}`));
      writeFileSync(path.join(secret, `..${version}`, 'scim-token'), token);
      symlinkSync(`..${version}`, path.join(secret, '..data_tmp'));
      renameSync(path.join(secret, '..data_tmp'), path.join(secret, '..data'));
    };
    lay('first', node.testbed.readToken);
    rmSync(path.join(secret, 'scim-token'));
    symlinkSync('..data/scim-token', path.join(secret, 'scim-token'));
    await start();
    const full = () => syncs().filter((mode) => mode === 'full').length;
    const before = full();
    const response = await fetch(`${node.testbed.adminUrl}/tokens`, {
      method: 'POST',
      body: JSON.stringify({ name: 'rotated', role: 'read-only' }),
    });
    const { token } = (await response.json()) as { token: string };
    lay('second', token);
    rmSync(path.join(secret, '..first'), { recursive: true });
    await vi.waitFor(() => expect(full()).toBe(before + 1), SOON);
  });

  test('asks again on SIGHUP while the store wants to be left alone for long, at most once in 10 s', async () => {
    const alice = await node.pushUser('alice@example.com', KEY);
    await node.pushGroup('slurm-users', [alice]);
    await fetch(`${node.testbed.adminUrl}/settings`, {
      method: 'PATCH',
      body: JSON.stringify({ events: false }),
    });
    await start();
    const pause = { kind: 'status', status: 429, retryAfter: 999_999_999, path: '/Users', times: 1 };
    await fetch(`${node.testbed.adminUrl}/faults`, { method: 'POST', body: JSON.stringify(pause) });
    daemon?.kill('SIGHUP');
    await vi.waitFor(() => expect(output).toContain('asks for no requests until'), SOON);
    const asked = Date.now();
    expect((await node.run('status')).stdout).toMatch(/answered 429 and asks for no requests until 20/);
    await deactivate(alice);
    await vi.waitFor(
      () => {
        daemon?.kill('SIGHUP');
        expect(node.read('etc/passwd')).toMatch(/^alice:.*nologin$/m);
      },
      { ...SOON, interval: 1000 },
    );
    expect(Date.now() - asked).toBeLessThan(50_000);
  });

  test.each([
    ['removed', (directory: string) => rmSync(directory, { recursive: true })],
    [
      'replaced by a copy',
      (directory: string) => {
        renameSync(directory, `${directory}.old`);
        cpSync(`${directory}.old`, directory, { recursive: true });
      },
    ],
  ])(
    'works with what lies there once its state database was %s, and blocks as before',
    async (_, disturb) => {
      const alice = await node.pushUser('alice@example.com', KEY);
      await node.pushGroup('slurm-users', [alice]);
      await start();
      const account = node.read('etc/passwd');
      disturb(path.join(node.root, 'var/lib/sunk-agent/cache'));
      daemon?.kill('SIGHUP');
      await vi.waitFor(() => expect(syncs().filter((mode) => mode === 'full')).toHaveLength(2), SOON);
      expect(output).toContain('removed or replaced');
      expect(node.read('etc/passwd')).toBe(account);
      // Another process finds the same ledger there, and nothing to do.
      const { status, stdout } = await node.run('sync', '--json');
      expect(status).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ changes: { planned: 0 } });
      writeFileSync(path.join(node.root, 'etc/sunk-agent/blocked'), 'alice@example.com\n');
      await vi.waitFor(() => expect(output).toContain('blocked: access revoked'), SOON);
      expect(node.read('etc/passwd')).toMatch(/^alice:.*nologin$/m);
    },
  );

  test('polls by its schedule with seconds, and settles where nothing happens', async () => {
    await start("sync: { poll: '*/2 * * * * *', full: '0 0 29 2 *' }\n");
    await vi.waitFor(() => {
      const deltas = syncLines().filter(({ mode }) => mode === 'delta');
      expect(deltas.length).toBeGreaterThan(1);
      expect(deltas.at(-1)).not.toSatisfy(decided);
    }, SOON);
    // What another program writes into the account files is considered with the next poll, though the store has no news.
    const group = path.join(node.root, 'etc/group');
    const before = syncLines().filter(decided).length;
    writeFileSync(group, `${readFileSync(group, 'utf8')}strange:x:4000:\n`);
    await vi.waitFor(() => expect(syncLines().filter(decided).length).toBeGreaterThan(before), SOON);
    expect(node.read('etc/group')).toContain('strange');
  });

  test('shows its token nowhere: not in a log, a command line, an environment or a core', async () => {
    await start();
    const { adminUrl, readToken } = node.testbed;
    const echo = { kind: 'status', status: 401, headers: { 'x-token': readToken } };
    await fetch(`${adminUrl}/faults`, { method: 'POST', body: JSON.stringify(echo) });
    daemon?.kill('SIGHUP');
    await vi.waitFor(() => expect(output).toContain('refused the token'), SOON);
    const pids = processes();
    expect(pids).toHaveLength(2);
    for (const pid of pids) {
      expect(readFileSync(`/proc/${pid}/cmdline`, 'latin1')).not.toContain(readToken);
      expect(readFileSync(`/proc/${pid}/environ`, 'latin1')).not.toContain(readToken);
    }
    const reader = pids.find((pid) => pid !== daemon?.pid) ?? 0;
    expect(readFileSync(`/proc/${reader}/limits`, 'utf8')).toMatch(/Max core file size +0 +0/);
    expect(output).not.toContain(readToken);
    const state = path.join(node.root, 'var/lib/sunk-agent');
    for (const entry of readdirSync(state, { recursive: true, withFileTypes: true })) {
      if (entry.isFile())
        expect(readFileSync(path.join(entry.parentPath, entry.name), 'latin1')).not.toContain(readToken);
    }
  });

  test('refuses a schedule that is none before it does anything', async () => {
    node.configure("sync: { poll: 'now and then' }\n");
    const { status, stderr } = await node.run('run');
    expect(status).toBe(78);
    expect(stderr).toMatch(/sync\.poll: "now and then" is no schedule/);
  });
});
