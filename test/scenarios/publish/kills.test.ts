// SIGKILL at each step: a follower has one whole generation in force at any time, and goes on from wherever it or its publisher ended.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseManifest } from '../../../src/publish/manifest.ts';
import { BLOCK_NAMESPACE, renderBlock } from '../../../src/publish/offline-block.ts';
import { signText } from '../../../src/publish/signature.ts';
import { putBlock } from '../../../src/publish/volume.ts';
import type { Order } from '../../support/publish/publish-program.ts';
import { FOLLOWER, type Person, PublishRig } from '../../support/publish/publish-rig.ts';

const PROGRAM = path.resolve(import.meta.dirname, '../../support/publish/publish-program.ts');

const ALICE: Person = { name: 'alice', uid: 10_000, hasSudo: true, groups: ['slurm-users'] };
const BOB: Person = { name: 'bob', uid: 10_001, groups: ['slurm-users'] };
const CAROL: Person = { name: 'carol', uid: 10_002, hasSudo: true };
const DAVE: Person = { name: 'dave', uid: 10_003, hasSudo: true };
const BEFORE = [ALICE, BOB, DAVE];
const AFTER = [
  { ...ALICE, isDisabled: true, hasSudo: false },
  { ...BOB, key: 'ssh-ed25519 AAAAnew bob' },
  CAROL,
  DAVE,
];

/** Each ends all processes of the follower in front of its N-th start of a program, where N is in `at`. */
const SHIM = `#!/bin/sh
n=1
until (set -C; echo "\${0##*/}" >"$STEPS/$n") 2>/dev/null; do n=$((n + 1)); done
if [ -e "$STEPS/at" ] && read -r at <"$STEPS/at" && [ "$n" = "$at" ]; then kill -KILL -1; exit; fi
PATH=/usr/sbin:/usr/bin:/sbin:/bin
exec "\${0##*/}" "$@"
`;
/** By day only in front of what renames, links and dates files. */
const RENAMING = new Set(['cp', 'ln', 'mv', 'touch']);
const isNightly = process.env['NIGHTLY'] !== undefined;
const PROGRAMS =
  'cat chgrp chmod cp cut date dd grep ln mkdir mv nscd readlink rm sed sha256sum sleep sort ssh-keygen stat touch tr uname visudo';

let rig: PublishRig;
beforeEach(() => (rig = new PublishRig()));
afterEach(() => rig.remove());
afterAll(() => {
  if (process.geteuid?.() !== 0)
    process.stderr.write('skipped: kills of followers need root (unshare --pid)\n');
});

const at = (...parts: string[]): string => path.join(rig.directory, ...parts);
const state = (): unknown => ({
  alice: rig.keys('alice', 10_000),
  bob: rig.keys('bob', 10_001),
  carol: rig.keys('carol', 10_002),
  sudo: rig.read('sudo'),
  disabled: rig.read('disabled'),
});

/** The files in force are those of one signed manifest, and no index is older or younger than its file. */
function demandWhole(isAtRest: boolean): void {
  const current = path.join(rig.run(), 'current');
  const manifest = parseManifest(readFileSync(path.join(current, 'manifest'), 'latin1'));
  expect(manifest).not.toBeNull();
  expect(readlinkSync(current)).toBe(`generations/${manifest?.serial}`);
  for (const { name, hash } of manifest?.files ?? []) {
    if (name === 'ledger') continue;
    expect(
      createHash('sha256')
        .update(readFileSync(path.join(current, name)))
        .digest('hex'),
    ).toBe(hash);
    // While a switch is under way indexes are ignored, never believed too soon.
    if (!/\.cache\./.test(name)) continue;
    const file = statSync(path.join(current, name.replace(/\.ix\w+$/, ''))).mtimeMs;
    const index = statSync(path.join(current, name)).mtimeMs;
    if (isAtRest) expect(index).toBe(file);
    else expect([0, file]).toContain(index);
  }
}

