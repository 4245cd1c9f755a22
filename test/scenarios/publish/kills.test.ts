// SIGKILL at each step: a follower has one whole generation in force at any time, and goes on from wherever it or its publisher ended.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
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
import { KilledFollower } from '../../support/publish/killed-follower.ts';
import { type Person, PublishRig } from '../../support/publish/publish-rig.ts';

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

/** By day only in front of what renames, links and dates files. */
const RENAMING = new Set(['cp', 'ln', 'mv', 'touch']);
const isNightly = process.env['NIGHTLY'] !== undefined;

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
  const isInterim = readlinkSync(current).endsWith('.interim');
  expect(readlinkSync(current)).toBe(`generations/${manifest?.serial}${isInterim ? '.interim' : ''}`);
  expect(existsSync(path.join(current, 'interim'))).toBe(isInterim);
  if (isAtRest) expect(isInterim).toBe(false);
  for (const { name, hash } of manifest?.files ?? []) {
    // In between, names are of the generation before, and keys and rules fewer than in either.
    if (name === 'ledger' || (isInterim && name !== 'disabled')) continue;
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
        const killed = new KilledFollower(rig);
        const programs = killed.run(null);
        const renewed = state();
        expect(renewed).toMatchObject({
          alice: '',
          bob: 'ssh-ed25519 AAAAnew bob\n',
          sudo: '#10002 ALL=(ALL:ALL) NOPASSWD: ALL\n',
        });
        expect(programs.filter((program) => RENAMING.has(program)).length).toBeGreaterThan(8);
        let interims = 0;
        for (const [n, program] of programs.entries()) {
          if (!isNightly && !RENAMING.has(program)) continue;
          const step = n + 1;
          rmSync(at('pod'), { recursive: true });
          cpSync(at('pod.before'), at('pod'), {
            recursive: true,
            verbatimSymlinks: true,
            preserveTimestamps: true,
          });
          expect(killed.run(step).length, `step ${step}, ${program}`).toBeGreaterThanOrEqual(step);
          demandWhole(false);
          // The old state, whole, but for what an operator blocked meanwhile; what both give; or the new one.
          const inForce = readlinkSync(path.join(rig.run(), 'current'));
          if (inForce.endsWith('.interim')) interims += 1;
          if (inForce.endsWith('.interim'))
            expect(state()).toEqual({
              alice: '',
              bob: 'ssh-ed25519 AAAAnew bob\n',
              carol: '',
              sudo: '',
              disabled: '10000 alice\n',
            });
          else if (inForce === serial)
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
        expect(interims).toBeGreaterThan(2);
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
