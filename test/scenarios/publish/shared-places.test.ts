// What others can write or run beside a follower: the heartbeats' volume of all pods, and a second follower in the same pod.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { FOLLOWER, PublishRig } from '../../support/publish/publish-rig.ts';

const isRoot = process.geteuid?.() === 0;
afterAll(() => {
  if (!isRoot) process.stderr.write('skipped: followers need root (unshare --pid)\n');
});

const ALICE = { name: 'alice', uid: 10_000 };
const HOST = hostname()
  .replaceAll(/[^A-Za-z0-9.-]/g, '')
  .slice(0, 200);

let rig: PublishRig;
beforeEach(() => (rig = new PublishRig()));
afterEach(() => rig.remove());

describe.runIf(isRoot)('on a volume of heartbeats that another pod can write', () => {
  let heartbeats: string;
  let next: string;
  let own: string;
  beforeEach(() => {
    rig.publish([ALICE]);
    heartbeats = path.join(rig.directory, 'heartbeats');
    mkdirSync(heartbeats);
    next = path.join(heartbeats, `.${HOST}.new`);
    own = path.join(heartbeats, HOST);
  });
  const follow = () => rig.follow('pod', { heartbeats });
  const demandHeartbeat = (): void => {
    expect(lstatSync(own).isFile()).toBe(true);
    expect(readFileSync(own, 'utf8')).toContain('sunk-agent follower 1');
  };

  test.each(['next', 'own'] as const)(
    'a link in place of the %s file reaches no file of the pod',
    (which) => {
      const precious = path.join(rig.directory, 'precious');
      writeFileSync(precious, 'root:x:0:0\n');
      symlinkSync(precious, which === 'next' ? next : own);
      expect(follow()).toMatchObject({ status: 0 });
      expect(readFileSync(precious, 'utf8')).toBe('root:x:0:0\n');
      demandHeartbeat();
    },
  );

  test.each(['next', 'own'] as const)('a pipe in place of the %s file holds up nothing', (which) => {
    execFileSync('mkfifo', [which === 'next' ? next : own]);
    expect(follow()).toMatchObject({ status: 0 });
    demandHeartbeat();
  });

  test('a directory in their place is reported, and the follower goes on', () => {
    mkdirSync(path.join(next, 'full'), { recursive: true });
    const { status, log } = follow();
    expect(status).toBe(0);
    expect(log).toContain('cannot leave a heartbeat');
    expect(existsSync(own)).toBe(false);
  });

  test('a device that a pod made there hides no other heartbeat, although it cannot be opened', () => {
    expect(follow()).toMatchObject({ status: 0 });
    const program = `import { readHeartbeats } from '${path.resolve('src/publish/heartbeats.ts')}';
      const { followers, malformed } = readHeartbeats('${heartbeats}', 10_000);
      console.log(JSON.stringify([[...followers.keys()], malformed]));`;
    const script = `cp "$1/$2" "$3" && mount -t tmpfs -o nodev tmpfs "$1" && cp "$3" "$1/pod-a" && mknod "$1/pod-b" c 1 3 && exec "$4" -e "$5"`;
    const kept = path.join(rig.directory, 'kept');
    const { stdout, stderr } = spawnSync(
      'unshare',
      ['--mount', 'sh', '-c', script, 'sh', heartbeats, HOST, kept, process.execPath, program],
      { encoding: 'utf8' },
    );
    expect(stdout, stderr).toBe('[["pod-a"],1]\n');
  });

  test('one that gives no answer holds up no revocation, and has one attempt waiting for it', async () => {
    const attempts = path.join(rig.directory, 'attempts');
    // A dd that never ends stands for a server that is away.
    const script = replaceProgram(
      'dd',
      `case $* in *"${heartbeats}"*) echo >>"${attempts}"; exec sleep 600 ;; esac\nexec /usr/bin/dd "$@"`,
    );
    const config = rig.configure('pod', { heartbeats });
    await beside(start(config, script), async () => {
      const hasKey = (): boolean => rig.keys('alice', ALICE.uid).includes('AAAAalice');
      await eventually('a key of alice', hasKey);
      rig.publish([{ ...ALICE, isDisabled: true }]);
      await eventually('no key of alice', () => !hasKey());
      rig.publish([ALICE]);
      await eventually('a key of alice again', hasKey);
      expect(readFileSync(attempts, 'utf8')).toBe('\n');
    });
  });
});

