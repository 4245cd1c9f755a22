// Faults, made one by one on a real node: why or doctor names the true cause first, with the wording of the golden files.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { installAgent } from '../support/nodes/install.ts';
import { bootNode, RESTART_SSHD } from '../support/nodes/node.ts';
import { SSH_OPTIONS } from '../support/nodes/ssh-options.ts';
import { describeOnNodes } from '../support/requirements.ts';
import { FOLLOWED } from './followed-situations.ts';
import { MORE_SITUATIONS } from './more-situations.ts';
import { DROP_IN, type Situation, SITUATIONS, type SituationContext } from './situations.ts';
import { BASE_URL, startStore, TOKEN } from '../support/nodes/store.ts';

/** The daemon runs, but no sync and no trial login runs between the fault and the command. */
const CONFIG = `scim:
  base_url: ${BASE_URL}
access:
  groups: [{ name: slurm-users }]
accounts:
  domains: [example.com]
sync:
  poll: "0 0 0 1 1 *"
  full: "0 0 1 1 *"
canary:
  every: 1d
`;

export type Release = 'bookworm' | 'trixie';

const IS_NIGHTLY = process.env['NIGHTLY'] !== undefined;

/** All of them each night; before, what differs between the releases most: sshd, PAM and the login itself. */
const SITUATIONS_OF: Readonly<Record<Release, readonly Situation[]>> = IS_NIGHTLY
  ? { bookworm: [...SITUATIONS, ...MORE_SITUATIONS], trixie: [...SITUATIONS, ...MORE_SITUATIONS] }
  : { bookworm: SITUATIONS, trixie: MORE_SITUATIONS.filter(({ isOfEachRun }) => isOfEachRun === true) };

/** Those of one release, and by day those of any release on the older one. */
const isFollowed = (release: Release, one: { readonly release?: Release }): boolean =>
  one.release === undefined ? IS_NIGHTLY || release === 'bookworm' : one.release === release;

const GOLDEN = path.join(import.meta.dirname, 'golden/situations');

/** Replaces what differs from run to run. */
function normalise(text: string, ids: ReadonlyMap<string, string>): string {
  return [...ids]
    .reduce((before, [id, name]) => before.replaceAll(id, `<id of ${name}>`), text)
    .replace(/\b\d+ (?:s|min|h|days)(?= ago| (?:ahead|behind))/g, '<time>')
    .replace(/(?<=another )\d+ (?:s|min|h)/g, '<time>')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d UTC/g, '<time>')
    .replace(/SHA256:(?!A{43})[A-Za-z0-9+/]{43}/g, '<fingerprint>')
    .replace(/(?<=port )\d+/g, '<port>')
    .replace(/ \(\d+ lines\)/g, '')
    .replace(/\d+ of \d+ people/g, '<n> of <n> people')
    .replace(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, '<id>')
    .replace(/\b[0-9a-f]{16}\b/g, '<hash>')
    .replace(/, \d{4}-\d\d-\d\dT[\d:.]+Z/g, ', <time>')
    .replace(/\b(\d+) MiB/g, '<n> MiB')
    .replace(/(?<=gid )9\d\d\b/g, '<gid>');
}

/** The link (why) or the finding (doctor) that is the cause: the first error, else the first warning. */
function findCause(text: string): string | null {
  const lines = text.split('\n').flatMap((line) => {
    const [, sign, what] = /^ *(ERROR|SECURITY|WARNING) +([a-z-]+)/.exec(line) ?? [];
    return sign === undefined || what === undefined ? [] : [{ sign, what }];
  });
  return (lines.find(({ sign }) => sign !== 'WARNING') ?? lines[0])?.what ?? null;
}

/** Of the user alone: nothing that the trial, which has a key of its own, meets. */
const isOfKeys = (cause: string | null): boolean => ['record', 'access', 'keys'].includes(cause ?? '');

