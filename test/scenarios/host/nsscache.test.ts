// The nsscache backend in whole syncs on a throwaway root.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decide } from '../../../src/agent/reconcile/decide.ts';
import { openNodeContext } from '../../../src/agent/node-context.ts';
import { openSyncContext } from '../../../src/agent/reconcile/context.ts';
import { syncFromState } from '../../../src/agent/operator/sync-now.ts';
import { openNssCache } from '../../../src/host/nss/nsscache.ts';
import { makeEd25519, seedRandom, writeBlob } from '../../support/records/key-corpus.ts';
import { rememberRecords } from '../../support/records/remember.ts';
import { makeGroup, makeUser } from '../../support/records/organisation.ts';

const NO_FETCH = { completeAt: null, isComplete: false };
const DIRECTORY = 'srv/accounts';
const random = seedRandom(7);
const makeKey = (): string =>
  `ssh-ed25519 ${writeBlob('ssh-ed25519', makeEd25519(random)).toString('base64')}`;
const KEY = makeKey();

let root: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'nsscache-'));
  for (const directory of ['etc/sunk-agent', 'home', 'srv'])
    mkdirSync(path.join(root, directory), { recursive: true });
  write('etc/passwd', 'root:x:0:0:root:/root:/bin/bash\nhero:x:10300:10300::/home/hero:/bin/sh\n');
  write('etc/group', 'root:x:0:\nhero:x:10300:\n');
  write('etc/shadow', 'root:*:20000:0:99999:7:::\nhero:!:20000:0:99999:7:::\n');
  write('etc/shells', '/bin/sh\n/bin/bash\n');
  configure('nsscache');
  remember();
});

afterEach(() => rmSync(root, { recursive: true }));

const write = (file: string, text: string): void => writeFileSync(path.join(root, file), text);
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const published = (file: string): string => read(path.join(DIRECTORY, 'current', file));
const key = (name: string): string => path.join(root, 'var/lib/sunk-agent/authorized_keys', name);

function configure(backend: string, more = ''): void {
  write(
    'etc/sunk-agent/config.yaml',
    `scim: { base_url: "https://store.example/x" }
access: { groups: [{ name: slurm-users }], sudo_groups: [] }
accounts: { domains: [example.com], backend: ${backend}, nsscache_dir: /${DIRECTORY} }
limits: { max_loss: { at_least: 50 } }
${more}`,
  );
}

const alice = makeUser('alice', 10100, { keys: [KEY], displayName: 'Älice' });
const bob = makeUser('bob', 10200, { keys: [makeKey()] });

function remember(active = true, keys: readonly string[] = alice.record.keys): void {
  rememberRecords(
    root,
    [{ record: { ...alice.record, active, keys: [...keys] } }, bob],
    [makeGroup('users', 31_000, ['u-alice', 'u-bob'], { name: 'slurm-users' })],
  );
}

const sync = () => syncFromState(openNodeContext({ root, config: undefined }), () => {});

async function planned(): Promise<string[]> {
  const context = openSyncContext(openNodeContext({ root, config: undefined }));
  try {
    const { changes, desired } = await decide(context, Math.floor(Date.now() / 1000), NO_FETCH);
    return [
      ...changes.map(({ kind, name }) => `${kind} ${name}`),
      ...desired.refusals.map(({ code, scimId }) => `${code} ${scimId}`),
    ];
  } finally {
    context.state.close();
  }
}

test('never publishes over a generation that it has not read', async () => {
  await sync();
  const directory = path.join(root, DIRECTORY);
  const entry = { name: 'carol', uid: 10_400, gid: 9999, gecos: '', dir: '/home/carol', shell: '/bin/sh' };
  const create = (name: string, uid: number) =>
    ({ scimId: name, name, because: '', kind: 'account-create', entry: { ...entry, name, uid } }) as const;
  const [one, other] = [openNssCache(root, directory), openNssCache(root, directory)];
  await one.apply([create('carol', 10_400)], 20_000);
  await other.apply([create('dave', 10_401)], 20_000);
  other.publication?.publish([]);
  // A block beside a sync: what does fit what is there now is added to it.
  one.publication?.publish([]);
  expect(published('passwd.cache').match(/^\w+/gm)).toEqual(['alice', 'bob', 'carol', 'dave']);
  await one.apply([create('frank', 10_404)], 20_000);
  await other.apply([create('grace', 10_404)], 20_000);
  other.publication?.publish([]);
  expect(() => one.publication?.publish([])).toThrow(/another program published/);
  // A change that did not fit leaves nothing behind that would bring back an older state.
  await one.apply([create('dave', 10_402)], 20_000);
  await other.apply([create('erin', 10_403)], 20_000);
  other.publication?.publish([]);
  await one.apply([create('heidi', 10_406)], 20_000);
  one.publication?.publish([]);
  expect(published('passwd.cache').match(/^\w+/gm)).toEqual([
    'alice',
    'bob',
    'carol',
    'dave',
    'erin',
    'grace',
    'heidi',
  ]);
});

