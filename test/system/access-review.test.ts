// An access review agrees with what sshd and sudo really allow, now and afterwards; and grants end without the agent.
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PastPerson } from '../../src/agent/report/people/people-at.ts';
import type { PersonRow } from '../../src/agent/report/people/person-row.ts';
import { renderKeyFile } from '../../src/policy/keys/key-file.ts';
import { readKeys } from '../../src/policy/keys/ssh-key.ts';
import { issueCredentials } from '../../src/policy/keys/credential.ts';
import { renderSudoers } from '../../src/policy/sudoers.ts';
import { ensureBase, RELEASES } from '../support/nodes/base.ts';
import { type OwnNode, openOwnNode } from '../support/nodes/own-node.ts';
import { SSH_OPTIONS } from '../support/nodes/ssh-options.ts';
import { connectStore, type StoreClient } from '../support/nodes/store-client.ts';
import { makeEd25519, seedRandom, writeBlob } from '../support/records/key-corpus.ts';
import { describeOnNodes } from '../support/requirements.ts';

const PEOPLE = ['alice', 'bob', 'carol'] as const;
/** Has login from the store, and no part in the day. */
const DAVE = 'dave';
type Name = (typeof PEOPLE)[number] | typeof DAVE;
interface Allowed {
  readonly login: boolean;
  readonly sudo: boolean;
}

