import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { withAccountLock } from '../../../src/host/accounts/account-lock.ts';
import { editTexts } from '../../../src/host/accounts/edit-accounts.ts';
import { applyToFiles, readLocalAccounts } from '../../../src/host/accounts/local-accounts.ts';
import type { AccountChange } from '../../../src/plan/change.ts';

const TODAY = 20_000;
const FILES = ['passwd', 'group', 'shadow', 'gshadow'];

let root: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'accounts-'));
  mkdirSync(path.join(root, 'etc'));
  write('passwd', 'root:x:0:0:root:/root:/bin/bash\nlocal:x:1000:1000::/home/local:/bin/sh\n');
  write('group', 'root:x:0:\nlocal:x:1000:\n');
  write('shadow', 'root:*:19000:0:99999:7:::\nlocal:$y$hash:19000:0:99999:7:::\n');
  write('gshadow', 'root:*::\nlocal:!::\n');
});

afterEach(() => rmSync(root, { recursive: true }));

const write = (file: string, text: string) => writeFileSync(path.join(root, 'etc', file), text, 'latin1');
const read = (file: string) => readFileSync(path.join(root, 'etc', file), 'latin1');
const line = (file: string, name: string) =>
  read(file)
    .split('\n')
    .find((text) => text.startsWith(`${name}:`));

const entry = {
  name: 'alice',
  uid: 10_000,
  gid: 9999,
  gecos: 'Alice Ünïcode',
  dir: '/home/alice',
  shell: '/bin/bash',
};
const common = { scimId: 'a', name: 'alice', because: 'a test' };
const CREATE: AccountChange = { ...common, kind: 'account-create', entry };
const DISABLE: AccountChange = {
  ...common,
  kind: 'account-close',
  entry: { ...entry, shell: '/usr/sbin/nologin' },
  reason: 'inactive',
};
const ENABLE: AccountChange = { ...common, kind: 'account-reopen', entry };
const MANAGED_GROUP: AccountChange = {
  scimId: null,
  name: 'sunk-users',
  because: 'a test',
  kind: 'group-create',
  gid: 9999,
};
const apply = (...changes: AccountChange[]) => applyToFiles(root, changes, TODAY);

describe('the account files', () => {
  test('get an account without a password, whose keys work, and read back the same', async () => {
    expect(await apply(MANAGED_GROUP, CREATE)).toEqual([]);
    expect(line('shadow', 'alice')).toBe('alice:*:20000:0:99999:7:::');
    const { accounts, groups } = readLocalAccounts(root);
    expect(accounts.get('alice')).toEqual({ entry, expiryDay: null });
    expect(groups.get('sunk-users')).toEqual({ name: 'sunk-users', gid: 9999, members: [] });
  });

  test('are found sound by pwck and grpck', async () => {
    await apply(MANAGED_GROUP, CREATE);
    const results = ['pwck', 'grpck'].map((tool) => {
      const files = tool === 'pwck' ? ['passwd', 'shadow'] : ['group', 'gshadow'];
      return spawnSync(tool, ['-r', '-q', ...files.map((file) => path.join(root, 'etc', file))], {
        encoding: 'utf8',
      });
    });
    expect(results.map(({ stdout }) => stdout).join('')).not.toContain('invalid');
  });

  test('disable an account by expiry and shell, keep its hash, and enable it again as it was', async () => {
    await apply(MANAGED_GROUP, CREATE);
    const before = FILES.map(read);
    await apply(DISABLE);
    expect(line('shadow', 'alice')).toBe('alice:*:20000:0:99999:7::1:');
    expect(line('passwd', 'alice')).toContain(':/usr/sbin/nologin');
    await apply(ENABLE);
    expect(FILES.map(read)).toEqual(before);
  });

  test('keep mode and owner, and a backup as the shadow tools leave it', async () => {
    chmodSync(path.join(root, 'etc/shadow'), 0o600);
    const before = read('passwd');
    await apply(CREATE);
    expect(statSync(path.join(root, 'etc/shadow')).mode & 0o777).toBe(0o600);
    expect(read('passwd-')).toBe(before);
  });

  test('are not written when nothing changes', async () => {
    await apply(MANAGED_GROUP, CREATE);
    const inodes = FILES.map((file) => statSync(path.join(root, 'etc', file)).ino);
    await apply({ ...common, kind: 'account-alter', before: entry, entry });
    expect(FILES.map((file) => statSync(path.join(root, 'etc', file)).ino)).toEqual(inodes);
  });

  test('stay as they are where there is no gshadow', async () => {
    rmSync(path.join(root, 'etc/gshadow'));
    await apply(MANAGED_GROUP);
    expect(existsSync(path.join(root, 'etc/gshadow'))).toBe(false);
  });

  test('follow a rename in place, with the hash and its dates', async () => {
    await apply(MANAGED_GROUP, CREATE);
    const renamed = { ...entry, name: 'alison' };
    expect(
      await apply({ ...common, name: 'alison', kind: 'account-alter', before: entry, entry: renamed }),
    ).toEqual([]);
    expect(line('passwd', 'alice')).toBeUndefined();
    expect(line('shadow', 'alison')).toBe('alison:*:20000:0:99999:7:::');
  });
});

