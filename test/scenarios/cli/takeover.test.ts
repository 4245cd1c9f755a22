// import and rebind from the command line to the next sync, on a throwaway root with records in its state database.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readAudit } from '../../../src/agent/report/audit.ts';
import { openNodeContext } from '../../../src/agent/node-context.ts';
import { syncFromState } from '../../../src/agent/operator/sync-now.ts';
import * as importing from '../../../src/cli/operate/import.ts';
import * as rebinding from '../../../src/cli/operate/rebind.ts';
import type { StoredGroup, StoredUser } from '../../../src/policy/model.ts';
import { makeGroup, makeUser } from '../../support/records/organisation.ts';
import { rememberRecords } from '../../support/records/remember.ts';
import { runCommand } from '../../support/run-command.ts';

const PASSWD = `root:x:0:0:root:/root:/bin/bash
alice:x:10100:10100:Alice:/srv/people/alice:/bin/sh
bob:x:1000:1000::/home/bob:/bin/bash
`;
const GROUP = 'root:x:0:\nvideo:x:44:alice\nteam:x:2000:alice,bob\nalice:x:10100:\nbob:x:1000:\n';

let root: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'takeover-'));
  for (const directory of ['etc/sunk-agent', 'home', 'srv/people/alice'])
    mkdirSync(path.join(root, directory), { recursive: true });
  write('etc/passwd', PASSWD);
  write('etc/group', GROUP);
  write('etc/shadow', 'root:*:1::::::\nalice:$y$hash:20000:0:99999:7:::\nbob:!:20000:0:99999:7:::\n');
  write('etc/shells', '/bin/sh\n/bin/bash\n');
  write(
    'etc/sunk-agent/config.yaml',
    'scim: { base_url: "https://store.example/x" }\naccess: { groups: [{ name: slurm-users }] }\naccounts: { domains: [example.com] }\n',
  );
});

afterEach(() => rmSync(root, { recursive: true }));

function write(file: string, text: string): void {
  writeFileSync(path.join(root, file), text);
}

const line = (file: string, name: string): string | undefined =>
  readFileSync(path.join(root, file), 'utf8')
    .split('\n')
    .find((text) => text.startsWith(`${name}:`));

const remember = (users: readonly StoredUser[], groups: readonly StoredGroup[]): void =>
  rememberRecords(root, users, groups);

const run = (name: 'import' | 'rebind', ...args: string[]) =>
  runCommand(name === 'import' ? importing : rebinding, root, args);

const sync = () => syncFromState(openNodeContext({ root, config: undefined }), () => {});
const slurmUsers = (...members: string[]) => makeGroup('users', 31_000, members, { name: 'slurm-users' });

describe('sunk-agent import', () => {
  beforeEach(() => {
    remember([makeUser('alice', 10100), makeUser('bob', 10200)], [slurmUsers('u-alice', 'u-bob')]);
  });

  test('shows what it would take over, what it refuses, and what the next sync would do; changes nothing', async () => {
    const { status, stdout } = await run('import', '--local', 'alice', 'bob', 'carol');
    expect(status).toBe(1);
    expect(stdout).toContain('+ account alice: uid 10100, gid 10100, /srv/people/alice  (is u-alice');
    expect(stdout).toContain('! account bob refused: the uid is 1000 here and 10200 at the store');
    expect(stdout).toContain('! account carol refused');
    expect(stdout).toContain('+ member of group sunk-users: alice');
    expect((await run('import', '--local', 'alice')).status).toBe(2);
    expect(line('etc/passwd', 'alice')).toBe('alice:x:10100:10100:Alice:/srv/people/alice:/bin/sh');
  });

  test('makes a local account managed, and keeps its line, password, groups and ids', async () => {
    await sync();
    expect(line('etc/group', 'sunk-users')).toBeUndefined();
    const { status, stdout } = await run('import', '--local', 'alice', '--apply', '--json');
    expect({ status, ...JSON.parse(stdout) }).toMatchObject({
      status: 0,
      applied: true,
      bindings: [{ name: 'alice' }],
    });
    await sync();
    const lines = readFileSync(path.join(root, 'etc/passwd'), 'utf8').split('\n');
    expect(lines[1]).toBe('alice:x:10100:10100:alice:/srv/people/alice:/bin/bash');
    expect(line('etc/shadow', 'alice')).toBe('alice:$y$hash:20000:0:99999:7:::');
    expect(line('etc/group', 'sunk-users')).toBe('sunk-users:x:9999:alice');
    expect(line('etc/group', 'team')).toBe('team:x:2000:alice,bob');
    expect(line('etc/group', 'video')).toBe('video:x:44:alice');
    expect(line('etc/group', 'slurm-users')).toBe('slurm-users:x:31000:alice');
    expect(line('etc/passwd', 'bob')).toBe('bob:x:1000:1000::/home/bob:/bin/bash');
    expect((await run('import', '--local', 'alice')).stdout).toContain('1 in the ledger already');
    expect(readAudit(openNodeContext({ root, config: undefined }).paths).entries).toMatchObject([
      { act: 'import', detail: '1 account: alice' },
    ]);
  });

  test('takes over a passwd.cache, and skips comments and malformed lines', async () => {
    write('etc/passwd', PASSWD.split('\n')[0] ?? '');
    write('people', '# made elsewhere\nalice:x:10100:10100::/mnt/home/alice:/bin/bash\nbroken\n:x:1:1:::\n');
    const { status, stdout } = await run('import', path.join(root, 'people'), '--apply');
    expect(stdout).toContain('1 taken over, 0 refused');
    expect(status).toBe(0);
  });

  test('says what an account that stays would lose, where its groups and keys are not beside the file', async () => {
    const file = path.join(root, 'passwd.cache');
    write('passwd.cache', 'gone:x:12777:12777::/mnt/home/gone:/bin/bash\n');
    const absent = (await run('import', file, '--unknown', 'keep')).stdout;
    for (const [map, what] of [
      ['group', 'groups of their own'],
      ['sshkey', 'keys'],
    ])
      expect(absent).toContain(
        `! ${root}/${map}.cache is not beside FILE: 1 account would be published without ${what}`,
      );
    expect((await run('import', file, '--unknown', 'drop')).stdout).not.toContain('beside FILE');
    write('group.cache', 'gone:x:12777:\n');
    write('sshkey.cache', "gone:['ssh-ed25519 AAAA']\n");
    expect((await run('import', file, '--unknown', 'keep')).stdout).not.toContain('beside FILE');
  });

  test('names the file that it cannot read', async () => {
    await expect(run('import', '/nonexistent/passwd.cache')).rejects.toThrow(
      /cannot read \/nonexistent\/passwd.cache/,
    );
  });
});

