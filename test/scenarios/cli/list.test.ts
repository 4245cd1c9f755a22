// `sunk-agent list` on a throwaway root: what the node has comes before what the next sync would do.
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openNodeContext } from '../../../src/agent/node-context.ts';
import { syncFromState } from '../../../src/agent/operator/sync-now.ts';
import { writeSlurmAccounts } from '../../../src/agent/slurm/slurm-accounts.ts';
import type { PersonRow } from '../../../src/agent/report/people/person-row.ts';
import * as listing from '../../../src/cli/inspect/list.ts';
import type { UserRecord } from '../../../src/protocol/records.ts';
import { openStateDatabase } from '../../../src/state/state.ts';
import { layRoot, ROOT_ACCOUNTS } from '../../support/nodes/root-directory.ts';
import { makeEd25519, seedRandom, writeBlob } from '../../support/records/key-corpus.ts';
import { makeGroup, makeUser } from '../../support/records/organisation.ts';
import { rememberRecords } from '../../support/records/remember.ts';
import { runCommand } from '../../support/run-command.ts';

const random = seedRandom(23);
const makeKey = (): string =>
  `ssh-ed25519 ${writeBlob('ssh-ed25519', makeEd25519(random)).toString('base64')}`;
const KEYS = new Map<string, string>();
const person = (name: string, uid: number | null, more: Partial<UserRecord> = {}) => {
  const key = KEYS.get(name) ?? makeKey();
  KEYS.set(name, key);
  return makeUser(name, uid, { keys: [key], ...more });
};

let root: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'list-'));
  layRoot(root, {
    files: { ...ROOT_ACCOUNTS, 'etc/sudoers': 'root ALL=(ALL:ALL) ALL\n' },
    config: `scim: { base_url: "https://store.example" }
access: { groups: [{ name: slurm-users }], sudo_groups: [{ name: slurm-admins }] }
accounts: { domains: [example.com], homes: never, retention: 30d }
limits: { max_loss: { at_most: 1 } }
`,
    token: null,
    directories: ['etc/sudoers.d'],
  });
});
afterEach(() => rmSync(root, { recursive: true }));

const PEOPLE = ['alice', 'bob', 'carol', 'dave', 'erin'] as const;

function remember(users: readonly ReturnType<typeof person>[], members?: readonly string[]): void {
  const ids = users.map(({ record }) => record.id);
  rememberRecords(root, users, [
    makeGroup('users', 31_000, members ?? ids, { name: 'slurm-users' }),
    makeGroup('admins', 31_001, ['u-alice'], { name: 'slurm-admins' }),
  ]);
}

/** Five people with accounts. */
async function enable(): Promise<void> {
  remember(PEOPLE.map((name, n) => person(name, 10_100 + n)));
  markComplete();
  await sync();
}

/** Sudo needs a complete read of the store. */
function markComplete(): void {
  const now = Math.floor(Date.now() / 1000);
  const state = openStateDatabase(path.join(root, 'var/lib/sunk-agent/cache'), now, 'this node');
  const n = state.beginSync(now);
  state.endSync(n, { startedAt: now, fetched: { complete: { User: true, Group: true } } }, []);
  state.close();
}

const sync = () => syncFromState(openNodeContext({ root, config: undefined }), () => {});
const list = (...args: string[]) => runCommand(listing, root, args);
async function rows(...args: string[]): Promise<Record<string, PersonRow>> {
  const { status, stdout } = await list('--json', ...args);
  expect(status).toBe(0);
  const { people } = JSON.parse(stdout) as { people: PersonRow[] };
  return Object.fromEntries(people.map((row) => [row.name ?? row.userName ?? row.scimId, row]));
}
const append = (file: string, text: string): void => appendFileSync(path.join(root, file), text);

