// `sunk-agent grant` on a throwaway root: what it gives, what ranks over it, and that it ends whatever the clock does.
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openNodeContext } from '../../../src/agent/node-context.ts';
import { readGrants, writeGrants } from '../../../src/agent/overrides/grants.ts';
import { syncFromState } from '../../../src/agent/operator/sync-now.ts';
import type { PersonRow } from '../../../src/agent/report/people/person-row.ts';
import * as listing from '../../../src/cli/inspect/list.ts';
import * as planning from '../../../src/cli/inspect/plan.ts';
import * as blocking from '../../../src/cli/operate/block.ts';
import * as granting from '../../../src/cli/operate/grant.ts';
import { pathsUnder } from '../../../src/common/paths.ts';
import { openStateDatabase } from '../../../src/state/state.ts';
import { layRoot, ROOT_ACCOUNTS } from '../../support/nodes/root-directory.ts';
import { makeEd25519, seedRandom, writeBlob } from '../../support/records/key-corpus.ts';
import { makeGroup, makeUser } from '../../support/records/organisation.ts';
import { rememberRecords } from '../../support/records/remember.ts';
import { runCommand } from '../../support/run-command.ts';

const random = seedRandom(24);
const KEYS = ['alice', 'bob', 'carol'].map(
  () => `ssh-ed25519 ${writeBlob('ssh-ed25519', makeEd25519(random)).toString('base64')}`,
);

let root: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'grant-'));
  layRoot(root, {
    files: ROOT_ACCOUNTS,
    config: `scim: { base_url: "https://store.example" }
access: { groups: [{ name: slurm-users }], sudo_groups: [{ name: slurm-admins }], until: 1d }
accounts: { domains: [example.com], homes: never, retention: 30d }
limits: { max_loss: { at_most: 0, share: 0.01 } }
`,
    token: null,
    directories: ['etc/sudoers.d'],
  });
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(root, { recursive: true });
});

/** alice is in the access group, bob and carol are in none. */
function remember(inactive: readonly string[] = [], members = ['u-alice']): void {
  const users = ['alice', 'bob', 'carol'].map((name, n) =>
    makeUser(name, 10_100 + n, { keys: [KEYS[n] ?? ''], active: !inactive.includes(name) }),
  );
  rememberRecords(root, users, [
    makeGroup('users', 31_000, members, { name: 'slurm-users' }),
    makeGroup('admins', 31_001, [], { name: 'slurm-admins' }),
  ]);
  const now = Math.floor(Date.now() / 1000);
  const state = openStateDatabase(path.join(root, 'var/lib/sunk-agent/cache'), now, 'this node');
  state.endSync(
    state.beginSync(now),
    { startedAt: now, fetched: { complete: { User: true, Group: true } } },
    [],
  );
  state.close();
}

const sync = () => syncFromState(openNodeContext({ root, config: undefined }), () => {});
const grant = (...args: string[]) => runCommand(granting, root, args);
const login = (...more: string[]) =>
  grant('bob', '--group', 'slurm-users', '--for', '8h', '--reason', 'incident 4711', ...more);
async function row(name: string): Promise<PersonRow | undefined> {
  const { stdout } = await runCommand(listing, root, ['--json']);
  return (JSON.parse(stdout) as { people: PersonRow[] }).people.find((one) => one.name === name);
}
const read = (file: string): string =>
  existsSync(path.join(root, file)) ? readFileSync(path.join(root, file), 'utf8') : '';
const keyFile = (name: string): string => read(`var/lib/sunk-agent/authorized_keys/${name}`);
const SUDOERS = 'etc/sudoers.d/sunk-agent';
/** Moves the clock by so many seconds. */
function shift(seconds: number): void {
  const at = Date.now() + seconds * 1000;
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(at);
}
/** So many seconds more since boot, or another boot. */
function setBoot(uptime: number, bootId?: string): void {
  const file = pathsUnder(root).grants;
  writeGrants(
    file,
    readGrants(file).map((one) => ({ ...one, uptime: one.uptime + uptime, bootId: bootId ?? one.bootId })),
  );
}

