// People and groups that the store deleted and created again: from the dead end to the shell, on a throwaway root.
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openNodeContext } from '../../../src/agent/node-context.ts';
import { syncFromState } from '../../../src/agent/operator/sync-now.ts';
import * as rebinding from '../../../src/cli/operate/rebind.ts';
import * as why from '../../../src/cli/inspect/why.ts';
import * as status from '../../../src/cli/inspect/status.ts';
import { loadConfig } from '../../../src/config/config.ts';
import type { StoredGroup, StoredUser } from '../../../src/policy/model.ts';
import { makeGroup, makeUser } from '../../support/records/organisation.ts';
import { rememberRecords } from '../../support/records/remember.ts';
import { runCommand } from '../../support/run-command.ts';

let root: string;
const configFile = () => path.join(root, 'etc/sunk-agent/config.yaml');
const config = (more = '') =>
  `# by hand\nscim: { base_url: "https://store.example/x" }\naccess: { groups: [{ name: slurm-users }] }\naccounts: { domains: [example.com] }\n${more}`;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'recreated-'));
  for (const directory of ['etc/sunk-agent', 'home', 'bin'])
    mkdirSync(path.join(root, directory), { recursive: true });
  for (const [file, text] of [
    ['passwd', 'root:x:0:0:root:/root:/bin/bash\n'],
    ['group', 'root:x:0:\n'],
    ['shadow', 'root:*:1::::::\n'],
    ['shells', '/bin/bash\n'],
  ] as const)
    writeFileSync(path.join(root, 'etc', file), text);
  writeFileSync(path.join(root, 'bin/bash'), '', { mode: 0o755 });
  writeFileSync(configFile(), config());
});
afterEach(() => rmSync(root, { recursive: true }));

const line = (file: string, name: string): string | undefined =>
  readFileSync(path.join(root, 'etc', file), 'utf8')
    .split('\n')
    .find((text) => text.startsWith(`${name}:`));
const sync = () => syncFromState(openNodeContext({ root, config: undefined }), () => {});
const remember = async (users: readonly StoredUser[], groups: readonly StoredGroup[]) => {
  rememberRecords(root, users, groups);
  return sync();
};
const rebind = (...args: string[]) => runCommand(rebinding, root, args);
/** The command that `why` prints, run word for word. */
async function follow(name: string) {
  const { stdout } = await runCommand(why, root, [name]);
  const [, command = ''] = /sunk-agent (rebind \S+ \S+ --apply)/m.exec(stdout) ?? [];
  expect(stdout).toMatch(/^Fix: if it is the same (person|group): sunk-agent rebind/m);
  return rebind(...command.split(' ').slice(1));
}

const users = (...members: string[]) => makeGroup('users', 31_000, members, { name: 'slurm-users' });
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl';
const bob = makeUser('bob', 10_005, { keys: [KEY] });
const again = makeUser('bob', 10_042, { id: 'u-new', keys: [KEY] });
const ENABLED = 'bob:x:10005:9999:bob:/home/bob:/bin/bash';

