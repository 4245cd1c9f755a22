// A root where names and ids are in use in ways that a strict parser does not see: nothing is granted twice.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applyToFiles } from '../../../src/host/accounts/local-accounts.ts';
import {
  type Company,
  type InProcessRoot,
  makeCompany,
  makeInProcessRoot,
} from '../../support/nodes/in-process-root.ts';

const DAY = 86_400_000;
const ROOT = 'root:x:0:0:root:/root:/bin/bash\n';

let node: InProcessRoot;

beforeEach(() => {
  node = makeInProcessRoot(`overrides: []`);
});
afterEach(() => node.remove());

const put = (file: string, text: string): void => {
  const whole = path.join(node.root, file);
  mkdirSync(path.dirname(whole), { recursive: true });
  writeFileSync(whole, text, 'latin1');
};

const company = (...names: readonly (readonly [name: string, uid: number, active?: boolean])[]): Company => ({
  people: names.map(([name, uid, active = true]) => ({ name, uid, active, keys: [] })),
  users: names.map(([name]) => name),
  admins: names.map(([name]) => name),
});

const refused = async (people: Company): Promise<string[]> =>
  (await node.sync(people)).refusals.map(({ scimId, code, detail }) => `${scimId} ${code}: ${detail}`);

describe('what is in use is never granted, and the refusal names the location', () => {
  test.each([
    [
      'a uid on a second line of a name',
      { 'etc/passwd': `${ROOT}ops:x:1201:1201::/:/bin/sh\nops:x:10001:1201::/:/bin/sh\n` },
      'u-alice uid-local: a local account has the uid 10001 (/etc/passwd:3); local ones win',
    ],
    [
      'a name on a line of six fields',
      { 'etc/passwd': `${ROOT}alice:x:1300:1300::/home/alice\n` },
      'u-alice name-local: a local account is called alice (/etc/passwd:2); local ones win',
    ],
    [
      'a name on a line that glibc skips as well',
      { 'etc/passwd': `${ROOT}\nalice:x\n` },
      'u-alice name-in-use: the name alice is in use on this node (/etc/passwd:3): it is never granted',
    ],
    [
      'a uid on a NIS line',
      { 'etc/passwd': `${ROOT}+bob:x:10001:::::\n` },
      'u-alice uid-in-use: the uid 10001 is in use on this node (/etc/passwd:2): it is never granted',
    ],
    [
      'a name that shadow has',
      { 'etc/shadow': 'root:*:20000:0:99999:7:::\nalice:$y$hash:19000:0:99999:7:::\n' },
      'u-alice name-in-use: the name alice is in use on this node (/etc/shadow:2): it is never granted',
    ],
    [
      'a name that a local group lists',
      { 'etc/group': 'root:x:0:\nsudo:x:27:bob,alice\n' },
      'u-alice name-in-use: the name alice is in use on this node (/etc/group:2): it is never granted',
    ],
    [
      'a name that gshadow lists as an administrator',
      { 'etc/gshadow': 'root:*::\nsudo:!:alice:\n' },
      'u-alice name-in-use: the name alice is in use on this node (/etc/gshadow:2): it is never granted',
    ],
    [
      'a uid that is part of a range',
      { 'etc/subuid': '# ranges\nlocal:10000:65536\n' },
      'u-alice uid-in-use: the uid 10001 is in use on this node (/etc/subuid:2): it is never granted',
    ],
    [
      'a uid that is part of a range, in hexadecimal',
      { 'etc/subuid': 'local:0x2710:0x10000\n' },
      'u-alice uid-in-use: the uid 10001 is in use on this node (/etc/subuid:1): it is never granted',
    ],
    [
      'a uid that is part of a range, in octal',
      { 'etc/subuid': 'local:023420:0200000\n' },
      'u-alice uid-in-use: the uid 10001 is in use on this node (/etc/subuid:1): it is never granted',
    ],
    [
      'a name with a range of its own',
      { 'etc/subgid': 'alice:200000:65536\n' },
      'u-alice name-in-use: the name alice is in use on this node (/etc/subgid:1): it is never granted',
    ],
    [
      'a name with a crontab',
      { 'var/spool/cron/crontabs/alice': '* * * * * true\n' },
      'u-alice name-in-use: the name alice is in use on this node (/var/spool/cron/crontabs/alice): it is never granted',
    ],
    [
      "a name in the system's crontabs",
      { 'etc/cron.d/backup': 'PATH=/bin\n@daily alice /bin/true\n' },
      'u-alice name-in-use: the name alice is in use on this node (/etc/cron.d/backup:2): it is never granted',
    ],
    [
      'a name with an at job',
      { 'var/spool/cron/atjobs/a0000101c2a3b4': '#!/bin/sh\n# atrun uid=1001 gid=1001\n# mail alice 0\n' },
      'u-alice name-in-use: the name alice is in use on this node (/var/spool/cron/atjobs/a0000101c2a3b4): it is never granted',
    ],
  ])('%s', async (_, files: Record<string, string>, expected) => {
    for (const [file, text] of Object.entries(files)) put(file, text);
    expect(await refused(company(['alice', 10001]))).toEqual([expected]);
    expect(node.read('etc/passwd')).not.toMatch(/^alice:[^:]*:10001:/m);
    expect(node.read('etc/group')).not.toMatch(/^slurm-.*alice/m);
  });

  test('nor a gid or a group name', async () => {
    put('etc/passwd', `${ROOT}local:x:1000:30000::/home/local:/bin/bash\n`);
    put('etc/gshadow', 'root:*::\nslurm-admins:!::\n');
    expect(await refused(company())).toEqual([
      'g-slurm-admins group-in-use: the name slurm-admins is in use on this node (/etc/gshadow:2); it is never granted',
      'g-slurm-users gid-in-use: the gid 30000 is in use on this node (/etc/passwd:2): it is never granted',
    ]);
  });

  test('while a managed account keeps its name and uid, whatever knows it by then', async () => {
    const people = company(['alice', 10001]);
    expect(await refused(people)).toEqual([]);
    put('etc/subuid', 'alice:10000:65536\n');
    put('var/spool/cron/crontabs/alice', '* * * * * true\n');
    put('etc/group', node.read('etc/group').replace('local:x:1000:', 'local:x:1000:alice'));
    expect(await refused(people)).toEqual([]);
    expect(node.line('etc/passwd', 'alice')).toContain(':10001:');
  });
});

