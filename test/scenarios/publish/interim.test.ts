// A switch in two steps: what a generation takes away is in force before its names are, no one gains by the first step, and a follower that was killed between the two goes on safely.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Publisher } from '../../../src/publish/publisher.ts';
import { KilledFollower } from '../../support/publish/killed-follower.ts';
import { FOLLOWER, type Person, PublishRig } from '../../support/publish/publish-rig.ts';

const isRoot = process.geteuid?.() === 0;
afterAll(() => {
  if (!isRoot) process.stderr.write('skipped: followers need root (unshare --pid)\n');
});

const ALICE: Person = { name: 'alice', uid: 10_000, hasSudo: true, groups: ['ml'] };
const BOB: Person = { name: 'bob', uid: 10_001, hasSudo: true, groups: ['ml', 'ops'] };
const CAROL: Person = { name: 'carol', uid: 10_002, groups: ['ml'], key: '' };
const DAVE: Person = { name: 'dave', uid: 10_003, isDisabled: true };
const ERIN: Person = { name: 'e.rin', uid: 10_004 };
const BEFORE = [ALICE, BOB, CAROL, DAVE, ERIN];
const AFTER: readonly Person[] = [
  { ...ALICE, isDisabled: true, hasSudo: false, groups: [] },
  { ...BOB, key: 'ssh-ed25519 AAAAnew bob', groups: ['ml'] },
  { ...CAROL, key: 'ssh-ed25519 AAAAcarol carol', hasSudo: true, groups: [] },
  { ...DAVE, isDisabled: false },
  { name: 'frank', uid: 10_005, hasSudo: true },
  { name: 'eXrin', uid: 10_006 },
];

let rig: PublishRig;
let publisher: Publisher;
let killed: KilledFollower;
beforeEach(() => {
  rig = new PublishRig();
  publisher = rig.publisher();
  rig.publish(BEFORE, publisher);
  rig.follow();
  killed = new KilledFollower(rig);
});
afterEach(() => rig.remove());

const inForce = (): string => readlinkSync(path.join(rig.run(), 'current')).replace('generations/', '');
const keysOf = ({ name, uid }: Person): string => rig.keys(name, uid);
const root = (): string => path.join(rig.volume, 'root');

/** What each person has in force, in a few words. */
function look(people: readonly Person[] = [...BEFORE, ...AFTER.slice(4)]): Record<string, string> {
  const sudo = rig.read('sudo');
  return Object.fromEntries(
    people.map((person) => [
      person.name,
      `${/AAAA\w+/.exec(keysOf(person))?.[0] ?? '-'} ${sudo.includes(`#${person.uid} `) ? 'sudo' : '-'}`,
    ]),
  );
}

const WHOLE = {
  alice: '- -',
  bob: 'AAAAnew sudo',
  carol: 'AAAAcarol sudo',
  dave: 'AAAAdave -',
  'e.rin': '- -',
  frank: 'AAAAfrank sudo',
  eXrin: 'AAAAeXrin -',
};

/** Publishes the second generation, and kills the follower in front of the wait. */
function stopInBetween(): number {
  const serial = rig.publish(AFTER, publisher);
  killed.run('sleep');
  expect(inForce()).toBe(`${serial}.interim`);
  return serial;
}

test.runIf(isRoot)('a follower that is told to end finishes a switch first', () => {
  const serial = rig.publish(AFTER, publisher);
  const copy = path.join(rig.directory, 'slow');
  cpSync(path.dirname(FOLLOWER), copy, { recursive: true });
  const slow = path.join(copy, 'follower');
  writeFileSync(slow, readFileSync(slow, 'utf8').replace(/^readonly GRACE=.*$/m, 'readonly GRACE=5'));
  const script = `sh "$1" "$2" 2>/dev/null & pid=$!
    until [ -e "$3/current/interim" ]; do sleep 0.05; done
    kill -TERM $pid; wait $pid; echo $?`;
  const own = ['--pid', '--fork', '--mount-proc', '--kill-child', 'sh', '-c', script, 'sh'];
  const config = path.join(rig.directory, 'pod/follower.conf');
  expect(execFileSync('unshare', [...own, slow, config, rig.run()], { encoding: 'utf8' })).toBe('0\n');
  expect(inForce()).toBe(String(serial));
  expect(look()).toEqual(WHOLE);
});

