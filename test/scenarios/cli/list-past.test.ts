// `sunk-agent list --at`: after a random month it agrees with what the node had at each hour of it.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openNodeContext } from '../../../src/agent/node-context.ts';
import { syncFromState } from '../../../src/agent/operator/sync-now.ts';
import type { PastPerson } from '../../../src/agent/report/people/people-at.ts';
import * as listing from '../../../src/cli/inspect/list.ts';
import * as blocking from '../../../src/cli/operate/block.ts';
import * as granting from '../../../src/cli/operate/grant.ts';
import * as unblocking from '../../../src/cli/operate/unblock.ts';
import { openStateDatabase } from '../../../src/state/state.ts';
import { layRoot, ROOT_ACCOUNTS } from '../../support/nodes/root-directory.ts';
import { makeEd25519, seedRandom, writeBlob } from '../../support/records/key-corpus.ts';
import { makeGroup, makeUser } from '../../support/records/organisation.ts';
import { rememberRecords } from '../../support/records/remember.ts';
import { runCommand } from '../../support/run-command.ts';

const NAMES = ['alice', 'bob', 'carol', 'dave', 'erin'] as const;
const random = seedRandom(2311);
const pick = (count: number): number => random(count);
const KEYS = NAMES.map(
  () => `ssh-ed25519 ${writeBlob('ssh-ed25519', makeEd25519(random)).toString('base64')}`,
);
const START = Date.UTC(2026, 9, 1, 8);
const HOUR = 3_600_000;

let root: string;
const inactive = new Set<string>();
const keyless = new Set<string>();
const members: Record<'users' | 'guests' | 'admins', Set<string>> = {
  users: new Set(['u-alice', 'u-bob', 'u-carol']),
  guests: new Set(),
  admins: new Set(['u-alice']),
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(START);
  inactive.clear();
  keyless.clear();
  Object.assign(members, {
    users: new Set(['u-alice', 'u-bob', 'u-carol']),
    guests: new Set(),
    admins: new Set(['u-alice']),
  });
  root = mkdtempSync(path.join(tmpdir(), 'list-past-'));
  layRoot(root, {
    files: ROOT_ACCOUNTS,
    config: `scim: { base_url: "https://store.example" }
access: { groups: [{ name: users }, { name: guests }], sudo_groups: [{ name: admins }] }
accounts: { domains: [example.com], homes: never, retention: 30d }
keys: { max_age: 2d }
limits: { max_loss: { share: 1 }, max_gain: { sudo: 1000, replaced_keys: 1, enabled_again: 1 } }
`,
    token: null,
    directories: ['etc/sudoers.d'],
  });
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(root, { recursive: true });
});

const sync = () => syncFromState(openNodeContext({ root, config: undefined }), () => {});

function push(): void {
  const users = NAMES.map((name, n) =>
    makeUser(name, 10_100 + n, {
      active: !inactive.has(name),
      keys: keyless.has(name) ? [] : [KEYS[n] ?? ''],
    }),
  );
  const groups = Object.entries(members).map(([name, ids], n) => makeGroup(name, 31_000 + n, [...ids]));
  const now = Math.floor(Date.now() / 1000);
  rememberRecords(root, users, groups, now);
  const state = openStateDatabase(path.join(root, 'var/lib/sunk-agent/cache'), now, 'this node');
  state.endSync(
    state.beginSync(now),
    { startedAt: now, fetched: { complete: { User: true, Group: true } } },
    [],
  );
  state.close();
}

const toggle = (set: Set<string>, value: string): void => void (set.delete(value) || set.add(value));

/** One thing that happens at the store or on the node. */
async function happen(): Promise<void> {
  const name = NAMES[pick(NAMES.length)] ?? 'alice';
  const kinds = ['users', 'guests', 'admins'] as const;
  switch (pick(8)) {
    case 0:
      toggle(inactive, name);
      break;
    case 1:
      toggle(keyless, name);
      break;
    case 2: {
      await runCommand(pick(2) === 0 ? blocking : unblocking, root, [name]).catch(() => {});
      break;
    }
    case 3: {
      const group = pick(2) === 0 ? 'guests' : 'admins';
      await runCommand(granting, root, [
        name,
        '--group',
        group,
        '--for',
        `${1 + pick(5)}h`,
        '--reason',
        'x',
      ]).catch(() => {});
      break;
    }
    case 4:
      // The store is not read for two days: keys expire.
      vi.setSystemTime(Date.now() + 50 * HOUR);
      return;
    default:
      toggle(members[kinds[pick(3)] ?? 'users'], `u-${name}`);
  }
  push();
}