describe('sunk-agent list', () => {
  test('says who can log in, through which group, with which keys and until when', async () => {
    await enable();
    const { alice, bob } = await rows();
    expect(alice).toMatchObject({
      userName: 'alice@example.com',
      scimId: 'u-alice',
      uid: 10_100,
      state: 'enabled',
      login: true,
      via: ['slurm-users'],
      sudo: true,
      sudoVia: ['slurm-admins'],
      lastLogin: null,
    });
    expect(alice?.groups).toEqual(['slurm-admins', 'slurm-users', 'sunk-users']);
    expect(alice?.keys).toHaveLength(1);
    expect(alice?.keys[0]?.fingerprint).toMatch(/^SHA256:/);
    expect(alice?.keyExpiry).toBe(alice?.keys[0]?.expiresAt);
    expect(bob).toMatchObject({ sudo: false, sudoVia: [], login: true });
  });

  test('shows what the node has, not what the next sync would make of it', async () => {
    await enable();
    remember(PEOPLE.map((name, n) => person(name, 10_100 + n, name === 'bob' ? { active: false } : {})));
    expect((await rows())['bob']).toMatchObject({ state: 'enabled', login: true });
    expect((await rows())['bob']?.why).toContain('inactive at the store, and still enabled');
    await sync();
    expect((await rows())['bob']).toMatchObject({
      state: 'disabled',
      login: false,
      keys: [],
      groups: ['sunk-users'],
    });
    // Enabled by hand, behind the agent's back.
    const shadow = readFileSync(path.join(root, 'etc/shadow'), 'utf8');
    writeFileSync(path.join(root, 'etc/shadow'), shadow.replace(/^(bob:.*):1:$/m, '$1::'));
    expect((await rows())['bob']).toMatchObject({ state: 'enabled', login: false });
  });

  test('tells a block that is in force from one that is not yet', async () => {
    await enable();
    append('etc/sunk-agent/blocked', 'u-carol carol  # root, today\n');
    expect((await rows())['carol']).toMatchObject({ state: 'enabled', login: true });
    await sync();
    expect((await rows())['carol']).toMatchObject({ state: 'blocked', login: false, keys: [] });
  });

  test('shows what the guard holds, as it still is', async () => {
    await enable();
    remember(
      PEOPLE.map((name, n) => person(name, 10_100 + n)),
      ['u-alice'],
    );
    await sync();
    const held = await rows('--state', 'held');
    expect(Object.keys(held).sort()).toEqual(['bob', 'carol', 'dave', 'erin']);
    expect(held['bob']).toMatchObject({ login: true, via: [], groups: ['slurm-users', 'sunk-users'] });
    expect(held['bob']?.why).toMatch(/sunk-agent approve [0-9a-f]{16}/);
  });

  test('has the people without an account, and why', async () => {
    remember([person('alice', 10_100), person('root', 10_101), person('low', 7)]);
    await sync();
    const state = openStateDatabase(path.join(root, 'var/lib/sunk-agent/cache'), 1, 'this node');
    const batch = state.openBatch({ now: 2, maxAge: null, absences: 2 });
    const findings = [{ code: 'uid', detail: 'uid is no number' }];
    batch.add('User', { kind: 'quarantined', id: 'u-frank', record: null, findings }, ['frank@example.com']);
    batch.commit(false);
    state.close();
    const found = await rows();
    expect(found['root@example.com']).toMatchObject({
      name: null,
      state: 'refused',
      login: false,
      uid: null,
    });
    expect(found['low@example.com']).toMatchObject({ state: 'refused' });
    expect(found['frank@example.com']).toMatchObject({
      state: 'quarantined',
      why: 'the record is broken: uid is no number',
    });
  });

  test('has accounts that were put into the managed group by hand, and what they can do', async () => {
    await enable();
    append('etc/passwd', 'mallory:x:1500:9999:::/bin/bash\nmel:x:1501:9999:::/bin/bash\n');
    append('etc/shadow', 'mallory:*:20000:0:99999:7:::\nmel:*:20000:0:99999:7::1:\n');
    append('etc/sudoers', 'mallory ALL=(ALL) NOPASSWD: ALL\n');
    const found = await rows();
    expect(found['mallory']).toMatchObject({
      scimId: null,
      state: 'enabled',
      sudo: true,
      sudoVia: ['/etc/sudoers:2'],
    });
    expect(found['mel']).toMatchObject({ scimId: null, state: 'disabled', login: false });
  });

  test('counts local groups and sudo rules that others wrote', async () => {
    await enable();
    append('etc/group', 'docker:x:990:bob\nwheel:x:991:erin\n');
    append('etc/sudoers', '%wheel ALL=(ALL) ALL\n#10103 ALL=(ALL) ALL\n');
    const found = await rows('--sudo');
    expect(Object.keys(found).sort()).toEqual(['alice', 'dave', 'erin']);
    expect(found['erin']?.sudoVia).toEqual(['/etc/sudoers:2']);
    expect(Object.keys(await rows('--group', 'dock*'))).toEqual(['bob']);
  });

  test('calls a key that has expired no login', async () => {
    await enable();
    const file = path.join(root, 'var/lib/sunk-agent/authorized_keys/dave');
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace(/expiry-time="\d+Z"/, 'expiry-time="20200101000000Z"'),
    );
    expect((await rows())['dave']).toMatchObject({
      state: 'enabled',
      login: false,
      keyExpiry: 1_577_836_800,
    });
    expect(Object.keys(await rows('--expires-within', '1d'))).toEqual(['dave']);
    expect(Object.keys(await rows('--login'))).not.toContain('dave');
  });

  test('joins its filters with "and", the values of one with "or"', async () => {
    await enable();
    expect(Object.keys(await rows('--user', 'AL*', '--user', 'u-bob'))).toEqual(['alice', 'bob']);
    expect(Object.keys(await rows('--user', '*@example.com', '--sudo'))).toEqual(['alice']);
    for (const wrong of [['--state', 'open'], ['--expires-within', 'soon'], ['alice'], ['--csv', '--json']])
      await expect(list(...wrong)).rejects.toMatchObject({ code: 'usage' });
  });

  test('reads the last login from lastlog, a sparse file by uid', async () => {
    await enable();
    const entry = process.arch === 'x64' ? 292 : 296;
    const bytes = Buffer.alloc((10_101 + 1) * entry);
    bytes.writeUInt32LE(1_750_000_000, 10_101 * entry);
    mkdirSync(path.join(root, 'var/log'), { recursive: true });
    writeFileSync(path.join(root, 'var/log/lastlog'), bytes);
    const { alice, bob, carol } = await rows();
    expect([alice?.lastLogin, bob?.lastLogin, carol?.lastLogin]).toEqual([null, 1_750_000_000, null]);
  });

  describe('with Slurm', () => {
    const configure = (): void => append('etc/sunk-agent/config.yaml', 'slurm: { mode: observe }\n');

    test('has the accounts in which a person can submit, in each format', async () => {
      configure();
      await enable();
      const { paths } = openNodeContext({ root, config: undefined });
      writeSlurmAccounts(paths, { at: 1_790_000_000, accounts: new Map([['alice', ['ml', 'vision']]]) });
      const { alice, bob } = await rows();
      expect([alice?.slurmAccounts, bob?.slurmAccounts]).toEqual([['ml', 'vision'], []]);
      expect(JSON.parse((await list('--json')).stdout)).toMatchObject({ slurmAt: 1_790_000_000 });
      const [header, first] = (await list('--csv')).stdout.split('\r\n');
      expect([header?.split(',').at(-1), first?.split(',').at(-1)]).toEqual([
        '"slurmAccounts"',
        '"ml vision"',
      ]);
      const { stdout } = await list();
      expect(stdout).toMatch(/ GROUPS +SLURM +WHY\n/);
      expect(stdout).toMatch(/^alice .* ml,vision +member of/m);
      expect(stdout).toMatch(/^bob .* - +member of/m);
      expect(stdout).toContain('; Slurm read at ');
    });

    test('says that it was not read yet, or that its file is damaged, as not known', async () => {
      configure();
      await enable();
      expect((await rows())['alice']?.slurmAccounts).toBeNull();
      expect((await list()).stdout).toMatch(/^alice .* \? +member of/m);
      expect((await list()).stdout).toContain('; Slurm not read yet');
      const { paths } = openNodeContext({ root, config: undefined });
      writeFileSync(paths.slurmAccounts, '{"schema_version":1,"at":1,"accounts":{"alice":"ml"}}');
      expect((await rows())['alice']?.slurmAccounts).toBeNull();
    });

    test('is not told of where it is not configured', async () => {
      await enable();
      const { stdout } = await list('--json');
      expect(stdout).not.toContain('slurm-accounts');
      expect(Object.keys(JSON.parse(stdout) as object)).not.toContain('slurmAt');
      expect((await rows())['alice']).not.toHaveProperty('slurmAccounts');
      expect((await list('--csv')).stdout).not.toContain('slurmAccounts');
      expect((await list()).stdout).not.toContain('SLURM');
    });
  });

  test('gives a spreadsheet nothing to run, and one record a person', async () => {
    await enable();
    remember([
      person('alice', 10_100),
      person('evil', 10_200, {
        userName: '=HYPERLINK("http://x.example","a")\r\n,"b"@example.com',
        username: null,
      }),
      person('plus', 10_201, { userName: ' +1+1@example.com', username: null }),
    ]);
    const { stdout } = await list('--csv');
    const lines = stdout.split('\r\n');
    expect(lines[0]).toMatch(/^"name","userName","scimId","uid","state","why","login"/);
    expect(lines.filter((line) => line !== '')).toHaveLength(1 + 7);
    expect(stdout).toContain(`"'=HYPERLINK(""http://x.example"",""a"")\\x0d\\x0a,""b""@example.com"`);
    expect(stdout).toContain(`"' +1+1@example.com"`);
    expect(stdout).not.toMatch(/(?:^|,)"\s*[=+@|%-]/m);
    const { stdout: text } = await list();
    expect(text).not.toMatch(/\r/);
    expect(text).toContain('7 people');
  });
});
