// Versions N and N-1 of publisher and followers: what record-follower.ts recorded, with today's code in each role.
import { execFileSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Person, PublishRig } from '../../support/publish/publish-rig.ts';

const RECORDED = path.join(import.meta.dirname, 'follower-0.2.0.tar.gz');
const isRoot = process.geteuid?.() === 0;
afterAll(() => {
  if (!isRoot) process.stderr.write('skipped: followers need root (unshare --pid)\n');
});

const ALICE: Person = { name: 'alice', uid: 10_000, hasSudo: true, groups: ['ml'] };
const BOB: Person = { name: 'bob', uid: 10_001, groups: ['ml', 'ops'] };
const NEXT: readonly Person[] = [
  { ...ALICE, isDisabled: true, hasSudo: false },
  { ...BOB, key: 'ssh-ed25519 AAAAnew bob', hasSudo: true },
  { name: 'carol', uid: 10_002 },
];

let rig: PublishRig;
beforeEach(() => {
  rig = new PublishRig();
  execFileSync('tar', ['-C', rig.directory, '-xzf', RECORDED]);
});
afterEach(() => rig.remove());

type Build = 'recorded' | 'today';
const follow = (build: Build): void => {
  const script = build === 'recorded' ? path.join(rig.directory, 'old/follower') : undefined;
  expect(rig.follow('pod', {}, script)).toMatchObject({ status: 0 });
};
/** By the helper of each build, which read the same files. */
const look = (): unknown => {
  const old = (name: string, uid: number): string => {
    const args = [name, String(uid), '/nonexistent', path.join(rig.run(), 'current'), '/nowhere'];
    return execFileSync('sh', [path.join(rig.directory, 'old/follower-keys'), ...args], { encoding: 'utf8' });
  };
  const people = [ALICE, BOB, { name: 'carol', uid: 10_002 }];
  return people.map(({ name, uid }) => {
    const keys = rig.keys(name, uid);
    expect(old(name, uid)).toBe(keys);
    return [/AAAA\w+/.exec(keys)?.[0] ?? '-', rig.read('sudo').includes(`#${uid} `)];
  });
};
const FIRST = [
  ['AAAAalice', true],
  ['AAAAbob', false],
  ['-', false],
];
const SECOND = [
  ['-', false],
  ['AAAAnew', true],
  ['AAAAcarol', false],
];
const LEFT = [
  ['AAAAalice', true],
  ['-', false],
  ['-', false],
];

describe.runIf(isRoot)('a publisher and followers of two builds', () => {
  test.each<readonly [first: Build, then: Build]>([
    ['today', 'today'],
    ['recorded', 'recorded'],
    ['recorded', 'today'],
    ['today', 'recorded'],
  ])('work together: a follower (%s), and the same pod later (%s)', (first, then) => {
    // The generation of the publisher before, and then two of today's, which goes on with what that one remembered.
    follow(first);
    expect(look()).toEqual(FIRST);
    const before = readlinkSync(path.join(rig.run(), 'current'));
    const publisher = rig.publisher();
    const serial = rig.publish(NEXT, publisher);
    expect(serial).toBeGreaterThan(Number(path.basename(before)));
    follow(first);
    expect(look()).toEqual(SECOND);
    follow(then);
    expect(look()).toEqual(SECOND);
    rig.publish([ALICE], publisher);
    follow(then);
    expect(look()).toEqual(LEFT);
    expect(rig.read('passwd.cache')).not.toContain('bob');
    expect(rig.read('disabled')).toBe('');
  });
});
