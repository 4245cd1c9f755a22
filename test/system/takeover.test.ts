// A running nsscache cluster of 300 people is taken over and given back, on a node with libnss-cache, by the very commands of
// the chapter of OPERATING.md; and without any choice, by no import at all.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually as wait } from '../support/eventually.ts';
import { type Cluster, makeCluster } from '../support/nodes/nsscache-cluster.ts';
import { bootNode, type LoginNode, RESTART_SSHD } from '../support/nodes/node.ts';
import { apt, buildForHere, installPackage } from '../support/nodes/packages.ts';
import { describeOnNodes } from '../support/requirements.ts';
import { BASE_URL, type Store, startStore } from '../support/nodes/store.ts';

const OPERATING = readFileSync(path.resolve(import.meta.dirname, '../../packaging/OPERATING.md'), 'utf8');
const PUBLISHED = '/var/lib/sunk-agent/nsscache/current';
/** People with a key: one as all others, one with another uid at the store, and two spellings of names. */
const WITH_KEYS = ['alice', 'p001', 'anna.smith', 'Bob'];
const FILES = ['passwd.cache', 'passwd.cache.ixname', 'passwd.cache.ixuid'].concat([
  'group.cache',
  'group.cache.ixname',
  'group.cache.ixgid',
]);

/** What the chapter has an operator type in each of its steps: inline in backticks, or in a block after `$`. */
function readSteps(): string[][] {
  const [, chapter = ''] = /## Take over a running nsscache cluster\n([^]*?)\n## /.exec(OPERATING) ?? [];
  return chapter
    .split(/^\d\. /m)
    .slice(1)
    .map((step) =>
      [...step.matchAll(/`((?:sunk-agent|apt) [^`]+|sunk-agent)`|^ *\$ (.*)$/gm)].map(
        ([, inline, line]) => inline ?? line ?? '',
      ),
    );
}

/** A node as nsscache left it, with the package installed, and what a test does with it. */
class Taken {
  readonly directory = mkdtempSync(path.join(tmpdir(), 'takeover-'));
  node!: LoginNode;
  store!: Store;
  cluster!: Cluster;

  async boot(): Promise<void> {
    const keys: Record<string, string> = {};
    for (const name of WITH_KEYS) {
      spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', this.key(name)]);
      keys[name] = readFileSync(`${this.key(name)}.pub`, 'utf8').trim();
    }
    this.node = await bootNode('bookworm', () => {}, ['libnss-cache']);
    this.store = await startStore(this.node);
    this.cluster = makeCluster(this.node, keys);
    const ids = this.cluster.people.flatMap(({ id }) => id ?? []);
    await this.store.createGroup('slurm-users', ids);
    this.must(`printf 'UsePAM no\n' >/etc/ssh/sshd_config.d/05-pam.conf; ${RESTART_SSHD}
      install -d -m 700 /root/.ssh && echo '${keys['alice']}' >/root/.ssh/authorized_keys`);
    const { status, stdout } = installPackage(this.node, await buildForHere());
    expect(status, stdout).toBe(0);
  }

  async stop(): Promise<void> {
    await this.store?.stop();
    await this.node?.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  readonly key = (name: string): string => path.join(this.directory, name);

  readonly login = (name: string, command = 'true') => this.node.ssh(name, this.key(name), command);

  must(command: string, status = 0): string {
    const result = this.node.exec(command);
    if (result.status !== status)
      throw new Error(`${command}: status ${result.status}: ${result.stdout}${result.stderr}`);
    return result.stdout;
  }

  link(target: string): void {
    for (const file of FILES) this.must(`ln -sfn ${target}/${file} /etc/${file}`);
  }

  init(): void {
    this.must(
      `echo ${this.store.readToken} | sunk-agent init --base-url ${BASE_URL} --token-file - --group slurm-users`,
    );
  }

  /** From observing to publishing; the limits of the guard are for a company that is there already. */
  async publish(): Promise<void> {
    this.must(
      `sed -i 's/mode: observe/mode: enforce/; s/^accounts:/accounts:\\n  backend: nsscache/' /etc/sunk-agent/config.yaml`,
    );
    this.must('systemctl restart sunk-agent sunk-agent-reader');
    await this.eventually(
      'alice is published',
      () => this.node.exec(`grep -q ^alice: ${PUBLISHED}/passwd.cache`).status === 0,
    );
    this.link(PUBLISHED);
    this.must(`ln -sfn ${PUBLISHED}/shadow.cache /etc/shadow.cache`);
  }

  eventually(what: string, isTrue: () => boolean): Promise<void> {
    return wait(what, isTrue, () => this.must('journalctl -n 30 --no-pager'));
  }

  /** Name, uid, gid and home of every person of the cluster, as the node resolves them. */
  readPeople(): string {
    const names = this.cluster.people.map(({ name }) => name).sort();
    return this.must(`getent passwd ${names.join(' ')} | cut -d: -f1,3,4,6; true`);
  }

  readGroups(): string {
    const names = this.cluster.personal.toSorted();
    return this.must(`getent group everyone-here ${names.join(' ')} | cut -d: -f1,3; true`);
  }
}

describeOnNodes('a cluster that nsscache serves', () => {
  const taken = new Taken();
  const [[start = ''] = [], compare = [], importing = [], change = [], back = []] = readSteps();
  const must = (command: string, status = 0): string => taken.must(command, status);
  let before: { readonly people: string; readonly groups: string };

  beforeAll(async () => {
    await taken.boot();
    before = { people: taken.readPeople(), groups: taken.readGroups() };
    expect(before.people.trim().split('\n')).toHaveLength(300);
  });
  afterAll(() => taken.stop());

  test('the chapter has commands to follow', () => {
    expect([start, compare, importing, change, back]).toEqual([
      'sunk-agent init',
      ['sunk-agent sync', 'sunk-agent plan'],
      [
        'sunk-agent import /etc/passwd.cache',
        'sunk-agent import /etc/passwd.cache --keep-uids --unknown keep',
        'sunk-agent import /etc/passwd.cache --keep-uids --unknown keep --apply',
        'sunk-agent plan',
      ],
      ['sunk-agent doctor --fix'],
      ['apt remove sunk-agent'],
    ]);
  });

  test('is observed first, and nothing of it changes', () => {
    const all = must('getent passwd; getent group; cat /etc/passwd /etc/group');
    taken.init();
    expect(must('cat /etc/sunk-agent/config.yaml')).toContain('mode: observe');
    const [sync = '', plan = ''] = compare;
    must(sync);
    expect(must(plan, 2)).toContain('alice');
    expect(must('getent passwd; getent group; cat /etc/passwd /etc/group')).toBe(all);
  });

  test('the plan names each account that is not the same', () => {
    const [show = '', chosen = ''] = importing;
    const { people, differing, unknown } = taken.cluster;
    const alice = people.find(({ name }) => name === 'alice');
    const shown = must(show, 1);
    expect(shown).toContain(`+ account alice: uid ${alice?.uid}, gid ${alice?.gid}, /srv/homes/alice`);
    for (const name of differing) expect(shown).toContain(`! account ${name} refused: the uid is `);
    expect(shown).toContain(`unchanged, no user of the store has the name: ${unknown.join(', ')}`);
    expect(shown).toContain('285 to take over, 10 refused (10 for another uid at the store)');
    const decided = must(chosen, 2);
    expect(decided).toContain('295 to take over (10 with another uid at the store), 0 refused');
    for (const name of unknown) expect(decided).toMatch(new RegExp(`~ account ${name}: .* keep, `));
  });

  test('its accounts are imported with the name, uid, gid and home that they have', () => {
    const [, , apply = '', plan = ''] = importing;
    expect(must(apply)).toContain('295 taken over');
    expect(must(plan, 2)).toContain('alice');
    expect(must('cat /etc/sunk-agent/config.yaml')).toContain('uid: 123');
    expect(taken.readPeople()).toBe(before.people);
  });

  test('is served by the agent from then on, with the same names, ids and homes', async () => {
    await taken.publish();
    for (const command of change) taken.node.exec(command);
    await taken.eventually('alice logs in', () => taken.login('alice').status === 0);
    expect(taken.readPeople()).toBe(before.people);
    expect(taken.readGroups()).toBe(before.groups);
    expect(must('cat /etc/passwd')).not.toContain('alice');
    expect(must('getent passwd gone')).toBe('gone:x:10777:10777:gone:/srv/homes/gone:/bin/bash\n');
    expect(must('sunk-agent plan')).toContain('Nothing to change');
  });

  test.each(WITH_KEYS)('%s logs in with the uid and the home of before', async (name) => {
    const person = taken.cluster.people.find((one) => one.name === name);
    await taken.eventually(`${name} logs in`, () => taken.login(name).status === 0);
    expect(taken.login(name, 'id -un; id -u; pwd').stdout).toBe(
      `${name}\n${person?.uid}\n/srv/homes/${name}\n`,
    );
  });

  test('a choice is changed account by account: retired, one is disabled; dropped, one vanishes', () => {
    const file = `${PUBLISHED}/passwd.cache`;
    must(`sunk-agent import ${file} gone-b --unknown retire`, 2);
    expect(must('getent passwd gone-b')).toContain('/bin/bash');
    must(`sunk-agent import ${file} gone-b --unknown retire --apply; sunk-agent sync`);
    expect(must('getent passwd gone-b')).toMatch(/^gone-b:x:10778:.*:\/usr\/sbin\/nologin$/m);
    must(`sunk-agent import ${file} gone --unknown drop --apply; sunk-agent sync`);
    expect(taken.node.exec('getent passwd gone').status).toBe(2);
    expect(taken.node.exec('getent group gone').status).toBe(2);
    expect(must('getent passwd gone-c')).toContain('/bin/bash');
    expect(must('sunk-agent plan')).toContain('Nothing to change');
  });

  test('and goes back to nsscache as it was, with the ledger kept for the next try', () => {
    for (const file of FILES) must(`rm -f /etc/${file}`);
    must('ln -s /etc/nsscache/passwd.cache /etc/nsscache/group.cache /etc/; rm /etc/shadow.cache');
    for (const command of back) {
      const { status, stdout } = apt(taken.node, command.replace(/^apt /, ''));
      expect(status, stdout).toBe(0);
    }
    expect(taken.readPeople()).toBe(before.people);
    must('mkdir -p /run/sshd; sshd -t');
    expect(must('ls -A /etc/ssh/sshd_config.d')).not.toContain('sunk-agent');
    must('test -s /var/lib/sunk-agent/cache/mirror.sqlite');
  });
});

describeOnNodes('a cluster that is taken over without an import', () => {
  const taken = new Taken();
  beforeAll(() => taken.boot());
  afterAll(() => taken.stop());

  test('no account vanishes, and no uid, gid or home moves', async () => {
    const before = { people: taken.readPeople(), groups: taken.readGroups() };
    taken.init();
    await taken.publish();
    for (let sync = 0; sync < 2; sync += 1) taken.node.exec('sunk-agent sync --full');
    expect(taken.readPeople()).toBe(before.people);
    expect(taken.readGroups()).toBe(before.groups);
    taken.must('sunk-agent doctor --fix; true');
    await taken.eventually('alice logs in', () => taken.login('alice').status === 0);
  });

  test('what is not decided is named, with the command that decides it', () => {
    const plan = taken.node.exec('sunk-agent plan --json').stdout;
    const { refusals } = JSON.parse(plan) as { refusals: { code: string }[] };
    const count = (code: string): number => refusals.filter((one) => one.code === code).length;
    // 10 with another uid, and 8 that are spelled otherwise.
    expect([count('published-unknown'), count('published-differs')]).toEqual([5, 18]);
    expect(plan).toContain('sunk-agent import');
  });
});