describe('the nsscache backend', () => {
  test('publishes accounts, groups and keys at once, and leaves the node’s own files byte for byte', async () => {
    const before = ['passwd', 'group', 'shadow'].map((file) => read(`etc/${file}`));
    expect(await sync()).toMatchObject({ changes: { failed: 0, held: 0 } });
    expect(published('passwd.cache')).toBe(
      'alice:x:10100:9999:Älice:/home/alice:/bin/bash\nbob:x:10200:9999:bob:/home/bob:/bin/bash\n',
    );
    expect(published('group.cache')).toBe('slurm-users:x:31000:alice,bob\nsunk-users:x:9999:\n');
    expect(published('shadow.cache')).toMatch(/^alice:\*:\d+:0:99999:7:::\nbob:/);
    expect(published('sshkey.cache')).toMatch(
      /^alice:\['expiry-time="\d{14}Z?" ssh-ed25519 \S+ u-alice'\]\nbob:/,
    );
    expect(read('var/lib/sunk-agent/authorized_keys/alice')).toContain(KEY);
    expect(['passwd', 'group', 'shadow'].map((file) => read(`etc/${file}`))).toEqual(before);
    expect(statSync(path.join(root, 'home/alice')).isDirectory()).toBe(true);
    expect(statSync(path.join(root, DIRECTORY, 'current/shadow.cache')).mode & 0o777).toBe(0o640);
  });

  test('writes nothing where nothing changes', async () => {
    await sync();
    const generation = readlinkSync(path.join(root, DIRECTORY, 'current'));
    expect(await sync()).toMatchObject({ changes: { planned: 0 } });
    expect(readlinkSync(path.join(root, DIRECTORY, 'current'))).toBe(generation);
    expect(readdirSync(path.join(root, DIRECTORY))).toHaveLength(2);
  });

  test('keeps one former generation for its readers, each younger than the one before', async () => {
    await sync();
    const times = [statSync(path.join(root, DIRECTORY, 'current/passwd.cache')).mtimeMs];
    for (const keys of [[makeKey()], [makeKey()], [KEY]]) {
      remember(true, keys);
      await sync();
      times.push(statSync(path.join(root, DIRECTORY, 'current/passwd.cache.ixuid')).mtimeMs);
    }
    expect(readdirSync(path.join(root, DIRECTORY)).sort()).toEqual([
      'current',
      'generation-3',
      'generation-4',
    ]);
    for (const [index, time] of times.slice(1).entries())
      expect(time - (times[index] ?? 0)).toBeGreaterThanOrEqual(1000);
  });

  test('disables an account by its shell, its expiry and its keys, and keeps its line and its ids', async () => {
    await sync();
    remember(false);
    await sync();
    expect(published('passwd.cache')).toContain('alice:x:10100:9999:Älice:/home/alice:/usr/sbin/nologin\n');
    expect(published('shadow.cache')).toMatch(/^alice:\*:\d+:0:99999:7::1:$/m);
    expect(published('sshkey.cache')).not.toContain('alice');
    expect(published('group.cache')).toContain('slurm-users:x:31000:bob\n');
    expect(existsSync(key('alice'))).toBe(false);
    remember(true);
    await sync();
    expect(published('passwd.cache')).toContain('alice:x:10100:9999:Älice:/home/alice:/bin/bash\n');
    expect(published('sshkey.cache')).toContain('alice:');
  });

  test('refuses a name and a uid of the node’s own accounts', async () => {
    rememberRecords(
      root,
      [makeUser('hero', 10_500), makeUser('carol', 10_300), bob],
      [makeGroup('users', 31_000, ['u-hero', 'u-carol', 'u-bob'], { name: 'slurm-users' })],
    );
    const report = await sync();
    expect(report.refusals.map(({ code, scimId }) => `${code} ${scimId}`)).toEqual([
      'uid-local u-carol',
      'name-local u-hero',
    ]);
    expect(published('passwd.cache')).toBe('bob:x:10200:9999:bob:/home/bob:/bin/bash\n');
  });

  test('repairs a key that a crash left in only one of the two places', async () => {
    await sync();
    rmSync(key('alice'));
    expect(await planned()).toEqual(['keys-write alice']);
    await sync();
    write('var/lib/sunk-agent/authorized_keys/alice', '');
    await sync();
    expect(read('var/lib/sunk-agent/authorized_keys/alice')).toContain(KEY);
    expect(await planned()).toEqual([]);
    remember(false);
    rmSync(key('alice'));
    expect(await planned()).toContain('keys-remove alice');
    await sync();
    expect(published('sshkey.cache')).not.toContain('alice');
  });

  test('adopts its own lines when the ledger is lost, and reports those that do not agree', async () => {
    await sync();
    rmSync(path.join(root, 'var/lib/sunk-agent/cache'), { recursive: true });
    rememberRecords(
      root,
      [{ record: { ...alice.record, uid: 10_101 } }, bob],
      [makeGroup('users', 31_000, ['u-alice', 'u-bob'], { name: 'slurm-users' })],
    );
    const report = await sync();
    expect(report.refusals).toMatchObject([{ code: 'marked-differs', scimId: 'u-alice' }]);
    expect(published('passwd.cache')).toContain('alice:x:10100:');
    expect(published('passwd.cache')).toContain('bob:x:10200:');
  });

  test('leaves the old generation in place where the new one cannot be written', async () => {
    await sync();
    const before = published('passwd.cache');
    rmSync(path.join(root, DIRECTORY, 'generation-2'), { recursive: true, force: true });
    // A file has the name of the next generation.
    mkdirSync(path.join(root, DIRECTORY, 'current.new/inside'), { recursive: true });
    remember(false);
    const report = await sync();
    expect(report.changes.failed).toBeGreaterThan(0);
    expect(report.problems.join()).toContain('cannot publish in');
    expect(published('passwd.cache')).toBe(before);
    expect(existsSync(key('alice'))).toBe(false);
    rmSync(path.join(root, DIRECTORY, 'current.new'), { recursive: true });
    await sync();
    expect(published('passwd.cache')).toContain('/usr/sbin/nologin');
    expect(published('sshkey.cache')).not.toContain('alice');
  });
});

