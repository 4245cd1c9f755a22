// From the store to a follower: the real commands in a throwaway root, the real shell script of the pods.
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openNodeContext } from '../../../src/agent/node-context.ts';
import { type AdoptedBlock, adoptBlocks } from '../../../src/agent/publication/adopt-blocks.ts';
import { isPublicationDue, publishGeneration } from '../../../src/agent/publication/publish-generation.ts';
import { openSyncContext } from '../../../src/agent/reconcile/context.ts';
import { parseManifest } from '../../../src/publish/manifest.ts';
import { BLOCK_NAMESPACE, renderBlock } from '../../../src/publish/offline-block.ts';
import { signText } from '../../../src/publish/signature.ts';
import { putBlock, readRoot } from '../../../src/publish/volume.ts';
import { viewState } from '../../../src/state/state.ts';
import { type FollowerAnswer, PublishRig } from '../../support/publish/publish-rig.ts';
import { makeThrowawayRoot, type ThrowawayRoot } from '../../support/nodes/throwaway-root.ts';
import { hasRoot } from '../../support/requirements.ts';
import { makeEd25519, seedRandom, writeBlob } from '../../support/records/key-corpus.ts';

const isRoot = hasRoot(import.meta.filename);

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
let firstRoot: Buffer;
const volume = (): string => path.join(node.root, 'srv/sunk-agent');
/** One of those that the manifest lists. */
const listed = (): string => parseManifest(readRoot(volume())?.text ?? '')?.files.at(-1)?.hash ?? '';
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

/** What the daemon does between two syncs when the manifest is to be signed anew. */
function signAnew(): ReturnType<typeof publishGeneration> {
  return publishAt(Math.floor(Date.now() / 1000) + 3600);
}

function publishAt(now: number): ReturnType<typeof publishGeneration> {
  const context = openSyncContext(openNodeContext({ root: node.root, config: undefined }));
  try {
    return publishGeneration(context, now);
  } finally {
    context.state.close();
  }
}