/** From the files, with no word of sunk-agent. */
function readNode(): Record<string, { login: boolean; sudo: boolean }> {
  const read = (file: string): string =>
    existsSync(path.join(root, file)) ? readFileSync(path.join(root, file), 'utf8') : '';
  const now = new Date().toISOString().slice(0, 19).replace(/[-T:]/g, '');
  const found: Record<string, { login: boolean; sudo: boolean }> = {};
  for (const [n, name] of NAMES.entries()) {
    const shadow = read('etc/shadow')
      .split('\n')
      .find((line) => line.startsWith(`${name}:`));
    const isOpen = shadow !== undefined && shadow.split(':')[7] !== '1';
    const expiries = [
      ...read(`var/lib/sunk-agent/authorized_keys/${name}`).matchAll(/expiry-time="(\d{14})Z"/g),
    ];
    const rule = new RegExp(`^#${10_100 + n} .*$`, 'm').exec(read('etc/sudoers.d/sunk-agent'))?.[0];
    const end = /NOTAFTER=(\d{14})Z/.exec(rule ?? '')?.[1];
    const login = isOpen && expiries.some(([, time = '']) => time > now);
    const sudo = isOpen && rule !== undefined && (end === undefined || end >= now);
    if (login || sudo) found[name] = { login, sudo };
  }
  return found;
}

async function past(at: number, ...more: string[]): Promise<Record<string, PastPerson>> {
  const { stdout } = await runCommand(listing, root, ['--json', '--at', new Date(at).toISOString(), ...more]);
  const { people } = JSON.parse(stdout) as { people: PastPerson[] };
  return Object.fromEntries(people.map((one) => [one.name, one]));
}

describe('sunk-agent list --at', () => {
  test(
    'agrees with what the files had, hour by hour, and never names a group that did not list the person',
    { timeout: 240_000 },
    async () => {
      push();
      await sync();
      const seen: { at: number; node: ReturnType<typeof readNode> }[] = [];
      for (let step = 0; step < 60; step += 1) {
        vi.setSystemTime(Date.now() + HOUR);
        await happen();
        // Some changes wait for a later sync.
        if (pick(4) > 0) await sync();
        vi.setSystemTime(Date.now() + HOUR / 2);
        seen.push({ at: Date.now(), node: readNode() });
      }
      vi.setSystemTime(Date.now() + HOUR);
      let sudo = 0;
      for (const { at, node } of seen) {
        const found = await past(at);
        const told = Object.fromEntries(
          Object.entries(found).map(([name, one]) => [name, { login: one.login, sudo: one.sudo }]),
        );
        expect(told, new Date(at).toISOString()).toEqual(node);
        for (const one of Object.values(found)) {
          if (one.login) expect(one.via.length).toBeGreaterThan(0);
          sudo += one.sudo ? 1 : 0;
        }
      }
      expect(sudo).toBeGreaterThan(5);
    },
  );

  test('says since when the history tells, and refuses what was before', async () => {
    push();
    await sync();
    vi.setSystemTime(Date.now() + HOUR);
    const { stdout } = await runCommand(listing, root, ['--at', '5m']);
    expect(stdout).toContain('the history begins at 2026-10-01 08:00 UTC');
    expect(stdout).toMatch(/^alice +yes +yes +alice@example.com +admins?,users|users,admins/m);
    for (const [args, code] of [
      [['--at', '2026-09-30T00:00:00Z'], 'refused'],
      [['--at', '2026-10-02T00:00:00Z'], 'usage'],
      [['--at', 'yesterday'], 'usage'],
      [['--at', '2026-10-01T08:30:00'], 'usage'],
      [['--at', '5m', '--state', 'held'], 'usage'],
    ] as const)
      await expect(runCommand(listing, root, args)).rejects.toMatchObject({ code });
    expect(Object.keys(await past(Date.now() - 60_000, '--sudo'))).toEqual(['alice']);
    expect(Object.keys(await past(Date.now() - 60_000, '--user', 'B*'))).toEqual(['bob']);
    // An ordinary user cannot write into a file of mode 0440, only in its place.
    rmSync(path.join(root, 'etc/sudoers.d/sunk-agent'));
    writeFileSync(path.join(root, 'etc/sudoers.d/sunk-agent'), '');
    expect((await past(Date.now() - 60_000))['alice']).toMatchObject({ sudo: true, sudoVia: ['admins'] });
  });
});