/** A file for each release, so that both run at the same time. */
export function describeSituations(release: Release): void {
  describeOnNodes(`on a ${release} node with a fault`, () => {
    let directory: string;
    let context: SituationContext;
    let stop: () => Promise<void> = async () => {};
    const ids = new Map<string, string>();

    const keyFile = (name: string): string => path.join(directory, name);
    function makeKey(name: string, ...type: string[]): string {
      spawnSync('ssh-keygen', ['-q', '-N', '', '-C', name, '-f', keyFile(name), ...type]);
      return readFileSync(`${keyFile(name)}.pub`, 'utf8').trim();
    }

    beforeAll(async () => {
      directory = mkdtempSync(path.join(tmpdir(), 'situations-'));
      const prepare = (root: string): void => {
        installAgent(root, { config: CONFIG, token: TOKEN });
        // sshd is restarted more often here than systemd allows (systemd.unit(5), StartLimitBurst=).
        for (const unit of ['ssh.service', 'ssh.socket']) {
          mkdirSync(path.join(root, `etc/systemd/system/${unit}.d`), { recursive: true });
          writeFileSync(
            path.join(root, `etc/systemd/system/${unit}.d/test.conf`),
            '[Unit]\nStartLimitIntervalSec=0\n',
          );
        }
      };
      const node = await bootNode(release, prepare, ['e2fsprogs', 'nscd', 'libnss-extrausers']);
      const store = await startStore(node);
      stop = async () => {
        await store.stop();
        await node.stop();
      };
      // As a careless service: the agent must see the private key that was pasted.
      await store.admin('PATCH', '/settings', { storesPrivateKeys: true });
      const alice = makeKey('alice', '-t', 'ed25519');
      const people: readonly (readonly [string, string])[] = [
        ['alice@example.com', alice],
        ['bob@example.com', makeKey('bob', '-t', 'ed25519')],
        ['inactive@example.com', makeKey('inactive', '-t', 'ed25519')],
        ['weak@example.com', makeKey('weak', '-t', 'rsa', '-b', '2048')],
        ['keyless@example.com', ''],
        ['pasted@example.com', (makeKey('pasted', '-t', 'ed25519'), readFileSync(keyFile('pasted'), 'utf8'))],
        ['forced@example.com', `command="/bin/sh" ${makeKey('forced', '-t', 'ed25519')}`],
        ['copycat@example.com', alice],
        ['games@example.com', makeKey('games', '-t', 'ed25519')],
        ['stray@elsewhere.org', makeKey('stray', '-t', 'ed25519')],
      ];
      const members: string[] = [];
      for (const [userName, key] of people) {
        const id = await store.createUser(userName, key);
        ids.set(id, userName);
        members.push(id);
      }
      const outside = await store.createUser('outside@example.com', makeKey('outside', '-t', 'ed25519'));
      ids.set(outside, 'outside@example.com');
      const accessGroup = await store.createGroup('slurm-users', members);
      ids.set(accessGroup, 'slurm-users');
      await store.setActive(members[2] ?? '', 'False');
      const publicKey = (name: string): string =>
        existsSync(keyFile(name))
          ? readFileSync(`${keyFile(name)}.pub`, 'utf8').trim()
          : makeKey(name, '-t', 'ed25519');
      context = { node, store, members, accessGroup, publicKey };
      node.exec(
        `printf '%s\\n' ${store.readToken} >/etc/sunk-agent/credentials/scim-token
      # As on real nodes: only the shadow tools make nscd drop an entry.
      printf 'enable-cache passwd yes\\ncheck-files passwd no\\nenable-cache group yes\\ncheck-files group no\\n' >/etc/nscd.conf
      mkdir -m 700 /root/.ssh; cp /etc/ssh/ssh_host_ed25519_key.pub /root/.ssh/authorized_keys
      systemctl restart nscd sunk-agent-reader; sunk-agent sync`,
      );
    });

    afterAll(async () => {
      await stop();
      rmSync(directory, { recursive: true, force: true });
    });

    const apply = async (what: Situation['make']): Promise<void> => {
      if (typeof what === 'string') context.node.exec(what);
      else await what?.(context);
    };

    /** The trial alone, whatever the judges say. @param cause that they found. */
    function expectTrialToFail(cause: string | null): void {
      context.node.exec('rm -f /run/sunk-agent/trial-failed');
      const { stdout } = context.node.exec('sunk-agent why alice --try --json');
      const { links, mayLogIn } = JSON.parse(stdout) as {
        links: { link: string; level: string; code: string; detail: string }[];
        mayLogIn: boolean | null;
      };
      expect(mayLogIn).toBe(false);
      const trial = links.find(({ link }) => link === 'trial');
      const hasKeys = context.node.exec('test -e /var/lib/sunk-agent/authorized_keys/alice').status === 0;
      // The agent withholds the keys, or they are not valid: the trial has one of its own, and must not pretend.
      if (!hasKeys || isOfKeys(cause)) expect(trial?.level, trial?.detail).toBe('unknown');
      else
        expect(trial?.code, trial?.detail).toMatch(/^trial-(?:connect|authenticate|account|session|shell)$/);
    }

    /** No one can log in: neither doctor, nor status after it, may say that all is in order. */
    function expectNoHealth(): void {
      const doctor = context.node.exec('sunk-agent doctor');
      expect(doctor.stdout).not.toMatch(/^No problems found/m);
      const status = context.node.exec('sunk-agent status');
      expect(status.stdout, doctor.stdout).not.toMatch(/^healthy/m);
      expect(status.status).not.toBe(0);
    }

    /** Where sshd punishes failures, the canary waits half a minute after one, and until then no login is proven. */
    async function expectNoProblem(): Promise<void> {
      let last = context.node.exec('sunk-agent doctor');
      await eventually(
        'doctor finds no problem',
        () => {
          if (!last.stdout.includes('login-unproven')) return true;
          last = context.node.exec('sunk-agent doctor');
          return false;
        },
        () => last.stdout,
      );
      expect(last).toMatchObject({ status: 0, stdout: expect.stringMatching(/^No problems found/) });
    }

    async function expectHealth(): Promise<void> {
      const { node } = context;
      expect(node.exec('sunk-agent why alice')).toMatchObject({ status: 0, stderr: '' });
      await expectNoProblem();
      expect(node.ssh('alice', keyFile('alice'), 'true').status).toBe(0);
    }

    test('has no problems at first', () => expectHealth());

    test.each(SITUATIONS_OF[release])(
      '$name: $ask names $cause first',
      async ({ name, make, ask, cause, canLogIn, isWarning, closes, undo }) => {
        const { node } = context;
        // A refusal of the situation before is not one of this one.
        if (cause === null) node.ssh('alice', keyFile('alice'), 'true');
        await apply(make);
        try {
          const { stdout, stderr, status } = node.exec(`sunk-agent ${ask}`);
          expect(findCause(stdout), `${stdout}${stderr}`).toBe(cause);
          // What sshd logged depends on the situations before.
          const text =
            cause === 'logins'
              ? stdout
              : stdout.replace(/^ +\S+ +logins .*$/m, '  (what sshd logged)').replace(/^ +used .*\n/m, '');
          // The wording of a release is that of its own sshd and PAM.
          if (release === 'bookworm' && !MORE_SITUATIONS.some((one) => one.name === name))
            await expect(normalise(text, ids)).toMatchFileSnapshot(path.join(GOLDEN, `${name}.txt`));
          if (canLogIn !== undefined) {
            expect(status, stdout).toBe(canLogIn || isWarning === true ? 0 : 1);
            expect(node.ssh('alice', keyFile('alice'), 'true').status === 0).toBe(canLogIn);
          }
          if (canLogIn === false && isWarning !== true && (IS_NIGHTLY || release === 'trixie'))
            expectTrialToFail(cause);
          if (closes === true) expectNoHealth();
        } finally {
          await apply(undo);
          node.exec('rm -f /run/sunk-agent/trial-failed /run/sunk-agent/login-path.json');
        }
      },
    );

    test.each(FOLLOWED.filter((one) => isFollowed(release, one)))(
      '$name: $ask names $cause first, and who follows its fix lets $who log in',
      async ({ make, ask, cause, doctor, who, canLogIn, follow, undo }) => {
        const { node } = context;
        // A name that was chosen on the node is that of the same person.
        const login = () => node.ssh(who, keyFile(who.replace(/\d+$/, '')), 'true').status;
        await apply(make);
        try {
          const { stdout, stderr } = node.exec(`sunk-agent ${ask}`);
          expect(findCause(stdout), `${stdout}${stderr}`).toBe(cause);
          if (ask.startsWith('why')) expect(stdout).toMatch(/^Cause: .+\nOwner: .+\nFix: .+$/m);
          expect(login() === 0, stdout).toBe(canLogIn);
          if (doctor !== null) expect(node.exec('sunk-agent doctor').stdout).toMatch(doctor);
          const fix = /^ *Fix: (.+)$/m.exec(stdout)?.[1] ?? '';
          const followed = node.exec(follow(fix, stdout));
          await eventually(
            `${who} logs in`,
            () => followed.status === 0 && login() === 0,
            () => `${fix}\n${followed.stdout}${followed.stderr}`,
          );
        } finally {
          await apply(undo);
          node.exec('rm -f /run/sunk-agent/trial-failed /run/sunk-agent/login-path.json');
        }
      },
    );

    test('doctor --fix empties a stale nscd and restores the drop-in of sshd, and alice logs in', async () => {
      const { node } = context;
      const login = (): number | null => node.ssh('alice', keyFile('alice'), 'true').status;
      node.exec(
        `sed -i '/^alice:/s|/bin/bash$|/usr/sbin/nologin|' /etc/passwd; nscd -i passwd; getent passwd alice
      sed -i '/^alice:/s|/usr/sbin/nologin$|/bin/bash|' /etc/passwd`,
      );
      expect(login()).toBe(1);
      node.exec('rm /etc/ssh/sshd_config.d/10-sunk-agent.conf; systemctl try-restart ssh.service');
      expect(login()).toBe(255);
      const { stderr } = node.exec('sunk-agent doctor --fix');
      expect(stderr.match(/^sunk-agent: .*/gm)).toEqual([
        expect.stringMatching('will empty the caches of nscd'),
        expect.stringMatching('will write /etc/ssh/sshd_config.d/10-sunk-agent.conf'),
      ]);
      await expectNoProblem();
      await eventually('alice logs in', () => login() === 0);
    });

    test.runIf(release === 'trixie')(
      'a penalty of sshd for the address of a person is named first, and its fix lets her in',
      async () => {
        const { node } = context;
        const from = (file: string) =>
          node.runInNetwork(['ssh', ...SSH_OPTIONS, '-b', '127.0.0.2', '-i', file, 'alice@127.0.0.1', 'true'])
            .status;
        const penalties = 'PerSourcePenalties authfail:600s min:1s';
        node.exec(`echo '${penalties}' >${DROP_IN}; ${RESTART_SSHD}`);
        try {
          await eventually('the address is punished', () => {
            expect(from(keyFile('bob'))).toBe(255);
            return node.exec('journalctl -t sshd -n 20 -o cat').stdout.includes(' penalty: ');
          });
          expect(from(keyFile('alice'))).toBe(255);
          const { stdout, status } = node.exec('sunk-agent why alice');
          expect(findCause(stdout), stdout).toBe('logins');
          // It is that address alone: from another one she logs in.
          expect(status).toBe(0);
          expect(stdout).toMatch(/^Cause: last refused .*from \[127\.0\.0\.2\].* penalty: /m);
          expect(stdout).toMatch(/^Fix: .*PerSourcePenaltyExemptList ADDRESS,::ffff:ADDRESS/m);
          expect(node.ssh('alice', keyFile('alice'), 'true').status).toBe(0);
          node.exec(
            `echo 'PerSourcePenaltyExemptList 127.0.0.2,::ffff:127.0.0.2' >>${DROP_IN}; ${RESTART_SSHD}`,
          );
          for (let n = 0; n < 3; n += 1) from(keyFile('bob'));
          expect(from(keyFile('alice'))).toBe(0);
        } finally {
          node.exec(`rm ${DROP_IN}; ${RESTART_SSHD}`);
        }
      },
    );

    test('has no problems in the end', () => expectHealth());
  });
}