describe.runIf(isRoot)('a publisher', () => {
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
    firstRoot = before;
  });

  test.each([
    ['the manifest', () => rmSync(path.join(volume(), 'root'))],
    ['a file', () => rmSync(path.join(volume(), 'files', listed()))],
    ['everything', () => rmSync(volume(), { recursive: true })],
    ['the manifest, for an older one', () => writeFileSync(path.join(volume(), 'root'), firstRoot)],
  ])('publishes anew at the next look when someone removed %s', (_, remove) => {
    const context = openNodeContext({ root: node.root, config: undefined });
    const now = Math.floor(Date.now() / 1000);
    expect(isPublicationDue(context, now)).toBe(false);
    remove();
    expect(isPublicationDue(context, now)).toBe(true);
    expect(publishAt(now)).toMatchObject({ problem: null });
    expect(isPublicationDue(context, now)).toBe(false);
    expect(follow()).toMatchObject({ status: 0 });
    expect(rig.keys('alice', uidOf('alice'))).toContain(ALICE_KEY);
  });

  test('is examined by doctor: key, volume, signature and followers', async () => {
    const codes = async (): Promise<string[]> => {
      const { stdout } = await node.run('doctor', '--json');
      const found = (JSON.parse(stdout) as { findings: { code: string }[] }).findings;
      return found.flatMap(({ code }) => (code.startsWith('publisher-') ? [code] : [])).sort();
    };
    expect(await codes()).toEqual(['publisher-heartbeats', 'publisher-next-key']);
    const key = path.join(node.root, 'var/lib/sunk-agent/publish-key');
    chmodSync(key, 0o640);
    expect(await codes()).toEqual(
      expect.arrayContaining(['publisher-key-rights', 'publisher-key-unusable', 'publisher-unchecked']),
    );
    // Followers go on, and the sync says why.
    expect((await node.run('status')).status).not.toBe(70);
    expect((await node.run('sync')).stdout).toContain('followers keep the generation before');
    chmodSync(key, 0o600);
    renameSync(path.join(volume(), 'root'), path.join(volume(), 'root.away'));
    expect(await codes()).toContain('publisher-nothing');
    renameSync(path.join(volume(), 'root.away'), path.join(volume(), 'root'));
  });

  test('makes homes where it mounts them, and gives no key to a person whose home is someone else’s', async () => {
    const file = path.join(node.root, 'etc/sunk-agent/config.yaml');
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, `${before}publish: { homes: create }\n`);
    const taken = path.join(node.root, 'home/carol');
    mkdirSync(taken, { recursive: true });
    chownSync(taken, 4242, 4242);
    const carol = await node.pushUser('carol@example.com', `ssh-ed25519 ${makeKey()}`);
    const groups = await node.scim('GET', '/Groups?filter=displayName%20eq%20%22slurm-users%22');
    const [group] = (groups as unknown as { Resources: { id: string }[] }).Resources;
    await node.scim('PATCH', `/Groups/${group?.id ?? ''}`, {
      Operations: [{ op: 'add', path: 'members', value: [{ value: carol }] }],
    });
    await node.run('sync');
    follow();
    const home = statSync(path.join(node.root, 'home/alice'));
    expect([home.uid, home.mode & 0o777]).toEqual([uidOf('alice'), 0o700]);
    expect(rig.keys('alice', uidOf('alice'))).toContain(ALICE_KEY);
    expect(statSync(taken).uid).toBe(4242);
    expect(rig.read('passwd.cache')).not.toMatch(/^carol:(?!.*nologin)/m);
    expect(rig.read('keys/0')).not.toContain('carol');
    await node.scim('DELETE', `/Users/${carol}`);
    writeFileSync(file, before);
    await node.run('sync', '--full');
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

  test('takes over a block from the volume, which then ends like any other', async () => {
    cpSync(path.join(rig.directory, 'operators'), path.join(node.root, 'etc/sunk-agent/operators'));
    const adopt = (): readonly AdoptedBlock[] => {
      const context = openNodeContext({ root: node.root, config: undefined });
      const view = viewState(context.paths.state);
      try {
        return adoptBlocks(context, view.bindings(), Math.floor(Date.now() / 1000));
      } finally {
        view.close();
      }
    };
    const operate = (...args: string[]) => node.run(...args, '--offline', rig.operatorKey);
    expect(await operate('block', 'bob')).toMatchObject({ status: 0 });
    follow();
    expect(rig.keys('bob', uidOf('bob'))).toBe('');
    // The publisher is back: the list has it by SCIM id, and the next generation too.
    expect(adopt()).toMatchObject([{ name: 'bob', isTakenBack: false }]);
    expect(adopt()).toEqual([]);
    expect(node.read('etc/sunk-agent/blocked')).toMatch(
      /^[0-9a-f-]{36} bob until=\S+Z {2}# signed by an operator/,
    );
    await node.run('sync');
    expect(follow().log).toMatch(/block of bob is over: the publisher has it/);
    expect(rig.read('disabled')).toContain(' bob\n');
    // Another decision on the publisher counts everywhere, although the block is still on the volume.
    expect(await node.run('unblock', 'bob')).toMatchObject({ status: 0 });
    expect(adopt()).toEqual([]);
    follow();
    expect(rig.keys('bob', uidOf('bob'))).toContain(BOB_KEY);
    // And one that its operator takes back while it is on the list.
    expect(await operate('block', 'bob', '--for', '2h')).toMatchObject({ status: 0 });
    expect(adopt()).toHaveLength(1);
    expect(await operate('unblock', 'bob')).toMatchObject({ status: 0 });
    expect(adopt()).toMatchObject([{ name: 'bob', isTakenBack: true }]);
    expect(node.read('etc/sunk-agent/blocked')).not.toContain('bob');
    await node.run('sync');
    follow();
    expect(rig.keys('bob', uidOf('bob'))).toContain(BOB_KEY);
    expect(await operate('unblock', 'carol')).toMatchObject({ status: 1 });
    // What no operator signed is none, and is asked about once.
    const signed = renderBlock({ name: 'alice', uid: uidOf('alice'), until: 4_000_000_000 });
    putBlock(volume(), `${signed}${signText(rig.nextKey, BLOCK_NAMESPACE, signed)}`);
    expect(adopt()).toEqual([]);
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

  test('a lost state volume publishes nothing until it is rebuilt from the last generation, and no uid changes', async () => {
    await node.scim('PATCH', `/Users/${alice}`, {
      Operations: [{ op: 'replace', path: 'active', value: true }],
    });
    expect(await node.run('sync')).toMatchObject({ status: 0 });
    follow();
    const passwd = rig.read('passwd.cache');
    const restored = parseManifest(readRoot(volume())?.text ?? '')?.files ?? [];
    const state = path.join(node.root, 'var/lib/sunk-agent');
    rmSync(state, { recursive: true });
    mkdirSync(state);
    // The signing key was there as well: the next one goes on, and the list of the followers says that the last was trusted.
    cpSync(rig.nextKey, path.join(state, 'publish-key'));
    cpSync(path.join(rig.directory, 'publishers'), path.join(node.root, 'etc/sunk-agent/publishers'));
    const plan = await node.run('ledger', 'import', volume());
    expect(plan).toMatchObject({ status: 2 });
    expect(await node.run('ledger', 'import', volume(), '--apply')).toMatchObject({ status: 0 });
    // Before it has met the store, which may be away: all is as it was, and young.
    expect(signAnew()).toMatchObject({ problem: null });
    const hashes = (): unknown =>
      parseManifest(readRoot(volume())?.text ?? '')
        ?.files.filter(({ name }) => name !== 'ledger')
        .map(({ name, hash }) => `${name} ${hash}`);
    expect(hashes()).toEqual(
      restored.filter(({ name }) => name !== 'ledger').map(({ name, hash }) => `${name} ${hash}`),
    );
    expect(await node.run('sync', '--full')).toMatchObject({ status: 0 });
    expect(follow()).toMatchObject({ status: 0 });
    const lines = (text: string): string[] =>
      text.split('\n').map((line) => line.split(':').slice(0, 4).join(':'));
    expect(lines(rig.read('passwd.cache'))).toEqual(lines(passwd));
    const files = parseManifest(readRoot(volume())?.text ?? '')?.files ?? [];
    // What the sync had to do anew: nothing of accounts, groups, keys and sudo.
    for (const name of ['group.cache', 'passwd.cache', 'sudoers', 'disabled'])
      expect(files.find((file) => file.name === name)?.hash).toBe(
        restored.find((file) => file.name === name)?.hash,
      );
    expect(rig.keys('alice', uidOf('alice'))).toContain(ALICE_KEY);
  });

  test('a publisher that lost its state and was not restored leaves the last generation to its followers', async () => {
    const root = readFileSync(path.join(volume(), 'root'));
    const state = path.join(node.root, 'var/lib/sunk-agent');
    cpSync(state, `${state}.kept`, { recursive: true, verbatimSymlinks: true });
    for (const name of readdirSync(state))
      if (name !== 'publish-key') rmSync(path.join(state, name), { recursive: true });
    const lost = await node.run('sync');
    expect(lost).toMatchObject({ status: 1 });
    expect(lost.stdout).toMatch(/does not remember it.*sunk-agent ledger import .* --apply/s);
    expect(readFileSync(path.join(volume(), 'root'))).toEqual(root);
    rmSync(state, { recursive: true });
    renameSync(`${state}.kept`, state);
    // A copy of the state from before the last generation is restored in the same way.
    const memory = JSON.parse(readFileSync(path.join(state, 'publication.json'), 'utf8')) as {
      serial: number;
    };
    writeFileSync(
      path.join(state, 'publication.json'),
      JSON.stringify({ ...memory, serial: memory.serial - 5 }),
    );
    await node.scim('PATCH', `/Users/${alice}`, {
      Operations: [{ op: 'replace', path: 'active', value: false }],
    });
    expect((await node.run('sync')).stdout).toMatch(/sunk-agent ledger import .* --apply/s);
    expect(readFileSync(path.join(volume(), 'root'))).toEqual(root);
    expect(await node.run('ledger', 'import', volume(), '--apply')).toMatchObject({ status: 0 });
    await node.run('sync');
    follow();
    expect(rig.keys('alice', uidOf('alice'))).toBe('');
  });

  test('accounts that are gone from the publisher are not published as none', async () => {
    const root = readFileSync(path.join(volume(), 'root'));
    const accounts = path.join(node.root, 'var/lib/sunk-agent/nsscache');
    expect(existsSync(accounts)).toBe(true);
    renameSync(accounts, `${accounts}.away`);
    expect(signAnew()?.problem).toMatch(/no longer in .*ledger import/s);
    expect(readFileSync(path.join(volume(), 'root'))).toEqual(root);
  });
});