test('a line that appears under the lock with the new name of a rename keeps it', async () => {
  const before = { name: 'alice', uid: 10001, gid: 9999, gecos: '', dir: '/home/alice', shell: '/bin/bash' };
  const text = `${ROOT}alice:x:10001:9999::/home/alice:/bin/bash\nalicia:x:1300:1300::/home/x:/bin/sh\n`;
  put('etc/passwd', text);
  const change = { scimId: 'u-alice', because: 'a test', kind: 'account-alter', name: 'alicia' } as const;
  const misfits = await applyToFiles(
    node.root,
    [{ ...change, before, entry: { ...before, name: 'alicia' } }],
    20_000,
  );
  expect(misfits.map(({ problem }) => problem)).toEqual([
    'another program added an account alicia meanwhile',
  ]);
  expect(node.read('etc/passwd')).toBe(text);
});

test('a line that appears under the lock takes neither account nor membership', async () => {
  // The plan is older than the line: what is created fails, and so does all that rests on it.
  const common = { scimId: 'd', because: 'a test' };
  put('etc/passwd', `${ROOT}dave:x:1300:1300::/home/dave\n`);
  put('etc/group', 'root:x:0:\nslurm-admins:x:30001:\nops:x:1201:\n');
  const entry = { name: 'dave', uid: 10005, gid: 9999, gecos: '', dir: '/home/dave', shell: '/bin/sh' };
  const misfits = await applyToFiles(
    node.root,
    [
      { ...common, kind: 'group-create', name: 'ops', gid: 30005 },
      { ...common, kind: 'account-create', name: 'dave', entry },
      { ...common, kind: 'member-add', name: 'slurm-admins', member: 'dave', sudo: true },
      { ...common, kind: 'member-add', name: 'ops', member: 'root', sudo: false },
    ],
    20_000,
  );
  expect(misfits.map(({ change, problem }) => `${change.kind}: ${problem}`)).toEqual([
    'group-create: another program added a group ops meanwhile',
    'account-create: another program added an account dave meanwhile',
    'member-add: an earlier step for it failed',
    'member-add: an earlier step for it failed',
  ]);
  expect(node.read('etc/group')).toBe('root:x:0:\nslurm-admins:x:30001:\nops:x:1201:\n');
});

