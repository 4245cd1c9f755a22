// Another program publishes accounts for libnss-cache beside this one: no newcomer gets what its lines have, and no one who is
// managed already loses anything by them.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { openNodeContext } from '../../../src/agent/node-context.ts';
import { syncFromState } from '../../../src/agent/operator/sync-now.ts';
import type { StoredGroup, StoredUser } from '../../../src/policy/model.ts';
import { makeEd25519, seedRandom, writeBlob } from '../../support/records/key-corpus.ts';
import { makeGroup, makeUser } from '../../support/records/organisation.ts';
import { rememberRecords } from '../../support/records/remember.ts';
import { layRoot } from '../../support/nodes/root-directory.ts';

const random = seedRandom(7);
const makeKey = (): string =>
  `ssh-ed25519 ${writeBlob('ssh-ed25519', makeEd25519(random)).toString('base64')}`;
const KEY = makeKey();
const ROOT = 'root:x:0:0:root:/root:/bin/bash\n';
const SVC = 'svc:x:10033:10033::/srv/svc:/bin/sh\n';
const alice = makeUser('alice', 10_100, { keys: [KEY] });
const called = (user: StoredUser, name: string): StoredUser => ({
  ...user,
  record: { ...user.record, username: `${name}@example.com` },
});

let root = '';
afterEach(() => rmSync(root, { recursive: true, force: true }));

interface Setting {
  readonly backend?: 'local' | 'nsscache';
  /** More of `accounts`. */
  readonly accounts?: string;
  readonly attributes?: string;
  readonly services?: string;
  readonly files?: Readonly<Record<string, string>>;
}

function lay({ backend = 'local', accounts = '', attributes = '{}', services, files = {} }: Setting): void {
  root = mkdtempSync(path.join(tmpdir(), 'other-publisher-'));
  layRoot(root, {
    files: {
      'etc/passwd': ROOT,
      'etc/group': 'root:x:0:\n',
      'etc/shadow': 'root:*:20000:0:99999:7:::\n',
      'etc/shells': '/bin/sh\n/bin/bash\n',
      'etc/nsswitch.conf': services ?? 'passwd: files cache\ngroup: files cache\n',
    },
    config: `scim: { base_url: "https://store.example", attributes: ${attributes} }
access: { groups: [{ name: slurm-users }], sudo_groups: [{ name: slurm-admins }] }
accounts: { domains: [example.com], backend: ${backend}, nsscache_dir: /srv/accounts, homes: never${accounts} }
limits: { max_loss: { at_least: 50 } }
`,
    token: null,
    directories: ['etc/sudoers.d', 'srv'],
  });
  for (const [file, text] of Object.entries(files)) put(file, text);
}
function put(file: string, text: string): void {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  writeFileSync(path.join(root, file), text, 'latin1');
}
const read = (file: string): string =>
  existsSync(path.join(root, file)) ? readFileSync(path.join(root, file), 'latin1') : '';
/** Of this program, in whichever backend. */
const ownPasswd = (): string => read('etc/passwd') + read('srv/accounts/current/passwd.cache');
const hasKeys = (name: string): boolean =>
  existsSync(path.join(root, 'var/lib/sunk-agent/authorized_keys', name));

/** @returns what is refused. */
async function sync(users: readonly StoredUser[], more: readonly StoredGroup[] = []): Promise<string> {
  const members = users.map(({ record }) => record.id);
  const groups = [makeGroup('users', 31_000, members, { name: 'slurm-users' }), ...more];
  rememberRecords(root, [...users], groups);
  const { refusals } = await syncFromState(openNodeContext({ root, config: undefined }), () => {});
  return refusals.map(({ scimId, code, detail }) => `${scimId} ${code}: ${detail}`).join('\n');
}