describeOnNodes('an access review', () => {
  let node: OwnNode;
  let directory: string;
  let store: StoreClient;
  const ids = new Map<Name, string>();
  const groups = new Map<string, string>();

  /** The clock as the command on the node printed it, in seconds; null: sshd or sudo refused. */
  const attempt = (name: Name, command: string): Promise<number | null> =>
    new Promise((resolve) => {
      const to = ['-p', String(node.port), '-i', path.join(directory, name), `${name}@127.0.0.1`];
      const args = [...SSH_OPTIONS, '-o', 'ConnectTimeout=20', ...to, command];
      execFile('ssh', args, (error, stdout) => resolve(error === null ? Number(stdout) / 1e9 : null));
    });
  const tryLogin = (name: Name) => attempt(name, 'date +%s%N');
  const trySudo = (name: Name) => attempt(name, 'sudo -n date +%s%N');

  async function run(command: string): Promise<string> {
    const { status, stdout, stderr } = await node.exec(command);
    if (status !== 0) throw new Error(`${command} ended with ${status}: ${stdout}${stderr}`);
    return stdout;
  }
  const patch = (resource: string, operation: object) =>
    store.request('PATCH', resource, {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [operation],
    });

  beforeAll(async () => {
    directory = mkdtempSync(path.join(tmpdir(), 'review-'));
    node = await openOwnNode();
    store = connectStore(node.testbed);
    // The node has an empty /usr/libexec, where sudo has its libraries.
    const sudo = execFileSync('tar', ['-C', '/', '-cf', '-', 'usr/libexec/sudo'], { maxBuffer: 2 ** 26 });
    const [first = '', ...rest] = node.enter('tar -C / -xf -');
    execFileSync(first, rest, { input: sudo });
    for (const name of [...PEOPLE, DAVE] as const) {
      const file = path.join(directory, name);
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
      ids.set(name, await store.pushUser(`${name}@example.com`, readFileSync(`${file}.pub`, 'utf8').trim()));
    }
    const id = (name: Name): string => ids.get(name) ?? '';
    groups.set('users', await store.pushGroup('slurm-users', [id('alice'), id('bob'), id(DAVE)]));
    groups.set('admins', await store.pushGroup('slurm-admins', [id('alice')]));
    await run(`printf '%s\\n' 'limits: { max_gain: { enabled_again: 1 } }' >>/etc/sunk-agent/config.yaml
sed -i 's/^access: .*/access: { groups: [{ name: slurm-users }], sudo_groups: [{ name: slurm-admins }] }/' /etc/sunk-agent/config.yaml`);
    await run('sunk-agent sync --full');
  });
  afterAll(async () => {
    await node.close();
    rmSync(directory, { recursive: true });
  });

  /** What sshd and sudo allow each of them at this moment. */
  async function ask(): Promise<Record<Name, Allowed>> {
    const answers = [];
    for (const name of PEOPLE) {
      const login = (await tryLogin(name)) !== null;
      answers.push([name, { login, sudo: login && (await trySudo(name)) !== null }] as const);
    }
    return Object.fromEntries(answers) as Record<Name, Allowed>;
  }

  function compareWith(people: readonly (PersonRow | PastPerson)[]): Record<string, Allowed> {
    return Object.fromEntries(
      PEOPLE.map((name) => {
        const row = people.find((one) => one.name === name);
        return [name, { login: row?.login ?? false, sudo: row?.sudo ?? false }];
      }),
    );
  }

  test(
    'agrees with real logins and real sudo at five points of a day, and so it does afterwards',
    { timeout: 480_000 },
    async () => {
      const day: (() => Promise<unknown>)[] = [
        () => Promise.resolve(),
        async () => {
          await run('sunk-agent grant bob --group slurm-admins --for 8h --reason "incident 4711"');
          await run('sunk-agent grant carol --group slurm-users --for 8h --reason "incident 4711"');
        },
        () => run('sunk-agent block alice'),
        async () => {
          await run('sunk-agent unblock alice');
          await store.setActive(ids.get('bob'), false);
          await run('sunk-agent sync --full');
        },
        async () => {
          await run('sunk-agent grant carol --group slurm-users --end');
          await patch(`/Groups/${groups.get('admins')}`, {
            op: 'remove',
            path: `members[value eq "${ids.get('alice')}"]`,
          });
          await run('sunk-agent sync --full');
        },
      ];
      const seen: { readonly at: number; readonly allowed: Record<Name, Allowed> }[] = [];
      for (const [n, happens] of day.entries()) {
        await happens();
        const allowed = await ask();
        const { people, at } = JSON.parse(await run('sunk-agent list --json')) as {
          people: PersonRow[];
          at: number;
        };
        expect(compareWith(people), `point ${n}`).toEqual(allowed);
        seen.push({ at, allowed });
        // The history has whole seconds.
        await sleep(1100);
      }
      expect(
        seen.map(({ allowed }) =>
          PEOPLE.map((name) => `${Number(allowed[name].login)}${Number(allowed[name].sudo)}`),
        ),
      ).toEqual([
        ['11', '10', '00'],
        ['11', '11', '10'],
        ['00', '11', '10'],
        ['11', '00', '10'],
        ['10', '00', '00'],
      ]);
      for (const [n, { at, allowed }] of seen.entries()) {
        const time = new Date(at * 1000).toISOString();
        const { people } = JSON.parse(await run(`sunk-agent list --at ${time} --json`)) as {
          people: PastPerson[];
        };
        expect(compareWith(people), `point ${n} afterwards`).toEqual(allowed);
        for (const one of people) expect(one.via, `${one.name} at point ${n}`).toEqual(['slurm-users']);
      }
    },
  );

  test(
    'grants of login and sudo end in their second, with no agent there',
    { timeout: 240_000 },
    async () => {
      await run('sunk-agent grant carol --group slurm-users --for 30s --reason x');
      await run('sunk-agent grant dave --group slurm-admins --for 30s --reason x');
      const { people } = JSON.parse(await run('sunk-agent list --json')) as { people: PersonRow[] };
      const endOf = (name: Name): number => people.find((one) => one.name === name)?.grants[0]?.until ?? 0;
      // No daemon and no command runs from here on: the files alone end it.
      const last = { login: 0, sudo: 0 };
      const tries = { login: 0, sudo: 0 };
      const until = Math.max(endOf('carol'), endOf(DAVE));
      while (Date.now() / 1000 < until + 5) {
        const [login, sudo] = await Promise.all([tryLogin('carol'), trySudo(DAVE)]);
        tries.login += Number(login !== null);
        tries.sudo += Number(sudo !== null);
        last.login = Math.max(last.login, login ?? 0);
        last.sudo = Math.max(last.sudo, sudo ?? 0);
      }
      process.stderr.write(
        `last login ${(last.login - endOf('carol')).toFixed(2)} s, last sudo ${(last.sudo - endOf(DAVE)).toFixed(2)} s after the end\n`,
      );
      expect(tries.login).toBeGreaterThan(0);
      expect(tries.sudo).toBeGreaterThan(0);
      expect(last.login).toBeLessThan(endOf('carol') + 1);
      expect(last.sudo).toBeLessThan(endOf(DAVE) + 1);
      expect(await tryLogin(DAVE)).not.toBeNull();
      await run('sunk-agent sync');
      const after = (JSON.parse(await run('sunk-agent list --json')) as { people: PersonRow[] }).people;
      expect(after.find(({ name }) => name === 'carol')).toMatchObject({
        state: 'disabled',
        login: false,
        keys: [],
      });
    },
  );
});