describe('who leaves is disabled, however their line reads by then', () => {
  test.each([
    ['of six fields', (line: string) => line.replace(/:[^:]*$/, '')],
    ['of eight fields', (line: string) => `${line}:more`],
    ['below a stub with their name', (line: string) => `person0:x:\n${line}`],
  ])('%s', async (_, edit) => {
    const people = makeCompany(1);
    const [person] = people.people;
    await node.sync(people);
    const line = node.line('etc/passwd', 'person0') ?? '';
    expect(line).toBe('person0:x:20000:9999::/home/person0:/bin/bash');
    put('etc/passwd', node.read('etc/passwd').replace(line, edit(line)));
    if (person !== undefined) person.active = false;
    await node.sync(people);
    expect(node.line('etc/passwd', 'person0')).toBe('person0:x:20000:9999::/home/person0:/usr/sbin/nologin');
    expect(node.line('etc/shadow', 'person0')?.split(':')[7]).toBe('1');
  });
});

describe('a name that is free again stands in no list', () => {
  test('after an account is removed', async () => {
    await node.sync(company(['alice', 10001], ['bob', 10002]));
    put('etc/group', node.read('etc/group').replace('local:x:1000:', 'local:x:1000:bob,alice'));
    put('etc/gshadow', node.read('etc/gshadow').replace('local:!::', 'local:!:alice:bob,alice'));
    put('etc/subuid', 'alice:200000:65536\nbob:300000:65536\n');
    const now = Date.now();
    const left = company(['alice', 10001, false], ['bob', 10002]);
    await node.sync(left, now);
    await node.sync(left, now + 91 * DAY);
    expect(node.line('etc/passwd', 'alice')).toBeUndefined();
    expect(node.line('etc/group', 'local')).toBe('local:x:1000:bob');
    expect(node.line('etc/gshadow', 'local')).toBe('local:!::bob');
    for (const file of ['etc/group', 'etc/gshadow', 'etc/subuid'])
      expect(readFileSync(path.join(node.root, file), 'latin1')).not.toMatch(/alice/);
    expect(node.read('etc/subuid')).toBe('bob:300000:65536\n');
  });

  test('after an account is renamed, whose new name stands instead', async () => {
    await node.sync(company(['alice', 10001]));
    put('etc/group', 'root:x:0:\nlocal:x:1000:zed,alice\nslurm-users:x:30000:alice,alicia\n');
    put('etc/subuid', 'alice:200000:65536\n');
    const before = {
      name: 'alice',
      uid: 10001,
      gid: 9999,
      gecos: '',
      dir: '/home/alice',
      shell: '/bin/bash',
    };
    const change = { scimId: 'u-alice', because: 'a test', kind: 'account-alter', name: 'alicia' } as const;
    await applyToFiles(node.root, [{ ...change, before, entry: { ...before, name: 'alicia' } }], 20_000);
    expect(node.line('etc/passwd', 'alicia')).toContain(':10001:');
    expect(node.read('etc/group')).toBe('root:x:0:\nlocal:x:1000:zed,alicia\nslurm-users:x:30000:alicia\n');
    expect(node.read('etc/subuid')).toBe('alicia:200000:65536\n');
  });
});