describe('sunk-agent grant', () => {
  test('lets a person log in, with keys that expire when it ends, and shows who gave it and why', async () => {
    remember();
    await sync();
    expect(keyFile('bob')).toBe('');
    const { status, stdout } = await login();
    expect([status, stdout.split('\n')[0]]).toEqual([
      0,
      expect.stringContaining('grant of slurm-users to bob@'),
    ]);
    const until = readGrants(pathsUnder(root).grants)[0]?.until ?? 0;
    const digits = new Date((until - 1) * 1000).toISOString().slice(0, 19).replace(/[-T:]/g, '');
    expect(keyFile('bob')).toContain(`expiry-time="${digits}Z" `);
    expect(keyFile('alice')).not.toContain(digits);
    const bob = await row('bob');
    expect(bob).toMatchObject({ state: 'enabled', login: true, keyExpiry: until, via: ['slurm-users'] });
    expect(bob?.grants).toEqual([
      { group: 'slurm-users', until, by: expect.any(String), reason: 'incident 4711' },
    ]);
    expect(bob?.why).toContain('incident 4711');
    expect((await runCommand(planning, root, [])).stdout).toContain('bob in slurm-users until');
    expect(read('run/sunk-agent/status.json')).toContain('incident 4711');
    expect(read('var/lib/sunk-agent/audit.ndjson')).toContain('"act":"grant"');
  });

  test('gives sudo with NOTAFTER, and takes both away when it is over, whatever the limits are', async () => {
    remember();
    await sync();
    await login();
    await grant('bob', '--group', 'slurm-admins', '--for', '2h', '--reason', 'x');
    expect(read(SUDOERS)).toMatch(/^#10101 ALL=\(ALL:ALL\) NOTAFTER=\d{14}Z NOPASSWD: ALL$/m);
    expect(await row('bob')).toMatchObject({ sudo: true });
    shift(2 * 3600);
    // The rule has ended before any sync.
    expect(await row('bob')).toMatchObject({ sudo: false, login: true });
    await sync();
    expect(read(SUDOERS)).toBe('');
    shift(6 * 3600);
    expect(await row('bob')).toMatchObject({ login: false });
    const report = await sync();
    expect(report.held).toEqual([]);
    expect(await row('bob')).toMatchObject({ state: 'disabled', keys: [], login: false });
    expect(keyFile('bob')).toBe('');
  });

  test('keeps the rule of a person who has sudo from the store without an end', async () => {
    remember();
    await login();
    await grant('bob', '--group', 'slurm-admins', '--for', '1h', '--reason', 'x');
    const users = ['alice', 'bob'].map((name, n) => makeUser(name, 10_100 + n, { keys: [KEYS[n] ?? ''] }));
    rememberRecords(root, users, [
      makeGroup('users', 31_000, ['u-alice', 'u-bob'], { name: 'slurm-users' }),
      makeGroup('admins', 31_001, ['u-bob'], { name: 'slurm-admins' }),
    ]);
    await sync();
    expect(read(SUDOERS)).toContain('#10101 ALL=(ALL:ALL) NOPASSWD: ALL');
    shift(9 * 3600);
    await sync();
    expect(await row('bob')).toMatchObject({ sudo: true, login: true });
  });

  test('ends when it is taken back', async () => {
    remember();
    await login();
    expect((await grant('bob', '--group', 'slurm-users', '--end')).status).toBe(0);
    expect(await row('bob')).toMatchObject({ state: 'disabled', login: false });
    expect(keyFile('bob')).toBe('');
    await expect(grant('bob', '--group', 'slurm-users', '--end')).rejects.toMatchObject({ code: 'refused' });
  });

  test.each([
    ['set back to before it', () => shift(-3600)],
    ['set back to before the newest sync, in another boot', () => (setBoot(0, 'another'), shift(-60))],
    ['behind, while more time has passed since boot than it was given for', () => setBoot(-8 * 3600)],
    ['ahead', () => shift(9 * 3600)],
  ])('a clock that is %s ends it, for good', async (_, jump) => {
    remember();
    await login();
    const now = Date.now();
    jump();
    await sync();
    expect(keyFile('bob')).toBe('');
    vi.useRealTimers();
    expect(Math.abs(Date.now() - now)).toBeLessThan(60_000);
    await sync();
    expect(keyFile('bob')).toBe('');
    expect(readGrants(pathsUnder(root).grants)[0]?.endedAt).not.toBeNull();
  });

  test('ranks below a block, a deactivation and a removal from the store', async () => {
    remember();
    await login();
    expect((await runCommand(blocking, root, ['bob'])).status).toBe(0);
    expect(await row('bob')).toMatchObject({ state: 'blocked', login: false });
    writeFileSync(path.join(root, 'etc/sunk-agent/blocked'), '');
    await sync();
    expect(await row('bob')).toMatchObject({ login: true });
    remember(['bob']);
    await sync();
    expect(await row('bob')).toMatchObject({ state: 'disabled', why: 'inactive at the store', login: false });
    await expect(login()).rejects.toMatchObject({ code: 'refused' });
  });

  test('refuses what gives no access, what is too long, and who is not there', async () => {
    remember();
    await sync();
    for (const [args, code] of [
      [['bob', '--group', 'wheel', '--for', '1h', '--reason', 'x'], 'refused'],
      [['bob', '--group', 'slurm-users', '--for', '25h', '--reason', 'x'], 'refused'],
      [['nemo', '--group', 'slurm-users', '--for', '1h', '--reason', 'x'], 'refused'],
      [['bob', '--group', 'slurm-users', '--for', '0h', '--reason', 'x'], 'usage'],
      [['bob', '--group', 'slurm-users', '--for', '1h'], 'usage'],
      [['bob', '--group', 'slurm-users', '--for', '1h', '--reason', ' '], 'usage'],
      [['bob', '--for', '1h', '--reason', 'x'], 'usage'],
    ] as const)
      await expect(grant(...args)).rejects.toMatchObject({ code });
    expect(readGrants(pathsUnder(root).grants)).toEqual([]);
    expect(keyFile('bob')).toBe('');
  });

  test('takes no line of the file for a grant that is none', async () => {
    remember();
    await login();
    const file = pathsUnder(root).grants;
    const line = readFileSync(file, 'utf8');
    writeFileSync(file, line.replace('"endedAt":null', '"endedAt":null,"more":1'));
    appendFileSync(file, '{"scimId":"u-carol","groupId":"g-users"}\nno JSON\n\n');
    await sync();
    expect([keyFile('bob'), keyFile('carol')]).toEqual(['', '']);
  });

  test('keeps reasons harmless for a terminal', async () => {
    remember();
    await grant('bob', '--group', 'slurm-users', '--for', '1h', '--reason', 'a\u001b[31m\nb');
    for (const command of [planning, listing])
      expect((await runCommand(command, root, [])).stdout).not.toContain('\u001b[31m');
  });
});