test('a node that only reads what is published plans homes and keys, and no account', async () => {
  await sync();
  configure('published');
  for (const directory of ['var', 'home/alice', 'home/bob'])
    rmSync(path.join(root, directory), { recursive: true });
  remember();
  expect(await planned()).toEqual([
    'home-create alice',
    'home-create bob',
    'keys-write alice',
    'keys-write bob',
  ]);
  const generation = readlinkSync(path.join(root, DIRECTORY, 'current'));
  expect(await sync()).toMatchObject({ changes: { failed: 0 } });
  remember(false);
  await sync();
  expect(existsSync(key('alice'))).toBe(false);
  expect(readlinkSync(path.join(root, DIRECTORY, 'current'))).toBe(generation);
});

describe('beside another publisher', () => {
  beforeEach(() => {
    mkdirSync(path.join(root, 'etc/nsscache'));
    write('etc/nsswitch.conf', 'passwd: files cache\ngroup: files cache\n');
    write(
      'etc/nsscache/passwd.cache',
      'alice:x:10100:9999:Älice:/mnt/home/alice:/bin/sh\nbob:x:10999:10999::/home/bob:/bin/bash\nzoe:x:10900:10900::/home/zoe:/bin/bash\n',
    );
    write('etc/nsscache/group.cache', 'slurm-users:x:31000:alice,zoe\nsunk-users:x:9999:\n');
    for (const file of ['passwd', 'group'])
      symlinkSync(`/etc/nsscache/${file}.cache`, path.join(root, `etc/${file}.cache`));
  });

  test.each(['local', 'nsscache'])('observe reports what %s would make different', async (backend) => {
    configure(backend, 'mode: observe\n');
    const found = await planned();
    expect(found).toContain('account-alter alice');
    expect(found).not.toContain('account-create alice');
    expect(found).toContain('published-differs u-bob');
    expect(found).toContain('published-unknown ');
  });

  test('the home that the node resolves already stays the home of that user', async () => {
    configure('nsscache');
    await sync();
    expect(published('passwd.cache')).toContain('alice:x:10100:9999:Älice:/mnt/home/alice:/bin/bash\n');
  });

  test('what has no user, or another uid, is published as it is', async () => {
    configure('nsscache');
    const report = await sync();
    expect(report.refusals.map(({ code }) => code)).toContain('published-unknown');
    expect(published('passwd.cache')).toContain('bob:x:10999:10999::/home/bob:/bin/bash\n');
    expect(published('passwd.cache')).toContain('zoe:x:10900:10900::/home/zoe:/bin/bash\n');
    for (const file of ['passwd', 'group']) rmSync(path.join(root, `etc/${file}.cache`));
    await sync();
    expect(published('passwd.cache')).toContain('bob:x:10999:');
    expect(published('passwd.cache')).toContain('zoe:x:10900:');
  });

  test('no user gets another uid than the one that the node resolves already', async () => {
    configure('local');
    const report = await sync();
    expect(report.refusals.map(({ code }) => code)).toContain('published-differs');
    expect(read('etc/passwd')).toContain('alice:x:10100:');
    expect(read('etc/passwd')).not.toContain('bob');
  });
});