describe('sunk-agent rebind', () => {
  const again = makeUser('alice', 10100, { id: 'u-new', externalId: 'e-1' });
  beforeEach(async () => {
    write('etc/passwd', PASSWD.split('\n')[0] ?? '');
    // A name that any other line of the node has is kept from the store.
    write('etc/group', 'root:x:0:\n');
    write('etc/shadow', 'root:*:1::::::\n');
    remember([makeUser('alice', 10100, { externalId: 'e-1' })], [slurmUsers('u-alice')]);
    await sync();
    remember([again], [slurmUsers('u-new')]);
    await sync();
  });

  test('restores the account for the new SCIM id, with name, uid and home', async () => {
    expect(line('etc/passwd', 'alice')).toContain('/usr/sbin/nologin');
    const shown = await run('rebind', 'u-alice', 'u-new');
    expect(shown.status).toBe(2);
    expect(shown.stdout).toContain('~ account alice, uid 10100: would be u-new, formerly u-alice');
    expect(shown.stdout).toContain('+ account alice enabled');
    const moved = await run('rebind', 'u-alice', 'u-new', '--apply');
    expect(moved.status).toBe(0);
    expect(moved.stdout).toContain('~ account alice, uid 10100: is u-new, formerly u-alice');
    await sync();
    expect(line('etc/passwd', 'alice')).toBe('alice:x:10100:9999:alice:/home/alice:/bin/bash');
    expect(line('etc/group', 'slurm-users')).toBe('slurm-users:x:31000:alice');
    expect(readAudit(openNodeContext({ root, config: undefined }).paths).entries).toMatchObject([
      { act: 'rebind', subject: 'u-alice', detail: 'account alice, 10100: now u-new' },
    ]);
  });

  test('import names the former id, and the command that moves it', async () => {
    write('people', 'alice:x:10100:9999::/home/alice:/bin/bash\n');
    const { status, stdout } = await run('import', path.join(root, 'people'));
    expect(status).toBe(1);
    expect(stdout).toContain('the ledger binds alice, uid 10100, to u-alice;');
    expect(stdout).toContain('sunk-agent rebind u-alice u-new');
  });

  test('does so in bulk by externalId, and finds nothing the second time', async () => {
    const { status, stdout } = await run('rebind', '--by', 'external-id', '--apply', '--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ moves: [{ to: 'u-new' }], refused: [] });
    expect((await run('rebind', '--by', 'external-id')).status).toBe(0);
  });

  test('refuses what would make two people one', async () => {
    const { status, stdout } = await run('rebind', 'u-new', 'u-alice');
    expect(status).toBe(1);
    expect(stdout).toContain('the ledger binds nothing to u-new');
    await expect(run('rebind', 'u-alice')).rejects.toThrow(/the two SCIM ids/);
    await expect(run('rebind', '--by', 'name')).rejects.toThrow(/external-id/);
  });
});