for (const release of RELEASES) {
  describeOnNodes(`the end of a grant in ${release}`, () => {
    /** In the release's root with account files of its own, in a mount namespace. */
    const inside = (script: string): string =>
      execFileSync(
        'unshare',
        [
          '--mount',
          'sh',
          '-ec',
          `mount -t tmpfs none /mnt; mkdir /mnt/u /mnt/w /mnt/r
mount -t overlay -o "lowerdir=$1,upperdir=/mnt/u,workdir=/mnt/w" overlay /mnt/r
mount --rbind /dev /mnt/r/dev; mount -t proc proc /mnt/r/proc
exec chroot /mnt/r sh -ec "$2"`,
          'sh',
          ensureBase(release),
          script,
        ],
        { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
      );

    test('its sudo reads NOTAFTER: the rule counts before it and not after', { timeout: 240_000 }, () => {
      const now = Math.floor(Date.now() / 1000);
      const text = renderSudoers(
        [20_001, 20_002, 20_003],
        new Map([
          [20_001, now + 600],
          [20_002, now - 1],
        ]),
      );
      const answers = inside(`
for n in 1 2 3; do echo "user$n:x:2000$n:100::/:/bin/sh" >>/etc/passwd; echo "user$n:*:20000::::::" >>/etc/shadow; done
printf '%s' '${text}' >/etc/sudoers.d/sunk-agent; chmod 440 /etc/sudoers.d/sunk-agent
visudo -cq
for n in 1 2 3; do setpriv --reuid 2000$n --regid 100 --clear-groups sudo -n id -u 2>/tmp/said || { echo refused; cat /tmp/said >&2; }; done`);
      expect(answers.trim().split('\n')).toEqual(['0', 'refused', '0']);
    });
  });
}

describeOnNodes('an sshd before 9.1, which has local time', () => {
  test('reads the end of a grant never later than it is, in any zone', () => {
    const blob = writeBlob('ssh-ed25519', makeEd25519(seedRandom(3))).toString('base64');
    const key = readKeys([`ssh-ed25519 ${blob}`]).flatMap((one) => (one.ok ? [one.key] : []));
    for (const timeZone of [
      'UTC',
      'Europe/Berlin',
      'America/New_York',
      'Asia/Kolkata',
      'Australia/Lord_Howe',
    ])
      for (const end of [Date.UTC(2026, 0, 15, 12) / 1000, Date.UTC(2026, 6, 15, 12) / 1000]) {
        const credentials = issueCredentials(key, 'id', end).map((one) => ({
          ...one,
          isEnd: true as const,
        }));
        const digits =
          /expiry-time="(\d{14})"/.exec(renderKeyFile(credentials, { zulu: false, timeZone }))?.[1] ?? '';
        // As sshd reads it: mktime(3) with tm_isdst = 0.
        const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = [
          digits.slice(0, 4),
          ...(digits.slice(4).match(/../g) ?? []),
        ].map(Number);
        const perl = `use POSIX; print mktime(${second}, ${minute}, ${hour}, ${day}, ${month - 1}, ${year - 1900}, 0, 0, 0)`;
        const read = Number(execFileSync('perl', ['-e', perl], { encoding: 'utf8', env: { TZ: timeZone } }));
        expect(read, `${timeZone} ${digits}`).toBeLessThan(end);
        expect(read).toBeGreaterThanOrEqual(end - 3601);
      }
  });
});