describe('a local account always wins', () => {
  test.each<[string, AccountChange]>([
    ['its name', { ...CREATE, name: 'local', entry: { ...entry, name: 'local' } }],
    ['its uid', { ...CREATE, entry: { ...entry, uid: 1000 } }],
    ['a uid of the system', { ...CREATE, entry: { ...entry, uid: 999 } }],
    [
      'its disabling, by a change about another uid',
      { ...DISABLE, name: 'local', entry: { ...entry, name: 'local' } },
    ],
    ['a group of the system', { ...common, name: 'root', kind: 'member-add', member: 'alice', sudo: false }],
    ['the name of its group', { ...MANAGED_GROUP, name: 'local' }],
  ])('over a change that would take %s', async (_, change) => {
    const before = FILES.map(read);
    const [misfit] = await apply(change);
    expect(misfit?.change).toBe(change);
    expect(FILES.map(read)).toEqual(before);
  });

  test('and the other changes of the same sync are applied', async () => {
    const misfits = await apply(
      MANAGED_GROUP,
      { ...CREATE, name: 'local', entry: { ...entry, name: 'local' } },
      CREATE,
    );
    expect(misfits).toHaveLength(1);
    expect(line('passwd', 'alice')).toBeDefined();
  });
});

describe('the lock of the shadow tools', () => {
  test('is waited for, and given up on with an error that names it', async () => {
    const module = path.resolve(import.meta.dirname, '../../../src/host/accounts/account-lock.ts');
    const program = `
      const { withAccountLock } = await import(${JSON.stringify(module)});
      await withAccountLock(${JSON.stringify(root)}, 0, () => {
        process.stdout.write('held');
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30_000);
      });`;
    const holder = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    await expect(withAccountLock(root, 200, () => 1)).rejects.toThrow(/\.pwd\.lock/);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    expect(await withAccountLock(root, 200, () => 2)).toBe(2);
  });
});

test('a group of 30,000 members is created, filled and emptied in one batch', () => {
  const empty = { passwd: '', shadow: '', group: 'local:x:1000:\n', gshadow: 'local:!::\n' };
  const names = Array.from({ length: 30_000 }, (_, n) => `p${String(n).padStart(5, '0')}`);
  const group = { scimId: 'g', name: 'everyone', because: 'a test' };
  const fill: AccountChange[] = [
    { ...group, kind: 'group-create', gid: 30_000 },
    ...names
      .toReversed()
      .map((member): AccountChange => ({ ...group, kind: 'member-add', member, sudo: false })),
  ];
  const { texts, misfits } = editTexts(empty, fill, TODAY);
  expect(misfits).toEqual([]);
  expect(texts.group).toBe(`local:x:1000:\neveryone:x:30000:${names.join(',')}\n`);
  expect(texts.gshadow).toBe(`local:!::\neveryone:!::${names.join(',')}\n`);
  const leave = names.slice(1).map((member): AccountChange => ({ ...group, kind: 'member-remove', member }));
  expect(editTexts(texts, leave, TODAY).texts.group).toBe('local:x:1000:\neveryone:x:30000:p00000\n');
});

test('of a member who is removed and added in one batch, the last change counts', () => {
  const before = {
    passwd: '',
    shadow: '',
    group: 'team:x:20000:alice,bob\n',
    gshadow: 'team:!::alice,bob\n',
  };
  const move = (kind: 'member-add' | 'member-remove', member: string): AccountChange =>
    kind === 'member-add'
      ? { ...common, kind, name: 'team', member, sudo: false }
      : { ...common, kind, name: 'team', member };
  const steps = [move('member-remove', 'alice'), move('member-add', 'alice'), move('member-add', 'carol')];
  expect(editTexts(before, steps, TODAY).texts.group).toBe('team:x:20000:alice,bob,carol\n');
  const away = [move('member-add', 'carol'), move('member-remove', 'carol'), move('member-remove', 'bob')];
  expect(editTexts(before, away, TODAY).texts.group).toBe('team:x:20000:alice\n');
});