describe.runIf(isRoot)('a follower that was killed between the two steps of a switch', () => {
  test('has taken away what the generation takes away, and given nothing', () => {
    const before = rig.read('passwd.cache') + rig.read('group.cache') + rig.read('shadow.cache');
    stopInBetween();
    expect(look()).toEqual({
      alice: '- -',
      // One person, one uid: another key of a person who had one is no gain, and a replaced one is refused.
      bob: 'AAAAnew sudo',
      carol: '- -',
      dave: '- -',
      'e.rin': '- -',
      frank: '- -',
      eXrin: '- -',
    });
    expect(rig.read('disabled')).toBe('10000 alice\n');
    expect(rig.read('passwd.cache') + rig.read('group.cache') + rig.read('shadow.cache')).toBe(before);
    // Without their indexes, which wait to be replaced.
    expect(statSync(path.join(rig.run(), 'current/passwd.cache.ixname')).mtimeMs).toBe(0);
  });

  test('has the whole generation after its next start', () => {
    const serial = stopInBetween();
    expect(rig.follow()).toMatchObject({ status: 0 });
    expect(inForce()).toBe(String(serial));
    expect(look()).toEqual(WHOLE);
    expect(existsSync(path.join(rig.run(), 'current/interim'))).toBe(false);
    expect(rig.read('group.cache')).not.toContain('carol');
  });

  test('stays there while the volume is away, and says so', () => {
    const serial = stopInBetween();
    const taken = look();
    renameSync(root(), `${root()}.away`);
    for (let start = 0; start < 2; start += 1) {
      expect(rig.follow()).toMatchObject({ status: 1 });
      expect(inForce()).toBe(`${serial}.interim`);
      expect(look()).toEqual(taken);
    }
    expect(readFileSync(path.join(rig.run(), 'follower.status'), 'utf8')).toMatch(/^fault cannot read/m);
    renameSync(`${root()}.away`, root());
    expect(rig.follow()).toMatchObject({ status: 0 });
    expect(look()).toEqual(WHOLE);
  });

  test('is not rolled back to the generation before', () => {
    const old = readFileSync(root());
    const serial = stopInBetween();
    const taken = look();
    const now = readFileSync(root());
    writeFileSync(root(), old);
    expect(rig.follow().log).toMatch(/not newer than/);
    expect(inForce()).toBe(`${serial}.interim`);
    expect(look()).toEqual(taken);
    writeFileSync(root(), now);
    expect(rig.follow()).toMatchObject({ status: 0 });
    expect(look()).toEqual(WHOLE);
  });

  test('reads a next generation whole, also where that has the files of the first one', () => {
    stopInBetween();
    const serial = rig.publish(BEFORE, publisher);
    expect(rig.follow()).toMatchObject({ status: 0 });
    expect(inForce()).toBe(String(serial));
    expect(look()).toMatchObject({ alice: 'AAAAalice sudo', bob: 'AAAAbob sudo', carol: '- -', dave: '- -' });
  });

  test('gives a first key where names and ids stay as they are', () => {
    const people = [ALICE, BOB, { ...CAROL, key: 'ssh-ed25519 AAAAcarol carol', groups: [] }, DAVE, ERIN];
    rig.publish(people, publisher);
    killed.run('sleep');
    expect(inForce()).toMatch(/interim$/);
    expect(look([ALICE, CAROL])).toEqual({ alice: 'AAAAalice sudo', carol: '- -' });
    rig.follow();
    expect(look([ALICE, CAROL])).toEqual({ alice: 'AAAAalice sudo', carol: 'AAAAcarol -' });
    rig.publish([ALICE, BOB, CAROL, DAVE, ERIN], publisher);
    rig.follow();
    expect(look([CAROL])).toEqual({ carol: '- -' });
    rig.publish(people, publisher);
    rig.follow();
    expect(look([CAROL])).toEqual({ carol: 'AAAAcarol -' });
  });

  test('keeps the manifest in force, whatever the volume has then', () => {
    stopInBetween();
    const [manifest, signature] = [rig.read('manifest'), rig.read('signature')];
    for (const forged of ['none', readFileSync(root(), 'latin1').replace(/^serial .*$/m, 'serial 1')]) {
      writeFileSync(root(), forged, 'latin1');
      expect(rig.follow()).toMatchObject({ status: 1 });
      expect([rig.read('manifest'), rig.read('signature')]).toEqual([manifest, signature]);
    }
  });

  test('judges by the pod as it is when it goes on', () => {
    stopInBetween();
    writeFileSync(
      path.join(rig.directory, 'passwd'),
      'root:x:0:0:root:/root:/bin/sh\nops:x:10001:10001::/home/ops:/bin/sh\n',
    );
    renameSync(root(), `${root()}.away`);
    rig.follow();
    expect(look([BOB])).toEqual({ bob: '- -' });
    renameSync(`${root()}.away`, root());
    rig.follow();
    expect(look([BOB])).toEqual({ bob: '- -' });
  });

  test('accepts a generation of a trusted key with any serial, once the key of this one left the list', () => {
    const stolen = rig.publisher({ key: rig.nextKey });
    rig.publish(BEFORE, stolen);
    rig.publish(AFTER, stolen);
    killed.run('sleep');
    expect(inForce()).toMatch(/interim$/);
    const publishers = path.join(rig.directory, 'publishers');
    writeFileSync(publishers, readFileSync(publishers, 'utf8').split('\n')[0] ?? '');
    const fresh = rig.publisher({}, 'fresh');
    rmSync(root());
    rig.publish(BEFORE, fresh);
    expect(rig.follow()).toMatchObject({ status: 0 });
    expect(look([ALICE])).toEqual({ alice: 'AAAAalice sudo' });
  });
});
