// A follower against honest publishers and hostile volumes: it accepts what a publisher signed, whole, and nothing else.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseManifest, SIGNATURE_START } from '../../../src/publish/manifest.ts';
import { BLOCK_NAMESPACE, renderBlock, renderUnblock } from '../../../src/publish/offline-block.ts';
import { signText } from '../../../src/publish/signature.ts';
import { digest, putBlock, readRoot } from '../../../src/publish/volume.ts';
import { propertyRuns } from '../../support/property-runs.ts';
import { seedRandom } from '../../support/records/key-corpus.ts';
import { FOLLOWER, PublishRig, type Person, stateOf } from '../../support/publish/publish-rig.ts';

const ALICE: Person = { name: 'alice', uid: 10_000, hasSudo: true, groups: ['slurm-users'] };
const BOB: Person = { name: 'bob.smith', uid: 10_001, groups: ['slurm-users', 'ml'] };
const isRoot = process.geteuid?.() === 0;

let rig: PublishRig;
beforeEach(() => (rig = new PublishRig()));
afterEach(() => rig.remove());

describe.runIf(isRoot)('a follower', () => {
  test('of which a part is missing does not start, and names it', () => {
    const copy = path.join(rig.directory, 'copy');
    cpSync(path.dirname(FOLLOWER), copy, { recursive: true });
    rmSync(path.join(copy, 'follower.judge.sh'));
    const { status, stderr } = spawnSync('sh', ['follower', '--once'], { cwd: copy, encoding: 'utf8' });
    expect(status).toBe(78);
    expect(stderr).toContain('./follower.judge.sh is missing');
  });

  test('takes the first generation, and serves names, keys and sudo from it', () => {
    const serial = rig.publish([ALICE, BOB]);
    expect(rig.follow()).toMatchObject({ status: 0 });
    expect(readlinkSync(path.join(rig.run(), 'current'))).toBe(`generations/${serial}`);
    expect(rig.read('passwd.cache')).toContain('alice:x:10000:');
    expect(rig.keys('alice', 10_000)).toBe('ssh-ed25519 AAAAalice alice\n');
    expect(rig.keys('bob.smith', 10_001)).toBe('ssh-ed25519 AAAAbob.smith bob.smith\n');
    expect(rig.read('sudo')).toBe('#10000 ALL=(ALL:ALL) NOPASSWD: ALL\n');
  });

  test('serves a key to that name with that uid alone', () => {
    rig.publish([ALICE, BOB]);
    rig.follow();
    expect(rig.keys('alice', 10_001)).toBe('');
    expect(rig.keys('bobXsmith', 10_001)).toBe('');
    expect(rig.keys('root', 0)).toBe('');
    expect(rig.keys('alice', 10_000 + 2 ** 20)).toBe('');
  });

  test('serves no key where the home belongs to someone else', () => {
    rig.publish([ALICE]);
    rig.follow();
    const home = path.join(rig.directory, 'home');
    const link = path.join(rig.directory, 'link');
    symlinkSync(home, link);
    const served = (where = home): string => rig.keys('alice', 10_000, 'pod', where);
    expect(served()).toContain('AAAAalice');
    mkdirSync(home);
    expect(served()).toBe('');
    expect(served(link)).toBe('');
    chownSync(home, 10_000, 9999);
    expect(served()).toContain('AAAAalice');
    expect(served(link)).toContain('AAAAalice');
    rmSync(home, { recursive: true });
    writeFileSync(home, '');
    chownSync(home, 10_000, 9999);
    expect(served()).toBe('');
  });

  test('follows changes, keeps what did not change by its inode, and removes old generations', () => {
    const publisher = rig.publisher();
    rig.publish([ALICE, BOB], publisher);
    rig.follow();
    const before = statSync(path.join(rig.run(), 'current/passwd.cache')).ino;
    rig.publish([{ ...ALICE, key: 'ssh-ed25519 AAAAother alice' }, BOB], publisher);
    rig.follow();
    expect(rig.keys('alice', 10_000)).toBe('ssh-ed25519 AAAAother alice\n');
    expect(statSync(path.join(rig.run(), 'current/passwd.cache')).ino).toBe(before);
    rig.publish([BOB], publisher);
    rig.follow();
    expect(rig.keys('alice', 10_000)).toBe('');
    expect(rig.read('passwd.cache')).not.toContain('alice');
    expect(readdirSync(path.join(rig.run(), 'generations'))).toHaveLength(2);
  });

  test('gives file and indexes of libnss-cache one time, later than the last', () => {
    const publisher = rig.publisher();
    rig.publish([ALICE], publisher);
    rig.follow();
    const times = (): number[] =>
      ['passwd.cache', 'passwd.cache.ixname', 'passwd.cache.ixuid'].map((name) =>
        Math.floor(statSync(path.join(rig.run(), 'current', name)).mtimeMs / 1000),
      );
    const [first = 0] = times();
    rig.publish([ALICE, BOB], publisher);
    rig.follow();
    const [second = 0] = times();
    expect(new Set(times()).size).toBe(1);
    expect(second).toBeGreaterThan(first);
  });

  test('changes the number of shards when many people come', () => {
    const publisher = rig.publisher();
    rig.publish([ALICE], publisher);
    rig.follow();
    const many = Array.from({ length: 600 }, (_, n): Person => ({ name: `p${n}`, uid: 20_000 + n }));
    rig.publish([ALICE, ...many], publisher);
    rig.follow();
    expect(rig.read('shards')).toBe('4\n');
    expect(rig.keys('alice', 10_000)).toContain('AAAAalice');
    expect(rig.keys('p599', 20_599)).toContain('AAAAp599');
    rig.publish([ALICE], publisher);
    expect(rig.follow()).toMatchObject({ status: 0 });
    expect(readdirSync(path.join(rig.run(), 'current/keys'))).toEqual(['0']);
  });

  test('a generation of no people is one', () => {
    rig.publish([]);
    expect(rig.follow()).toMatchObject({ status: 0 });
    expect(rig.read('passwd.cache')).toBe('');
  });

  test('admits its users and groups alone, and resolves all', () => {
    rig.publish([ALICE, { ...BOB, hasSudo: true }]);
    rig.follow('pod', { users: '', groups: 'ml' });
    expect(rig.keys('bob.smith', 10_001)).toContain('AAAAbob');
    expect(rig.keys('alice', 10_000)).toBe('');
    expect(rig.read('sudo')).toBe('#10001 ALL=(ALL:ALL) NOPASSWD: ALL\n');
    expect(rig.read('passwd.cache')).toContain('alice');
  });

  test('a controller serves names alone, a compute pod no sudo', () => {
    rig.publish([ALICE]);
    rig.follow('controller', { profile: 'controller' });
    expect(rig.keys('alice', 10_000, 'controller')).toBe('');
    expect(rig.read('sudo', 'controller')).toBe('');
    rig.follow('compute', { profile: 'compute' });
    expect(rig.keys('alice', 10_000, 'compute')).toContain('AAAAalice');
    expect(rig.read('sudo', 'compute')).toBe('');
  });

  test('leaves a local account alone whose uid a person of the store has', () => {
    appendFileSync(path.join(rig.directory, 'passwd'), 'ops:x:10000:10000::/home/ops:/bin/sh\n');
    rig.publish([ALICE, BOB]);
    rig.follow();
    expect(rig.keys('alice', 10_000)).toBe('');
    expect(rig.read('sudo')).toBe('');
    expect(rig.keys('bob.smith', 10_001)).toContain('AAAAbob');
  });

  test('a local account that comes later counts at the next start', () => {
    rig.publish([ALICE, BOB]);
    rig.follow();
    appendFileSync(path.join(rig.directory, 'passwd'), 'ops:x:10000:10000::/home/ops:/bin/sh\n');
    rig.follow();
    expect(rig.keys('alice', 10_000)).toBe('');
    expect(rig.read('sudo')).toBe('');
  });

  describe('of an image whose own sudoers name groups', () => {
    const people = [
      { ...ALICE, groups: ['slurm-users', 'ml.ops'] },
      { ...BOB, groups: ['slurm-users', 'ml.ops', 'mlxops'] },
    ];
    const local = (name: string, text: string): void => writeFileSync(path.join(rig.directory, name), text);
    const groupNames = (name = 'pod'): string[] =>
      rig
        .read('group.cache', name)
        .split('\n')
        .flatMap((line) => line.split(':')[0] || []);
    const fault = (name = 'pod'): string =>
      /^fault (.*)$/m.exec(readFileSync(path.join(rig.run(name), 'follower.status'), 'utf8'))?.[1] ?? '';

    test.each([
      ['by name', '%ml.ops ALL=(ALL) NOPASSWD: ALL\n'],
      ['in an alias', 'User_Alias OPS = carol, %ml.ops\nOPS ALL=(ALL) ALL\n'],
      ['by gid', '%#20001 ALL=(ALL) ALL\n'],
    ])('%s leaves such a group out, says so, and goes on with the rest', (_, rule) => {
      local('sudoers.d/90-image', `# %slurm-users\n${rule}`);
      rig.publish(people);
      expect(rig.follow()).toMatchObject({ status: 0 });
      expect(groupNames()).toEqual(['mlxops', 'slurm-users', 'sunk-users']);
      expect(existsSync(path.join(rig.run(), 'current/group.cache.ixname'))).toBe(false);
      expect(fault()).toMatch(/left out, .*: ml\.ops$/);
      expect(rig.keys('alice', 10_000)).toContain('AAAAalice');
      expect(rig.read('sudo')).toContain('#10000 ');
    });

    test('leaves out one with the gid of a group of the pod, and keeps one that is the same', () => {
      local('group', 'root:x:0:\nlocal-ops:x:20001:\nsunk-users:x:9999:\n');
      rig.publish(people);
      rig.follow();
      expect(groupNames()).toEqual(['mlxops', 'slurm-users', 'sunk-users']);
    });

    test('admits what the configuration names', () => {
      local('sudoers.d/90-image', '%ml.ops ALL=(ALL) NOPASSWD: ALL\nbob.smith ALL=(ALL) ALL\n');
      rig.publish(people);
      rig.follow('pod', { privileged: 'ml.ops bob.smith' });
      expect(groupNames()).toContain('ml.ops');
      expect(rig.keys('bob.smith', 10_001)).toContain('AAAAbob');
      expect(fault()).toBe('-');
    });

    test('gives no key to a user that they name, nor to one with such a primary group', () => {
      local('sudoers.d/90-image', 'bob.smith ALL=(ALL) ALL\n');
      rig.publish(people);
      rig.follow();
      expect(rig.keys('bob.smith', 10_001)).toBe('');
      expect(rig.keys('alice', 10_000)).toContain('AAAAalice');
      local('sudoers.d/90-image', '%#9999 ALL=(ALL) ALL\n');
      rig.follow('other');
      expect(rig.keys('alice', 10_000, 'other')).toBe('');
    });

    test('notices a rule that comes later', () => {
      rig.publish(people);
      rig.follow();
      expect(groupNames()).toContain('ml.ops');
      local('sudoers.d/90-image', '%ml.ops ALL=(ALL) NOPASSWD: ALL\n');
      rig.follow();
      expect(groupNames()).not.toContain('ml.ops');
      expect(existsSync(path.join(rig.run(), 'current/group.cache.ixname'))).toBe(false);
    });
  });

  test('ends the processes of disabled people, however they fork, and of no one else', () => {
    const uid = 61_234;
    rig.publish([{ name: 'gone', uid, isDisabled: true }, ALICE]);
    const script = `
      setpriv --reuid=${uid} --clear-groups sh -c 'while :; do sh -c "sleep 60" & sleep 0.01; done' &
      setpriv --reuid=${uid} --clear-groups sleep 300 &
      setpriv --reuid=61235 --clear-groups sleep 300 & other=$!
      sleep 1
      sh "$1" --once "$2"
      kill -0 $other && echo other lives
      grep -ls "^Uid:.*${uid}" /proc/[0-9]*/status | wc -l`;
    rig.follow('pod', { volume: '/nowhere' });
    const config = path.join(rig.directory, 'pod/follower.conf');
    writeFileSync(config, readFileSync(config, 'utf8').replace('/nowhere', rig.volume));
    const out = execFileSync(
      'unshare',
      ['--pid', '--fork', '--mount-proc', '--kill-child', 'sh', '-c', script, 'sh', FOLLOWER, config],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
    expect(out).toBe('other lives\n0\n');
  });
});

describe.runIf(isRoot)('a hostile volume', () => {
  /** The first generation is in force; the second is on the volume. */
  function prepare(): { before: string; files: () => string[] } {
    const publisher = rig.publisher();
    rig.publish([ALICE], publisher);
    rig.follow();
    const before = readlinkSync(path.join(rig.run(), 'current'));
    rig.publish([ALICE, BOB], publisher);
    return { before, files: () => readdirSync(path.join(rig.volume, 'files')) };
  }

  const root = (): string => path.join(rig.volume, 'root');
  const fileOf = (name: string): string => {
    const found = parseManifest(readRoot(rig.volume)?.text ?? '')?.files.find((file) => file.name === name);
    return path.join(rig.volume, 'files', found?.hash ?? 'none');
  };
  const forge = (edit: (text: string) => string): void =>
    writeFileSync(root(), edit(readFileSync(root(), 'latin1')), 'latin1');

  const HOSTILE: readonly (readonly [what: string, act: () => void, reason: RegExp])[] = [
    ['forges a line', () => forge((text) => text.replace('shards 1', 'shards 2')), /not signed/],
    ['has no signature', () => forge((text) => text.replace(/-----BEGIN[^]*/, '')), /not signed/],
    ['is empty', () => writeFileSync(root(), ''), /not signed/],
    ['truncates the manifest', () => truncateSync(root(), 300), /not signed/],
    ['has a link for a manifest', () => swapForLink(root()), /cannot read/],
    ['has a pipe for a manifest', () => swapForPipe(root()), /not signed/],
    ['has an endless manifest', () => swapForDevice(root()), /not signed/],
    ['has a directory for a manifest', () => swapForDirectory(root()), /cannot read/],
    ['lacks a file', () => rmSync(fileOf('passwd.cache')), /passwd\.cache of serial \d+ is missing/],
    ['alters a file', () => writeFileSync(fileOf('passwd.cache'), 'root2:x:0:0::/:/bin/sh\n'), /altered/],
    ['appends to a file', () => appendFileSync(fileOf('passwd.cache'), 'eve:x:0:0::/:/bin/sh\n'), /altered/],
    ['truncates a file', () => truncateSync(fileOf('passwd.cache'), 10), /altered/],
    ['has a link for a file', () => swapForLink(fileOf('keys/0')), /missing/],
    ['has a pipe for a file', () => swapForPipe(fileOf('keys/0')), /altered/],
    ['has an endless file', () => swapForDevice(fileOf('keys/0')), /altered/],
    [
      'swaps two files',
      () => {
        const [one, two] = [fileOf('passwd.cache'), fileOf('keys/0')];
        renameSync(one, `${one}.x`);
        renameSync(two, one);
        renameSync(`${one}.x`, two);
      },
      /altered/,
    ],
  ];

  test.each(HOSTILE)('that %s changes nothing, and is named', (_, act, reason) => {
    const { before } = prepare();
    act();
    const { status, log } = rig.follow();
    expect(log).toMatch(reason);
    expect(status).toBe(1);
    expect(readlinkSync(path.join(rig.run(), 'current'))).toBe(before);
    expect(rig.keys('alice', 10_000)).toContain('AAAAalice');
    expect(rig.keys('bob.smith', 10_001)).toBe('');
    expect(readFileSync(path.join(rig.run(), 'follower.status'), 'utf8')).toMatch(/^fault [^-]/m);
  });

  function swapForLink(file: string): void {
    rmSync(file);
    symlinkSync('/etc/passwd', file);
  }
  function swapForPipe(file: string): void {
    rmSync(file);
    execFileSync('mkfifo', [file]);
  }
  function swapForDevice(file: string): void {
    rmSync(file);
    execFileSync('mknod', [file, 'c', '1', '5']);
  }
  function swapForDirectory(file: string): void {
    rmSync(file);
    mkdirSync(file);
  }

  test('cannot roll back', () => {
    const publisher = rig.publisher();
    rig.publish([ALICE, BOB], publisher);
    const old = readFileSync(root());
    rig.publish([ALICE], publisher);
    rig.follow();
    writeFileSync(root(), old);
    const { log } = rig.follow();
    expect(log).toMatch(/not newer than/);
    expect(rig.keys('bob.smith', 10_001)).toBe('');
  });

  test('cannot give a pod without a generation one that is too old', () => {
    rig.publish([ALICE], rig.publisher({ notAfter: -100 }));
    const { status, log } = rig.follow();
    expect(log).toMatch(/too old for a pod without a generation/);
    expect(status).toBe(1);
    expect(existsSync(path.join(rig.run(), 'current'))).toBe(false);
  });

  test('cannot mix the files of two generations', () => {
    const publisher = rig.publisher();
    rig.publish([ALICE, BOB], publisher);
    const old = fileOf('passwd.cache');
    rig.publish([ALICE], publisher);
    writeFileSync(fileOf('passwd.cache'), readFileSync(old));
    expect(rig.follow()).toMatchObject({ status: 1 });
  });

  test('of another key is refused, of the next key accepted', () => {
    const { before } = prepare();
    const foreign = new PublishRig();
    try {
      rig.publish([BOB], rig.publisher({ key: foreign.key }, 'stranger'));
      expect(rig.follow().log).toMatch(/not signed by a publisher/);
      expect(readlinkSync(path.join(rig.run(), 'current'))).toBe(before);
    } finally {
      foreign.remove();
    }
    rig.publish([ALICE, BOB], rig.publisher({ key: rig.nextKey }));
    expect(rig.follow()).toMatchObject({ status: 0 });
    expect(rig.keys('bob.smith', 10_001)).toContain('AAAAbob');
  });

  test('with another publisher of the same key is refused', () => {
    const { before } = prepare();
    rmSync(root());
    rig.publish([BOB], rig.publisher({}, 'second'));
    expect(rig.follow().log).toMatch(/another publisher/);
    expect(readlinkSync(path.join(rig.run(), 'current'))).toBe(before);
  });

  test('is repaired by the publisher when it signs anew', () => {
    const publisher = rig.publisher({ resign: 0 });
    rig.publish([ALICE, BOB], publisher);
    writeFileSync(fileOf('passwd.cache'), 'eve:x:0:0::/:/bin/sh\n');
    swapForLink(fileOf('keys/0'));
    rig.publish([ALICE, BOB], publisher);
    expect(rig.follow()).toMatchObject({ status: 0 });
    expect(readFileSync('/etc/passwd', 'utf8')).toContain('root:');
  });
});

describe.runIf(isRoot)('a block that an operator signed', () => {
  const until = (): number => Math.floor(Date.now() / 1000) + 3600;

  /** @returns its hash. */
  function block(text: string, key = rig.operatorKey, namespace = BLOCK_NAMESPACE): string {
    const signed = `${text}${signText(key, namespace, text)}`;
    putBlock(rig.volume, signed);
    return digest(signed);
  }

  function prepare(): void {
    rig.publish([ALICE, BOB]);
    rig.follow();
  }

  test('takes keys and sudo at the next poll, without the publisher, and stays', () => {
    prepare();
    block(renderBlock({ name: 'alice', uid: 10_000, until: until() }));
    expect(rig.follow()).toMatchObject({ status: 0 });
    expect(rig.keys('alice', 10_000)).toBe('');
    expect(rig.read('sudo')).toBe('');
    expect(rig.keys('bob.smith', 10_001)).toContain('AAAAbob');
    // The next generation, which knows nothing of it.
    rig.publish([{ ...ALICE, key: 'ssh-ed25519 AAAAnew alice' }, BOB]);
    rig.follow();
    expect(rig.keys('alice', 10_000)).toBe('');
    expect(rig.read('sudo')).toBe('');
    // A volume that hides it again.
    const root = path.join(rig.volume, 'root');
    writeFileSync(root, readFileSync(root, 'latin1').replace(/^block .*$/m, ''), 'latin1');
    rig.follow();
    expect(rig.keys('alice', 10_000)).toBe('');
  });

  test('ends by itself', () => {
    prepare();
    const end = Math.floor(Date.now() / 1000) + 8;
    block(renderBlock({ name: 'alice', uid: 10_000, until: end }));
    rig.follow();
    expect(rig.keys('alice', 10_000)).toBe('');
    execFileSync('sleep', [String(Math.max(0, end - Date.now() / 1000 + 0.1))]);
    rig.follow();
    expect(rig.keys('alice', 10_000)).toContain('AAAAalice');
    expect(rig.read('sudo')).toContain('#10000 ');
  });

  test('is taken back by an operator alone, also where the two come in the other order', () => {
    prepare();
    const text = renderBlock({ name: 'alice', uid: 10_000, until: until() });
    const hash = block(text);
    rig.follow();
    block(renderUnblock(hash), rig.key);
    rig.follow();
    expect(rig.keys('alice', 10_000)).toBe('');
    block(renderUnblock(hash));
    expect(rig.follow().log).toMatch(/block of alice is over: an operator took it back/);
    expect(rig.keys('alice', 10_000)).toContain('AAAAalice');
    expect(rig.read('sudo')).toContain('#10000 ');
    // A pod that starts now reads both.
    rig.follow('fresh');
    expect(rig.keys('alice', 10_000, 'fresh')).toContain('AAAAalice');
    const root = path.join(rig.volume, 'root');
    const lines = readFileSync(root, 'latin1').split('\n');
    const listed = lines.filter((line) => line.startsWith('block ')).reverse();
    writeFileSync(
      root,
      [...listed, ...lines.filter((line) => !line.startsWith('block '))].join('\n'),
      'latin1',
    );
    rig.follow('other');
    expect(rig.keys('alice', 10_000, 'other')).toContain('AAAAalice');
  });

  test('is left to the generation that has it, and to what an operator decides there', () => {
    prepare();
    const hash = block(renderBlock({ name: 'alice', uid: 10_000, until: until() }));
    rig.follow();
    const now = Math.floor(Date.now() / 1000) + 100;
    const publisher = rig.publisher();
    publisher.publish(
      stateOf([{ ...ALICE, isDisabled: true, hasSudo: false }, BOB], { blocks: [hash] }),
      'abc123',
      now,
    );
    expect(rig.follow().log).toMatch(/the publisher has it/);
    expect(rig.keys('alice', 10_000)).toBe('');
    expect(readdirSync(path.join(rig.run(), 'denied'))).toEqual([]);
    publisher.publish(stateOf([ALICE, BOB], { blocks: [hash] }), 'abc123', now + 1);
    rig.follow();
    expect(rig.keys('alice', 10_000)).toContain('AAAAalice');
    rig.follow('fresh');
    expect(rig.keys('alice', 10_000, 'fresh')).toContain('AAAAalice');
    expect(rig.read('sudo', 'fresh')).toContain('#10000 ');
  });

  test('of a person with another one ends only that one', () => {
    prepare();
    const hash = block(renderBlock({ name: 'alice', uid: 10_000, until: until() }));
    block(renderBlock({ name: 'alice', uid: 10_000, until: until() + 60 }));
    block(renderUnblock(hash));
    rig.follow();
    expect(rig.keys('alice', 10_000)).toBe('');
    expect(rig.read('sudo')).toBe('');
  });

  test('by a key that left the list is over, and one by a key that came is read', () => {
    prepare();
    block(renderBlock({ name: 'alice', uid: 10_000, until: until() }));
    block(renderBlock({ name: 'bob.smith', uid: 10_001, until: until() }), rig.nextKey);
    rig.follow();
    expect(rig.keys('alice', 10_000)).toBe('');
    expect(rig.keys('bob.smith', 10_001)).toContain('AAAAbob');
    writeFileSync(
      path.join(rig.directory, 'operators'),
      `operator namespaces="sunk-agent-block" ${readFileSync(`${rig.nextKey}.pub`, 'utf8')}`,
    );
    expect(rig.follow().log).toMatch(/block of alice is over: no operator of .* signed it/);
    expect(rig.keys('alice', 10_000)).toContain('AAAAalice');
    expect(rig.keys('bob.smith', 10_001)).toBe('');
  });

  test('is found among a list full of strangers, which costs a poll little and a pod no memory', () => {
    prepare();
    block(renderBlock({ name: 'alice', uid: 10_000, until: until() }));
    const root = path.join(rig.volume, 'root');
    const signed = readFileSync(root, 'latin1');
    const strangers = Array.from({ length: 200 }, (_, n) => digest(`stranger ${n}`));
    for (const name of strangers) writeFileSync(path.join(rig.volume, 'blocks', name), 'none');
    writeFileSync(root, strangers.map((name) => `block ${name}\n`).join('') + signed, 'latin1');
    const config = rig.configure('pod', { poll: '0.1' });
    const script = `sh "$1" "$2" 2>/dev/null & n=0
      until [ -e "$3/denied/alice" ] || [ $n = 600 ]; do sleep 0.1; n=$((n + 1)); done`;
    const own = ['--pid', '--fork', '--mount-proc', '--kill-child', 'sh', '-c', script, 'sh'];
    execFileSync('unshare', [...own, FOLLOWER, config, rig.run()]);
    expect(rig.keys('alice', 10_000)).toBe('');
    expect(readdirSync(path.join(rig.run(), 'follower/known-blocks')).length).toBeLessThanOrEqual(4096);
  });

  const text = (): string => renderBlock({ name: 'alice', uid: 10_000, until: until() });
  test.each([
    ['that is not signed by an operator', () => block(text(), rig.key)],
    ['that was signed for another purpose', () => block(text(), rig.operatorKey, 'file')],
    ['that takes itself back by its name', () => block(renderUnblock('../../current'))],
    [
      'that was altered',
      () =>
        putBlock(
          rig.volume,
          `${text().replace('alice', 'bob')}${signText(rig.operatorKey, BLOCK_NAMESPACE, text())}`,
        ),
    ],
    ['that names a path', () => block(`sunk-agent block 1\nname ../current\nuid 10000\nuntil ${until()}\n`)],
    ['that names root by uid', () => block(`sunk-agent block 1\nname alice\nuid 0\nuntil ${until()}\n`)],
    ['that is over', () => block(renderBlock({ name: 'alice', uid: 10_000, until: until() - 7200 }))],
  ])('%s is none', (_, act) => {
    prepare();
    act();
    rig.follow();
    expect(rig.keys('alice', 10_000)).toContain('AAAAalice');
    expect(rig.keys('bob.smith', 10_001)).toContain('AAAAbob');
    expect(readdirSync(path.join(rig.run(), 'follower/blocks'))).toEqual([]);
  });
});

test.runIf(isRoot)('no mutant of a good generation is accepted', { timeout: 600_000 }, () => {
  const publisher = rig.publisher();
  rig.publish([ALICE], publisher);
  rig.follow();
  rig.publish([ALICE, BOB], publisher);
  const good = readFileSync(path.join(rig.volume, 'root'), 'latin1');
  const random = seedRandom(2025);
  const count = propertyRuns(60, 1000);
  const directory = path.join(rig.directory, 'mutants');
  mkdirSync(directory);
  for (let n = 0; n < count; n += 1)
    writeFileSync(path.join(directory, String(n)), mutate(good, random), 'latin1');
  const script = `for mutant in "$1"/*; do
      cp "$mutant" "$2/root"
      sh "$3" --once "$4" 2>/dev/null && echo "accepted: $mutant"
    done; :`;
  const before = readlinkSync(path.join(rig.run(), 'current'));
  const config = path.join(rig.directory, 'pod/follower.conf');
  const accepted = execFileSync(
    'unshare',
    ['--pid', '--fork', '--mount-proc', 'sh', '-c', script, 'sh', directory, rig.volume, FOLLOWER, config],
    { encoding: 'utf8' },
  );
  expect(accepted).toBe('');
  expect(readlinkSync(path.join(rig.run(), 'current'))).toBe(before);
  // And it was one that would have been accepted.
  writeFileSync(path.join(rig.volume, 'root'), good, 'latin1');
  expect(rig.follow()).toMatchObject({ status: 0 });
  expect(readlinkSync(path.join(rig.run(), 'current'))).not.toBe(before);
});

/** One byte or line that is other than in the manifest and its signature's blob. */
function mutate(text: string, random: (below: number) => number): string {
  const end = text.indexOf(SIGNATURE_START) - 1;
  const at = random(end);
  const choice = random(4);
  if (choice === 0) return text.slice(0, at) + text.slice(at + 1);
  if (choice === 1) return `${text.slice(0, at)}0${text.slice(at)}`;
  if (choice === 2)
    return text.slice(0, at) + String.fromCodePoint((text.codePointAt(at) ?? 0) ^ 1) + text.slice(at + 1);
  const lines = text.split('\n');
  const [line = ''] = lines.splice(random(10), 1);
  lines.splice(random(10), 0, line, line);
  return lines.join('\n');
}

afterAll(() => {
  if (!isRoot) process.stderr.write('skipped: followers need root (unshare --pid)\n');
});
