// What happens to followers when keys are lost or stolen, clocks are wrong, or the publisher is away for long.
import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { renderManifest, NAMESPACE, parseManifest } from '../../../src/publish/manifest.ts';
import { readSignedManifest } from '../../../src/publish/signed-manifest.ts';
import { signText } from '../../../src/publish/signature.ts';
import { putRoot, readRoot } from '../../../src/publish/volume.ts';
import { type Person, PublishRig, stateOf } from '../../support/publish/publish-rig.ts';

const ALICE: Person = { name: 'alice', uid: 10_000, hasSudo: true };
const BOB: Person = { name: 'bob', uid: 10_001 };
const EVE: Person = { name: 'eve', uid: 10_666, hasSudo: true };
const HOUR = 3600;
const DAY = 24 * HOUR;
const isRoot = process.geteuid?.() === 0;

let rig: PublishRig;
beforeEach(() => (rig = new PublishRig()));
afterEach(() => rig.remove());
afterAll(() => {
  if (!isRoot) process.stderr.write('skipped: followers need root (unshare --pid)\n');
});

const now = (): number => Math.floor(Date.now() / 1000);
const status = (name = 'pod'): string => readFileSync(path.join(rig.run(name), 'follower.status'), 'utf8');
const inForce = (): string => readlinkSync(path.join(rig.run(), 'current'));

describe.runIf(isRoot)('a follower whose clock is wrong', () => {
  // The clocks of publisher and follower differ; the publisher's is the one that a test can set.
  test.each([
    ['an hour behind', HOUR],
    ['an hour ahead', -HOUR],
    ['ten years behind', 3650 * DAY],
  ])('%s starts, follows and keeps the order of serials', (_, ahead) => {
    const publisher = rig.publisher();
    publisher.publish(stateOf([ALICE]), 'abc123', now() + ahead);
    expect(rig.follow()).toMatchObject({ status: 0 });
    publisher.publish(stateOf([BOB]), 'abc123', now() + ahead + 1);
    expect(rig.follow()).toMatchObject({ status: 0 });
    expect(rig.keys('alice', 10_000)).toBe('');
    expect(rig.keys('bob', 10_001)).toContain('AAAAbob');
  });

  test('further ahead than not-after does not start, says why, and starts once that is corrected', () => {
    const publisher = rig.publisher();
    publisher.publish(stateOf([ALICE]), 'abc123', now() - 2 * DAY);
    expect(rig.follow().log).toMatch(/too old for a pod without a generation/);
    publisher.publish(stateOf([ALICE]), 'abc123', now());
    expect(rig.follow()).toMatchObject({ status: 0 });
  });

  test('a publisher whose clock went back goes on, and no follower refuses it', () => {
    const publisher = rig.publisher();
    const first = publisher.publish(stateOf([ALICE]), 'abc123', now() + DAY).serial;
    rig.follow();
    expect(publisher.publish(stateOf([BOB]), 'abc123', now()).serial).toBe(first + 1);
    expect(rig.follow()).toMatchObject({ status: 0 });
    expect(rig.keys('bob', 10_001)).toContain('AAAAbob');
  });
});

describe.runIf(isRoot)('while the publisher is away', () => {
  test.each([
    ['25 hours', 25 * HOUR],
    ['7 days', 7 * DAY],
    ['90 days', 90 * DAY],
  ])('for %s a pod that runs goes on, says since when, and one that starts has no generation', (_, age) => {
    const publisher = rig.publisher();
    publisher.publish(stateOf([ALICE]), 'abc123', now());
    rig.follow();
    // The same state, as it was signed that long ago: neither follower asks for more than the manifest.
    rmSync(path.join(rig.directory, 'publisher.json'));
    rmSync(path.join(rig.volume, 'root'));
    rig.publisher().publish(stateOf([ALICE]), 'abc123', now() - age);
    putInForce(age);
    const { log, status: exit } = rig.follow();
    expect(exit).toBe(0);
    expect(log).toMatch(/no publisher has signed since 20\d\d-/);
    expect(status()).toMatch(
      /^fault no publisher has signed since 20\d\d-.*a pod that starts now has none$/m,
    );
    expect(rig.keys('alice', 10_000)).toContain('AAAAalice');
    expect(rig.read('sudo')).toContain('#10000 ');
    const fresh = rig.follow('fresh');
    expect(fresh).toMatchObject({ status: 1 });
    expect(fresh.log).toMatch(/too old for a pod without a generation.*does the publisher run/);
    expect(status('fresh')).toMatch(/^fault .*too old/m);
    // It comes back.
    rig.publisher().publish(stateOf([ALICE, BOB]), 'abc123', now());
    expect(rig.follow('fresh')).toMatchObject({ status: 0 });
    expect(rig.follow()).toMatchObject({ status: 0 });
    expect(status()).toMatch(/^fault -$/m);
    expect(rig.keys('bob', 10_001)).toContain('AAAAbob');
  });

  /** Puts the volume's generation in force, as it was when it was young. */
  function putInForce(age: number): void {
    rmSync(rig.run(), { recursive: true });
    const root = readRoot(rig.volume);
    const manifest = parseManifest(root?.text ?? '');
    if (root === null || manifest === null) throw new Error('nothing was published');
    // What it had: not-after is ahead for as long as it takes to start.
    const young = renderManifest({ ...manifest, serial: manifest.serial - 1, notAfter: now() + age });
    putRoot(rig.volume, { text: young, signature: signText(rig.key, NAMESPACE, young), blocks: [] });
    expect(rig.follow()).toMatchObject({ status: 0 });
    putRoot(rig.volume, root);
  }
});