describe.each(['local', 'nsscache'] as const)('with the backend %s, a newcomer does not get', (backend) => {
  test.each<[string, Setting, RegExp]>([
    [
      'the uid of a second line of a name',
      { files: { 'etc/passwd.cache': `${SVC}svc:x:10100:10100::/:/bin/sh\n` } },
      /uid-in-use: the uid 10100 is in use on this node \(\/etc\/passwd\.cache:2\)/,
    ],
    [
      'a name that a group lists and no account has',
      { files: { 'etc/passwd.cache': SVC, 'etc/group.cache': 'ops:x:32000:svc,alice\n' } },
      /name-in-use: the name alice is in use on this node \(\/etc\/group\.cache:1\)/,
    ],
    [
      'the primary gid of a group that has power by its name',
      {
        attributes: '{ gid: "x:gid" }',
        files: {
          'etc/sudoers': '%ops ALL=(ALL) NOPASSWD: ALL\n',
          'etc/passwd.cache': SVC,
          'etc/group.cache': 'ops:x:32000:svc\n',
        },
      },
      /gid-powerful: the primary gid 32000/,
    ],
    [
      'the home of an account of there',
      { files: { 'etc/passwd.cache': 'svc:x:10033:10033::/home/alice:/bin/sh\n' } },
      /home-bound: the home \/home\/alice is that of svc on this node/,
    ],
    [
      'the home of a local account',
      { files: { 'etc/passwd': `${ROOT}svc:x:1200:1200::/home/alice:/bin/sh\n` } },
      /home-bound: the home \/home\/alice is that of svc on this node/,
    ],
    [
      'a home in which a local account has its own',
      { files: { 'etc/passwd': `${ROOT}svc:x:1200:1200::/home/alice/app:/bin/sh\n` } },
      /home-nested: the home \/home\/alice is above another person's/,
    ],
    [
      'what is published where nsswitch.conf has a blank before the colon',
      {
        services: 'passwd : files cache\ngroup : files cache\n',
        files: { 'etc/passwd.cache': 'svc:x:10100:10033::/:/bin/sh\n' },
      },
      /published-differs: this node resolves svc with the uid 10100/,
    ],
  ])('%s', async (_, setting, expected) => {
    lay({ ...setting, backend });
    const gid = setting.attributes === undefined ? {} : { gid: 32_000 };
    expect(await sync([makeUser('alice', 10_100, { keys: [KEY], ...gid })])).toMatch(expected);
    expect(ownPasswd()).not.toMatch(/^alice:/m);
    expect(hasKeys('alice')).toBe(false);
  });

  test('a home that is refused for no reason: the system’s accounts may have the directory of all homes', async () => {
    lay({
      backend,
      files: {
        'etc/passwd': `${ROOT}syslog:x:102:102::/home:/usr/sbin/nologin\nnobody:x:65534:65534::/:/x\n`,
      },
    });
    expect(await sync([alice])).toBe('');
    expect(ownPasswd()).toMatch(/^alice:x:10100:/m);
  });

  test('by a rename: a name that has another uid there', async () => {
    lay({
      backend,
      accounts: ', rename: apply',
      files: { 'etc/passwd.cache': SVC, 'etc/sshkey.cache': `svc:${makeKey()}\n` },
    });
    await sync([alice]);
    expect(await sync([called(alice, 'svc')])).toMatch(
      /rename-kept: .*the node keeps alice: this node resolves svc with the uid 10033/,
    );
    expect(await sync([called(alice, 'svc')])).toMatch(/rename-kept/);
    expect(hasKeys('alice')).toBe(true);
    expect(ownPasswd()).toMatch(/^alice:x:10100:/m);
    expect(ownPasswd()).not.toMatch(/^svc:x:10100:/m);
  });

  test('as a group: the primary gid of an account of there', async () => {
    lay({ backend, files: { 'etc/passwd.cache': 'svc:x:10033:30001::/:/bin/sh\n' } });
    const admins = makeGroup('admins', 30_001, ['u-alice'], { name: 'slurm-admins' });
    expect(await sync([alice], [admins])).toMatch(
      /gid-in-use: the gid 30001 is in use on this node \(\/etc\/passwd\.cache:1\)/,
    );
  });
});

test('a group line alone is read, and so is one whose passwd.cache is this program’s', async () => {
  lay({
    backend: 'nsscache',
    accounts: ", groups: ['*']",
    services: 'passwd: files\ngroup: files cache\n',
    files: { 'etc/group.cache': 'ops:x:30005:zed\n' },
  });
  const other = makeGroup('other', 30_005, ['u-alice'], { name: 'other' });
  expect(await sync([alice], [other])).toMatch(/group-published-differs: this node resolves ops/);
});

