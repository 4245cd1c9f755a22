// From the store to a follower: the real commands in a throwaway root, the real shell script of the pods.
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseManifest } from '../../../src/publish/manifest.ts';
import { readRoot } from '../../../src/publish/volume.ts';
import { type FollowerAnswer, PublishRig } from '../../support/publish/publish-rig.ts';
import { makeThrowawayRoot, type ThrowawayRoot } from '../../support/nodes/throwaway-root.ts';
import { makeEd25519, seedRandom, writeBlob } from '../../support/records/key-corpus.ts';

const random = seedRandom(25);
const makeKey = (): string => writeBlob('ssh-ed25519', makeEd25519(random)).toString('base64');
const [ALICE_KEY, BOB_KEY] = [makeKey(), makeKey()];
const CONFIG = `  backend: publish
access:
  groups: [{ name: slurm-users }]
  sudo_groups: [{ name: admins }]
`;

let node: ThrowawayRoot;
let rig: PublishRig;
let alice: string;
const volume = (): string => path.join(node.root, 'srv/sunk-agent');
const follow = (name = 'pod'): FollowerAnswer => rig.follow(name, { volume: volume() });
const uidOf = (name: string): number =>
  Number(new RegExp(`^${name}:x:(\\d+):`, 'm').exec(rig.read('passwd.cache'))?.[1]);

beforeAll(async () => {
  node = await makeThrowawayRoot();
  rig = new PublishRig();
  const config = node.read('etc/sunk-agent/config.yaml').replace(/^access:\n.*\n/m, '');
  writeFileSync(path.join(node.root, 'etc/sunk-agent/config.yaml'), `${config}${CONFIG}`);
  mkdirSync(path.join(node.root, 'var/lib/sunk-agent'), { recursive: true });
  const key = path.join(node.root, 'var/lib/sunk-agent/publish-key');
  renameSync(rig.key, key);
  chmodSync(key, 0o600);
  alice = await node.pushUser('alice@example.com', `ssh-ed25519 ${ALICE_KEY}`);
  const bob = await node.pushUser('bob@example.com', `ssh-ed25519 ${BOB_KEY}`);
  await node.pushGroup('slurm-users', [alice, bob]);
  await node.pushGroup('admins', [alice]);
});
afterAll(async () => {
  rig.remove();
  await node.close();
});

describe.runIf(process.geteuid?.() === 0)('a publisher', () => {
  test('publishes what it decided, and writes no account of its own', async () => {
    expect(await node.run('sync')).toMatchObject({ status: 0 });
    expect(node.read('etc/passwd')).toBe('root:x:0:0:root:/root:/bin/bash\n');
    expect(existsSync(path.join(node.root, 'etc/sudoers.d/sunk-agent'))).toBe(false);
    expect(existsSync(path.join(node.root, 'home/alice'))).toBe(false);
    expect(follow()).toMatchObject({ status: 0 });
    expect(rig.keys('alice', uidOf('alice'))).toContain(ALICE_KEY);
    // Before OpenSSH 9.1 a time with Z is none.
    expect(rig.keys('alice', uidOf('alice'))).toMatch(/^expiry-time="\d{14}" /);
    expect(rig.keys('bob', uidOf('bob'))).toContain(BOB_KEY);
    expect(rig.read('sudo').split('\n')).toContain(`#${uidOf('alice')} ALL=(ALL:ALL) NOPASSWD: ALL`);
    expect(rig.read('group.cache')).toMatch(/^slurm-users:x:\d+:alice,bob$/m);
  });

  test('a quiet sync publishes nothing', async () => {
    const before = readFileSync(path.join(volume(), 'root'));
    expect(await node.run('sync', '--full')).toMatchObject({ status: 0 });
    expect(readFileSync(path.join(volume(), 'root'))).toEqual(before);
  });

  test('a block on the publisher is one on every follower', async () => {
    expect(await node.run('block', 'bob')).toMatchObject({ status: 0 });
    follow();
    expect(rig.keys('bob', uidOf('bob'))).toBe('');
    expect(rig.read('disabled')).toBe(`${uidOf('bob')} bob\n`);
    expect(await node.run('unblock', 'bob')).toMatchObject({ status: 0 });
    follow();
    expect(rig.keys('bob', uidOf('bob'))).toContain(BOB_KEY);
  });

  test('a person who leaves the sudo group has no rule at the next poll', async () => {
    const admins = await node.scim('GET', '/Groups?filter=displayName%20eq%20%22admins%22');
    const [group] = (admins as unknown as { Resources: { id: string }[] }).Resources;
    await node.scim('PATCH', `/Groups/${group?.id ?? ''}`, {
      Operations: [{ op: 'remove', path: 'members' }],
    });
    // A group that was emptied is held, as on each node.
    const { stdout } = await node.run('sync');
    const hash = /approve ([0-9a-f]+)/.exec(stdout)?.[1];
    if (hash !== undefined) await node.run('approve', hash);
    await node.run('sync');
    follow();
    expect(rig.read('sudo')).not.toMatch(/^#\d/m);
  });

  test('a volume that cannot be written is reported, and caught up with', async () => {
    const away = `${volume()}.away`;
    renameSync(volume(), away);
    writeFileSync(volume(), '');
    await node.scim('PATCH', `/Users/${alice}`, {
      Operations: [{ op: 'replace', path: 'active', value: false }],
    });
    const failed = await node.run('sync');
    expect(failed.status).toBe(1);
    expect(failed.stdout).toContain('followers keep the generation before');
    expect((await node.run('status')).stdout).toContain('followers keep the generation before');
    rmSync(volume());
    renameSync(away, volume());
    expect(await node.run('sync')).toMatchObject({ status: 0 });
    follow();
    expect(rig.keys('alice', uidOf('alice'))).toBe('');
  });

  test('a lost state volume is rebuilt from the last generation, and no uid changes', async () => {
    const before = rig.read('passwd.cache');
    const serial = parseManifest(readRoot(volume())?.text ?? '')?.serial ?? 0;
    const state = path.join(node.root, 'var/lib/sunk-agent');
    cpSync(path.join(state, 'publish-key'), path.join(node.root, 'key'));
    rmSync(state, { recursive: true });
    mkdirSync(state);
    renameSync(path.join(node.root, 'key'), path.join(state, 'publish-key'));
    const plan = await node.run('ledger', 'import', volume());
    expect(plan).toMatchObject({ status: 2 });
    expect(await node.run('ledger', 'import', volume(), '--apply')).toMatchObject({ status: 0 });
    expect(await node.run('sync', '--full')).toMatchObject({ status: 0 });
    expect(follow()).toMatchObject({ status: 0 });
    const lines = (text: string): string[] =>
      text.split('\n').map((line) => line.split(':').slice(0, 4).join(':'));
    expect(lines(rig.read('passwd.cache'))).toEqual(lines(before));
    expect(parseManifest(readRoot(volume())?.text ?? '')?.serial).toBeGreaterThan(serial);
  });
});