describe.runIf(process.geteuid?.() === 0)(
  'a follower that is killed in front of any program that it starts',
  () => {
    let shimmed: string;

    beforeEach(() => {
      mkdirSync(at('shims'));
      for (const name of PROGRAMS.split(' ')) {
        writeFileSync(at('shims', name), SHIM);
        chmodSync(at('shims', name), 0o755);
      }
      shimmed = at('follower');
      const script = readFileSync(FOLLOWER, 'utf8');
      writeFileSync(
        shimmed,
        script.replace(/^PATH=.*$/m, `PATH=${at('shims')}:/usr/sbin:/usr/bin:/sbin:/bin`),
      );
    });

    /** @returns the programs that it started, in their order. */
    function runKilled(step: number): string[] {
      rmSync(at('steps'), { recursive: true, force: true });
      mkdirSync(at('steps'));
      writeFileSync(at('steps/at'), `${step}\n`);
      // The first process of a namespace is spared by kill -1.
      spawnSync(
        'unshare',
        [
          '--pid',
          '--fork',
          '--mount-proc',
          '--kill-child',
          'sh',
          '-c',
          'sh "$1" --once "$2"; :',
          'sh',
          shimmed,
          at('pod/follower.conf'),
        ],
        { env: { ...process.env, STEPS: at('steps') }, timeout: 60_000 },
      );
      const count = readdirSync(at('steps')).length - 1;
      return Array.from({ length: count }, (_, n) => readFileSync(at('steps', String(n + 1)), 'utf8').trim());
    }

    test(
      'has the one or the other generation, and the newer one after its next start',
      { timeout: 300_000 },
      () => {
        const publisher = rig.publisher();
        rig.publish(BEFORE, publisher);
        rig.follow();
        const [old, serial] = [state(), readlinkSync(path.join(rig.run(), 'current'))];
        rig.publish(AFTER, publisher);
        const until = Math.floor(Date.now() / 1000) + 7200;
        const block = renderBlock({ name: 'dave', uid: 10_003, until });
        putBlock(rig.volume, `${block}${signText(rig.operatorKey, BLOCK_NAMESPACE, block)}`);
        cpSync(at('pod'), at('pod.before'), {
          recursive: true,
          verbatimSymlinks: true,
          preserveTimestamps: true,
        });
        const programs = runKilled(100_000);
        const renewed = state();
        expect(renewed).toMatchObject({
          alice: '',
          bob: 'ssh-ed25519 AAAAnew bob\n',
          sudo: '#10002 ALL=(ALL:ALL) NOPASSWD: ALL\n',
        });
        expect(programs.filter((program) => RENAMING.has(program)).length).toBeGreaterThan(8);
        for (const [n, program] of programs.entries()) {
          if (!isNightly && !RENAMING.has(program)) continue;
          const step = n + 1;
          rmSync(at('pod'), { recursive: true });
          cpSync(at('pod.before'), at('pod'), {
            recursive: true,
            verbatimSymlinks: true,
            preserveTimestamps: true,
          });
          expect(runKilled(step).length, `step ${step}, ${program}`).toBeGreaterThanOrEqual(step);
          demandWhole(false);
          // The old state, whole, but for what an operator blocked meanwhile; or the new one.
          if (readlinkSync(path.join(rig.run(), 'current')) === serial)
            expect(state()).toEqual({
              ...(old as object),
              sudo: expect.stringContaining('#10000 ') as string,
            });
          else expect(state()).toMatchObject({ alice: '', disabled: '10000 alice\n' });
          expect(rig.follow()).toMatchObject({ status: 0 });
          demandWhole(true);
          expect(state()).toEqual(renewed);
          expect(rig.keys('dave', 10_003)).toBe('');
          expect(readdirSync(path.join(rig.run(), 'generations')).length).toBeLessThanOrEqual(2);
          expect(existsSync(path.join(rig.run(), 'current.new'))).toBe(false);
        }
      },
    );
  },
);

describe.runIf(process.geteuid?.() === 0)('a publisher that is killed at any rename', () => {
  function publish(people: readonly Person[], now: number, kill: number | null): number | null {
    const order: Order = {
      settings: { directory: rig.volume, key: rig.key, notAfter: 86_400, resign: 600 },
      memory: at('memory.json'),
      scratch: rig.directory,
      people,
      now,
    };
    writeFileSync(at('order.json'), JSON.stringify(order));
    const strace = ['-f', '-qq', '-o', '/dev/null', '-e', `inject=rename,renameat2:signal=KILL:when=${kill}`];
    const program = [process.execPath, PROGRAM, at('order.json')];
    const { status, stderr } = spawnSync(
      kill === null ? 'env' : 'strace',
      kill === null ? program : [...strace, ...program],
      { encoding: 'utf8', timeout: 60_000 },
    );
    if (status === 1) throw new Error(stderr);
    return status;
  }

  test(
    'leaves the one or the other generation to followers, and publishes the newer one after its next start',
    { timeout: 300_000 },
    () => {
      let now = Math.floor(Date.now() / 1000) - 10_000;
      publish(BEFORE, now, null);
      rig.follow();
      const old = state();
      execFileSync('cp', ['-a', rig.volume, at('volume.before')]);
      execFileSync('cp', ['-a', at('memory.json'), at('memory.before')]);
      execFileSync('cp', ['-a', at('pod'), at('pod.before')]);
      let kills = 0;
      for (; ; kills += 1) {
        execFileSync('rm', ['-rf', rig.volume, at('pod')]);
        execFileSync('cp', ['-a', at('volume.before'), rig.volume]);
        execFileSync('cp', ['-a', at('memory.before'), at('memory.json')]);
        execFileSync('cp', ['-a', at('pod.before'), at('pod')]);
        now += 10;
        if (publish(AFTER, now, kills + 1) === 0) break;
        expect(rig.follow()).toMatchObject({ status: 0 });
        demandWhole(true);
        if (JSON.stringify(state()) !== JSON.stringify(old)) expect(state()).toMatchObject({ alice: '' });
        publish(AFTER, now + 1, null);
        expect(rig.follow()).toMatchObject({ status: 0 });
        expect(state()).toMatchObject({ alice: '', disabled: '10000 alice\n' });
        const leftovers = readdirSync(path.join(rig.volume, 'files')).filter((name) => name.startsWith('.'));
        expect(leftovers).toEqual([]);
      }
      // Each new file, the manifest, and what the publisher remembers, before and after.
      expect(kills).toBeGreaterThan(8);
    },
  );
});