describe.runIf(isRoot)('a signing key', () => {
  const publishers = (): string => path.join(rig.directory, 'publishers');
  const dropKey = (key: string): void => {
    const [, blob = ''] = readFileSync(`${key}.pub`, 'utf8').split(' ');
    const lines = readFileSync(publishers(), 'utf8').split('\n');
    writeFileSync(publishers(), lines.filter((line) => !line.includes(blob)).join('\n'));
  };

  test('that was lost is replaced by the next one, at once, with no step in the pods', () => {
    rig.publish([ALICE]);
    rig.follow();
    rmSync(rig.key);
    expect(() => rig.publish([ALICE, BOB])).toThrow(/no signing key/);
    rig.publish([ALICE, BOB], rig.publisher({ key: rig.nextKey }));
    expect(rig.follow()).toMatchObject({ status: 0 });
    expect(rig.keys('bob', 10_001)).toContain('AAAAbob');
  });

  test('that was stolen decides nothing once the pods have lost it, whatever serial it signed', () => {
    const publisher = rig.publisher();
    rig.publish([ALICE], publisher);
    rig.follow();
    // The thief: the same publisher by its name, with a serial that no clock reaches.
    const thief = rig.publisher();
    thief.publish(stateOf([ALICE, EVE]), 'abc123', 900_000_000_000);
    expect(rig.follow()).toMatchObject({ status: 0 });
    expect(rig.keys('eve', 10_666)).toContain('AAAAeve');
    const stolen = inForce();
    // As documented: out of each pod's list, and the next key signs.
    dropKey(rig.key);
    expect(rig.follow().log).toMatch(/in force is not signed by a key of .* whatever its serial/);
    rmSync(path.join(rig.directory, 'publisher.json'));
    rmSync(path.join(rig.volume, 'root'));
    rig.publish([ALICE], rig.publisher({ key: rig.nextKey }, 'restored'));
    expect(rig.follow()).toMatchObject({ status: 0 });
    expect(inForce()).not.toBe(stolen);
    expect(rig.keys('eve', 10_666)).toBe('');
    expect(rig.read('sudo')).toBe('#10000 ALL=(ALL:ALL) NOPASSWD: ALL\n');
    // And what the thief signs is refused, also by a pod that starts.
    const after = inForce();
    rig.publisher({ key: rig.key }, 'thief').publish(stateOf([EVE]), 'abc123', 900_000_000_001);
    expect(rig.follow().log).toMatch(/not signed by a publisher/);
    expect(rig.follow('fresh')).toMatchObject({ status: 1 });
    expect(inForce()).toBe(after);
    expect(readSignedManifest(rig.volume, readFileSync(publishers(), 'utf8'), rig.directory)).toBeNull();
  });

  test(
    'that leaves the list while a follower runs is noticed without a restart',
    { timeout: 120_000 },
    () => {
      rig.publish([ALICE]);
      rig.follow();
      const config = rig.configure('pod', { poll: '0.1' });
      const [, blob = ''] = readFileSync(`${rig.key}.pub`, 'utf8').split(' ');
      const script = `
      sh "$1" "$2" 2>"$3/log" &
      sleep 1
      grep -v "$4" "$3/publishers" >"$3/publishers.new"; mv "$3/publishers.new" "$3/publishers"
      n=0; until grep -q 'whatever its serial' "$3/log" || [ $n = 900 ]; do sleep 0.1; n=$((n + 1)); done
      cat "$3/log"`;
      const follower = path.resolve(import.meta.dirname, '../../../packaging/follower/follower');
      const log = execFileSync(
        'unshare',
        [
          '--pid',
          '--fork',
          '--mount-proc',
          '--kill-child',
          'sh',
          '-c',
          script,
          'sh',
          follower,
          config,
          rig.directory,
          blob.trim(),
        ],
        { encoding: 'utf8' },
      );
      expect(log).toMatch(/in force is not signed by a key of/);
      expect(rig.keys('alice', 10_000)).toContain('AAAAalice');
    },
  );
});
