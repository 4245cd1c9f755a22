// A running nsscache cluster is taken over and given back, on a node with libnss-cache, by the very commands of the README's chapter.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually as wait } from '../support/eventually.ts';
import { bootNode, type LoginNode, RESTART_SSHD } from '../support/nodes/node.ts';
import { apt, buildForHere, installPackage } from '../support/nodes/packages.ts';
import { describeOnNodes } from '../support/requirements.ts';
import { BASE_URL, type Store, startStore } from '../support/nodes/store.ts';

const README = readFileSync(path.resolve(import.meta.dirname, '../../README.md'), 'utf8');
const PUBLISHED = '/var/lib/sunk-agent/nsscache/current';
const FILES = ['passwd.cache', 'passwd.cache.ixname', 'passwd.cache.ixuid'].concat([
  'group.cache',
  'group.cache.ixname',
  'group.cache.ixgid',
]);

/** What the chapter has an operator type in each of its steps: inline in backticks, or in a block after `$`. */
function readSteps(): string[][] {
  const [, chapter = ''] = /## Take over a running nsscache cluster\n([^]*?)\n## /.exec(README) ?? [];
  return chapter
    .split(/^\d\. /m)
    .slice(1)
    .map((step) =>
      [...step.matchAll(/`((?:sunk-agent|apt) [^`]+|sunk-agent)`|^ *\$ (.*)$/gm)].map(
        ([, inline, line]) => inline ?? line ?? '',
      ),
    );
}

describeOnNodes('a cluster that nsscache serves', () => {
  let directory: string;
  let node: LoginNode;
  let store: Store;
  const [[start = ''] = [], compare = [], importing = [], change = [], back = []] = readSteps();

  const key = (): string => path.join(directory, 'alice');
  const login = (command = 'true') => node.ssh('alice', key(), command);
  const must = (command: string, status = 0): string => {
    const result = node.exec(command);
    if (result.status !== status)
      throw new Error(`${command}: status ${result.status}: ${result.stdout}${result.stderr}`);
    return result.stdout;
  };
  const link = (target: string): void => {
    for (const file of FILES) must(`ln -sfn ${target}/${file} /etc/${file}`);
  };
  const eventually = (what: string, isTrue: () => boolean): Promise<void> =>
    wait(what, isTrue, () => must('journalctl -n 30 --no-pager'));

  beforeAll(async () => {
    directory = mkdtempSync(path.join(tmpdir(), 'takeover-'));
    spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key()]);
    node = await bootNode('bookworm', () => {}, ['libnss-cache']);
    store = await startStore(node);
    const publicKey = readFileSync(`${key()}.pub`, 'utf8').trim();
    const alice = await store.createUser('alice@example.com', publicKey);
    await store.createGroup('slurm-users', [alice]);
    // What nsscache has made of the same store: its own primary groups, a home of its own, no index, a person who left.
    must(`mkdir -p /etc/nsscache /srv/homes/alice && cd /etc/nsscache
      echo 'alice:x:10000:10000:alice:/srv/homes/alice:/bin/bash' >passwd.cache
      echo 'gone:x:10777:10777:gone:/srv/homes/gone:/bin/bash' >>passwd.cache
      echo 'alice:x:10000:' >group.cache
      chown 10000:10000 /srv/homes/alice
      ln -s /etc/nsscache/passwd.cache /etc/nsscache/group.cache /etc/
      printf 'passwd: files cache\\ngroup: files cache\\nshadow: files\\nhosts: files\\n' >/etc/nsswitch.conf
      printf 'UsePAM no\\n' >/etc/ssh/sshd_config.d/05-pam.conf; ${RESTART_SSHD}
      install -d -m 700 /root/.ssh && echo '${publicKey}' >/root/.ssh/authorized_keys`);
    const { status, stdout } = installPackage(node, await buildForHere());
    expect(status, stdout).toBe(0);
  });
  afterAll(async () => {
    await store?.stop();
    await node?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  test('the chapter has commands to follow', () => {
    expect([start, compare, importing, change, back]).toEqual([
      'sunk-agent init',
      ['sunk-agent sync', 'sunk-agent plan'],
      [
        'sunk-agent import /etc/passwd.cache',
        'sunk-agent import /etc/passwd.cache --apply',
        'sunk-agent plan',
      ],
      ['sunk-agent doctor --fix'],
      ['apt remove sunk-agent'],
    ]);
  });

  test('is observed first, and nothing of it changes', () => {
    const before = must('getent passwd; getent group; cat /etc/passwd /etc/group');
    must(
      `echo ${store.readToken} | sunk-agent init --base-url ${BASE_URL} --token-file - --group slurm-users`,
    );
    expect(must('cat /etc/sunk-agent/config.yaml')).toContain('mode: observe');
    const [sync = '', plan = ''] = compare;
    must(sync);
    expect(must(plan, 2)).toContain('alice');
    expect(must('getent passwd; getent group; cat /etc/passwd /etc/group')).toBe(before);
  });

  test('its accounts are imported with the uid, gid and home that they have', () => {
    const [show = '', apply = '', plan = ''] = importing;
    const shown = must(show, 2);
    expect(shown).toContain('+ account alice: uid 10000, gid 10000, /srv/homes/alice');
    expect(shown).toContain('unchanged, no user of the store has the name: gone');
    expect(must(apply)).toContain('1 taken over');
    expect(must(plan, 2)).toContain('alice');
    expect(must('getent passwd alice')).toBe('alice:x:10000:10000:alice:/srv/homes/alice:/bin/bash\n');
  });

  test('is served by the agent from then on, with the same ids and homes, and alice logs in', async () => {
    must(
      `sed -i 's/mode: observe/mode: enforce/; s/^accounts:/accounts:\\n  backend: nsscache/' /etc/sunk-agent/config.yaml`,
    );
    must('systemctl restart sunk-agent sunk-agent-reader');
    await eventually(
      'alice is published',
      () => node.exec(`grep -q ^alice: ${PUBLISHED}/passwd.cache`).status === 0,
    );
    link(PUBLISHED);
    must(`ln -sfn ${PUBLISHED}/shadow.cache /etc/shadow.cache`);
    for (const command of change) node.exec(command);
    await eventually('alice logs in', () => login().status === 0);
    expect(login('id -u; pwd').stdout).toBe('10000\n/srv/homes/alice\n');
    expect(must('getent passwd alice')).toMatch(
      /^alice:x:10000:10000:alice:\/srv\/homes\/alice:\/bin\/bash$/m,
    );
    expect(node.exec('getent passwd gone').status).toBe(2);
    expect(must('cat /etc/passwd')).not.toContain('alice');
  });

  test('and goes back to nsscache as it was, with the ledger kept for the next try', () => {
    for (const file of FILES) must(`rm -f /etc/${file}`);
    must('ln -s /etc/nsscache/passwd.cache /etc/nsscache/group.cache /etc/; rm /etc/shadow.cache');
    for (const command of back) {
      const { status, stdout } = apt(node, command.replace(/^apt /, ''));
      expect(status, stdout).toBe(0);
    }
    expect(must('getent passwd gone alice | cut -d: -f1,3,6')).toBe(
      'gone:10777:/srv/homes/gone\nalice:10000:/srv/homes/alice\n',
    );
    must('mkdir -p /run/sshd; sshd -t');
    expect(must('ls -A /etc/ssh/sshd_config.d')).not.toContain('sunk-agent');
    must('test -s /var/lib/sunk-agent/cache/mirror.sqlite');
  });
});