test('a local group without members that has power is not taken for one that was managed', async () => {
  lay({
    accounts: ", groups: ['*']",
    files: { 'etc/sudoers': '%ops ALL=(ALL) NOPASSWD: ALL\n', 'etc/group': 'root:x:0:\nops:x:30005:\n' },
  });
  const ops = makeGroup('ops', 30_005, ['u-alice'], { name: 'ops' });
  expect(await sync([alice], [ops])).toMatch(/group-reserved: the name ops means power on this node/);
  expect(read('etc/group')).toMatch(/^ops:x:30005:$/m);
});

describe('who is managed loses nothing', () => {
  test.each([
    ['their name with another uid', 'alice:x:10555:10555::/home/x:/bin/sh\n'],
    ['their uid with another name', 'zed:x:10100:10100::/home/x:/bin/sh\n'],
    ['their uid on a second line', 'zed:x:10033:1::/:/bin/sh\nzed:x:10100:1::/:/bin/sh\n'],
    ['themselves, with another home', 'alice:x:10100:9999::/elsewhere:/bin/sh\n'],
  ])('where the node’s files come first and another program publishes %s later', async (_, text) => {
    lay({});
    expect(await sync([alice])).toBe('');
    put('etc/passwd.cache', text);
    expect(await sync([alice])).not.toMatch(/u-alice/);
    expect(hasKeys('alice')).toBe(true);
  });

  test.each([
    ['uid', 'alice:x:10555:10555::/home/x:/bin/sh\n', makeUser('yan', 10_555, { keys: [KEY] })],
    ['name', 'zed:x:10100:10100::/home/x:/bin/sh\n', makeUser('zed', 10_556, { keys: [KEY] })],
  ])('and no newcomer gets the %s of such a line', async (what, text, newcomer) => {
    lay({});
    await sync([alice]);
    put('etc/passwd.cache', text);
    expect(await sync([alice, newcomer])).toMatch(new RegExp(`${what}-in-use: .*\\(/etc/passwd\\.cache\\)`));
    expect(hasKeys('alice')).toBe(true);
  });

  test('where that program comes first, keys would be for the account that it publishes', async () => {
    lay({ services: 'passwd: cache files\ngroup: cache files\n' });
    await sync([alice]);
    put('etc/passwd.cache', 'alice:x:10555:10555::/home/x:/bin/sh\n');
    expect(await sync([alice])).toMatch(/published-differs/);
    expect(hasKeys('alice')).toBe(false);
  });

  test('by a rename that was cut short: the next sync goes on with it', async () => {
    lay({ accounts: ', rename: apply' });
    await sync([alice]);
    const files = ['passwd', 'group', 'shadow'].map((name) => [`etc/${name}`, read(`etc/${name}`)] as const);
    await sync([called(alice, 'alicia')]);
    for (const [file, text] of files) put(file, text);
    expect(await sync([called(alice, 'alicia')])).toBe('');
    expect(read('etc/passwd')).toMatch(/^alicia:x:10100:/m);
    expect(read('etc/passwd')).not.toMatch(/^alice:/m);
    expect(read('etc/group')).toMatch(/^slurm-users:x:31000:alicia$/m);
    expect(hasKeys('alicia')).toBe(true);
  });

  test('by a rename whose files could not be written', async () => {
    lay({ accounts: ', rename: apply' });
    await sync([alice]);
    rmSync(path.join(root, 'etc/.pwd.lock'), { force: true });
    mkdirSync(path.join(root, 'etc/.pwd.lock'));
    await sync([called(alice, 'alicia')]).catch(() => '');
    rmSync(path.join(root, 'etc/.pwd.lock'), { recursive: true });
    expect(await sync([called(alice, 'alicia')])).toBe('');
    expect(read('etc/passwd')).toMatch(/^alicia:x:10100:/m);
    expect(hasKeys('alicia')).toBe(true);
  });
});