describe.runIf(isRoot)('beside another follower', () => {
  test('no volume can have one verify what the other one puts in force', async () => {
    rig.publish([ALICE]);
    const [verified, goes] = [path.join(rig.directory, 'verified'), path.join(rig.directory, 'goes')];
    const config = rig.configure('pod', {});
    const script = replaceProgram(
      'ssh-keygen',
      `/usr/bin/ssh-keygen "$@" || exit; : >"${verified}"; until [ -e "${goes}" ]; do sleep 0.1; done`,
    );
    const forger = new PublishRig();
    await beside(start(config, script), async () => {
      await eventually('a signature that was verified', () => existsSync(verified));
      forger.publish([{ name: 'eve', uid: 10_001, hasSudo: true }]);
      cpSync(forger.volume, rig.volume, { recursive: true });
      const other = runOnce(config);
      await Promise.race([other, sleep(3000)]);
      writeFileSync(goes, '');
      await other;
      await eventually('a generation', () => existsSync(path.join(rig.run(), 'current/manifest')));
      expect(rig.read('passwd.cache')).toContain('alice');
      expect(rig.read('passwd.cache')).not.toContain('eve');
    }).finally(() => forger.remove());
  });

  test('--once is content with its generation, and a service waits for its end', async () => {
    rig.publish([ALICE]);
    const config = rig.configure('pod', {});
    await beside(start(config, FOLLOWER), async () => {
      await eventually('a generation', () => existsSync(path.join(rig.run(), 'current/manifest')));
      expect(await runOnce(config)).toBe(0);
      const waiting = spawnSync('timeout', ['2', 'sh', FOLLOWER, config], { encoding: 'utf8' });
      expect(waiting.status).toBe(124);
      expect(waiting.stderr).toContain('another follower works in');
    });
    await eventually('the lock of one that was killed', () => rig.follow().status === 0);
  });

  test('that has no generation yet, --once waits for the first one', async () => {
    const config = rig.configure('pod', {});
    await beside(start(config, FOLLOWER), async () => {
      await eventually('a report', () => existsSync(path.join(rig.run(), 'follower.status')));
      const other = runOnce(config);
      rig.publish([ALICE]);
      expect(await other).toBe(0);
      expect(rig.keys('alice', ALICE.uid)).toContain('AAAAalice');
    });
  });
});

/** A follower that stays, with processes of its own. */
function start(config: string, script: string): ChildProcess {
  const own = ['--pid', '--fork', '--mount-proc', '--kill-child'];
  return spawn('unshare', [...own, 'sh', script, config], { stdio: 'ignore' });
}

async function beside(follower: ChildProcess, work: () => Promise<void>): Promise<void> {
  const ended = once(follower, 'exit');
  try {
    await work();
  } finally {
    follower.kill('SIGKILL');
    await ended;
  }
}

/** @returns its status. */
async function runOnce(config: string): Promise<number | null> {
  const child = spawn('sh', [FOLLOWER, '--once', config], { stdio: 'ignore' });
  const [status] = (await once(child, 'exit')) as [number | null];
  return status;
}

/** @returns a copy of the follower that runs `script` in place of that program. */
function replaceProgram(program: string, script: string): string {
  const [bin, copy] = [path.join(rig.directory, 'bin'), path.join(rig.directory, 'copy')];
  mkdirSync(bin);
  writeFileSync(path.join(bin, program), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  cpSync(path.dirname(FOLLOWER), copy, { recursive: true });
  const follower = path.join(copy, 'follower');
  writeFileSync(follower, readFileSync(follower, 'utf8').replace(/^PATH=/m, `PATH=${bin}:`));
  return follower;
}