describe('a person who was created again with another uid', () => {
  beforeEach(async () => {
    await remember([bob], [users('u-bob')]);
    expect(line('passwd', 'bob')).toBe(ENABLED);
    const report = await remember([again], [users('u-new')]);
    expect(report.stranded).toMatchObject({ count: 1, first: [{ from: 'u-bob', to: 'u-new', name: 'bob' }] });
  });

  test.each(['bob', 'bob@example.com', 'u-bob', 'u-new'])(
    'has access again by the command that `why %s` prints, with the uid of this node',
    async (name) => {
      const { status: code, stderr } = await follow(name);
      expect(code).toBe(0);
      expect(line('passwd', 'bob')).toBe(ENABLED);
      expect(stderr).toContain('config.yaml is written');
      expect(readFileSync(configFile(), 'utf8')).toContain('# by hand');
      expect(loadConfig(configFile()).overrides).toEqual([{ id: 'u-new', uid: 10_005 }]);
      // Said once, and not in each sync.
      const { refusals, stranded } = await sync();
      expect([refusals, stranded]).toEqual([[], undefined]);
    },
  );

  test('is named by status, with the command', async () => {
    const { stdout, status: code } = await runCommand(status, root, []);
    expect(stdout).toContain('created again at the store');
    expect(stdout).toContain('sunk-agent rebind u-bob u-new');
    expect(code).not.toBe(0);
  });

  test('takes the uid of the store where the operator asks, and is told which files have to follow', async () => {
    const shown = await rebind('u-bob', 'u-new', '--store-ids');
    expect(shown.stdout).toContain('account bob, uid 10005 -> 10042: would be u-new');
    const { status: code, stdout, stderr } = await rebind('u-bob', 'u-new', '--store-ids', '--apply');
    expect([code, stdout]).toEqual([0, stdout]);
    expect(line('passwd', 'bob')).toBe('bob:x:10042:9999:bob:/home/bob:/bin/bash');
    expect(stderr).toContain(`find ${root}/home/bob -xdev -uid 10005 -exec chown -h 10042 {} +`);
    expect(loadConfig(configFile()).overrides).toEqual([]);
    const [, command = ''] = /^ {2}(find .*)$/m.exec(stderr) ?? [];
    execFileSync('sh', ['-c', command]);
    // The former uid is never another's.
    const zoe = makeUser('zoe', 10_005, { keys: [] });
    const { refusals } = await remember([again, zoe], [users('u-new', 'u-zoe')]);
    expect(refusals.map(({ scimId, code: why_ }) => `${scimId} ${why_}`)).toEqual(['u-zoe uid-bound']);
  });

  test('is as before after the move is taken back, and after it is made again', async () => {
    await rebind('u-bob', 'u-new', '--apply');
    expect((await rebind('u-new', 'u-bob', '--apply')).status).toBe(0);
    expect(line('passwd', 'bob')).toContain('nologin');
    expect((await follow('bob')).status).toBe(0);
    expect(line('passwd', 'bob')).toBe(ENABLED);
  });

  test('has access also where the configuration cannot be written, and the operator is told what belongs there', async () => {
    renameSync(configFile(), `${configFile()}.data`);
    symlinkSync('config.yaml.data', configFile());
    const { status: code, stderr } = await rebind('u-bob', 'u-new', '--apply');
    expect(code).toBe(0);
    expect(line('passwd', 'bob')).toBe(ENABLED);
    expect(stderr).toContain('overrides:\n    - { id: "u-new", uid: 10005 }');
    expect(readFileSync(configFile(), 'utf8')).toBe(config());
  });
});

describe('an access group that was created again with another gid', () => {
  const people = ['ann', 'ben', 'cat', 'dan'].map((name, n) => makeUser(name, 10_100 + n));
  const ids = people.map(({ record }) => record.id);
  const fresh = makeGroup('new', 31_777, ids, { name: 'slurm-users' });

  test('keeps its members, and the group itself, before an operator does anything', async () => {
    await remember(people, [users(...ids)]);
    const { changes, stranded } = await remember(people, [fresh]);
    expect(changes).toMatchObject({ done: 0, held: 0, failed: 0 });
    expect(stranded).toMatchObject({ first: [{ from: 'g-users', to: 'g-new', kind: 'group' }] });
    expect(line('group', 'slurm-users')).toBe('slurm-users:x:31000:ann,ben,cat,dan');
    // A member who is no longer listed goes; one that only the new group lists waits.
    const eve = makeUser('eve', 10_200);
    await remember(
      [...people, eve],
      [{ ...fresh, record: { ...fresh.record, members: [...ids.slice(1), 'u-eve'] } }],
    );
    expect(line('group', 'slurm-users')).toBe('slurm-users:x:31000:ben,cat,dan');
    expect((await rebind('g-users', 'g-new', '--apply')).status).toBe(0);
    expect(line('group', 'slurm-users')).toBe('slurm-users:x:31000:ben,cat,dan,eve');
    expect(loadConfig(configFile()).overrides).toEqual([{ group: 'g-new', gid: 31_000 }]);
  });

  test('is one step away where the configuration pins the id', async () => {
    writeFileSync(configFile(), config().replace('name: slurm-users', 'name: slurm-users, id: g-users'));
    await remember(people, [users(...ids)]);
    const { changes, stranded } = await remember(people, [fresh]);
    expect(stranded?.first).toMatchObject([{ kind: 'group', from: 'g-users', to: 'g-new' }]);
    expect(changes.held).toBeGreaterThan(0);
    expect(line('passwd', 'ann')).toContain('/bin/bash');
    expect((await rebind('g-users', 'g-new', '--apply')).status).toBe(0);
    expect(line('group', 'slurm-users')).toBe('slurm-users:x:31000:ann,ben,cat,dan');
    expect(loadConfig(configFile()).access.groups).toMatchObject([{ id: 'g-new' }]);
    expect((await sync()).changes).toMatchObject({ done: 0, held: 0 });
  });
});
