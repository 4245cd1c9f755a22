// The document of the chart, followed step by step and back, under a login each second of two people and a look at all names.
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { renderKeyLine } from '../../src/host/nss/cache-files.ts';
import { eventually as wait } from '../support/eventually.ts';
import { type ApiServer, startApiServer } from '../support/kubernetes/api-server.ts';
import { CHART, describeChartOnNodes } from '../support/kubernetes/chart.ts';
import { ensureImage } from '../support/kubernetes/image.ts';
import { startKubelet } from '../support/kubernetes/kubelet.ts';
import { forwardPort } from '../support/kubernetes/port-forward.ts';
import { Publisher } from '../support/kubernetes/publisher.ts';
import { bootNode, type LoginNode } from '../support/nodes/node.ts';
import { PACKAGES } from '../support/nodes/pod.ts';
import { type Probe, startProbe } from '../support/nodes/probe.ts';
import { BASE_URL, type Store, startStore } from '../support/nodes/store.ts';
import { makeAuthority } from '../support/store-front.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 600_000 });
const PROJECT = path.resolve(import.meta.dirname, '../..');
const DOCUMENT = readFileSync(path.join(CHART, '../README.md'), 'utf8');
const OVERLAY = path.join(CHART, '../overlay/slurm-values.yaml');
const USER = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser';
const MAPS = ['passwd', 'group', 'shadow', 'sshkey'];
/** Values to first login, in seconds; of these, the kubelet's delay, which the test's own kubelet has not. */
const MAX_FIRST_LOGIN = 300;
const KUBELET = 120;
/** Another uid than the store's, and a person who is not at the store. */
const BOB = 12_345;
const GONE = 12_777;

const SLURM_VALUES = `nsscache:
  enabled: true
  existingSecret: scim
  sudoGroups: [admins]
  nsscacheConfig: |
    [DEFAULT]
    source = scim
    maps = passwd, group, shadow, sshkey
    files_dir = /tmp/nsscache
    scim_base_url = ${BASE_URL}
    scim_users_parameters = groups=slurm-users
    [passwd]
    scim_default_shell = /bin/bash
    scim_override_home_directory = /home/%%u
`;

/** The blocks of a step of the document, as lines without their remarks. */
function readStep(number: number): string[] {
  const [, chapter = ''] = new RegExp(`^## ${number}\\. .*\\n([^]*?)^## `, 'm').exec(DOCUMENT) ?? [];
  return [...chapter.matchAll(/^```sh\n([^]*?)^```/gm)]
    .flatMap(([, block = '']) => block.trim().split('\n'))
    .map((line) => line.replace(/\s{2,}#.*$/, ''));
}

/** SUNK's image as the incumbent uses it: links into the projected Secrets, its own helper for keys, sudo by group. */
const renderStart = (homes: string): string => `
set -e
for name in passwd group shadow; do ln -s /etc/nsscache/$name.cache /etc/$name.cache; done
printf 'passwd: files cache\\ngroup: files cache\\nshadow: files cache\\nhosts: files\\n' >/etc/nsswitch.conf
mkdir -p /usr/libexec /run/sshd /run/service/sshd
cat >/usr/libexec/nsscache-keys <<'END'
#!/bin/sh
sed -n "s/^$1:\\['\\(.*\\)'\\]\\$/\\1/p" /etc/nsscache/sshkey.cache | sed "s/', '/\\n/g"
END
chmod 0755 /usr/libexec/nsscache-keys
printf 'AuthorizedKeysCommand /usr/libexec/nsscache-keys %%u\\nAuthorizedKeysCommandUser nobody\\n' >/etc/ssh/sshd_config.d/50-nsscache.conf
printf '%%admins ALL=(ALL:ALL) NOPASSWD: ALL\\n' >/etc/sudoers.d/90-sunk
chmod 0440 /etc/sudoers.d/90-sunk
${homes}
printf '#!/bin/sh\\nmkdir -p /run/sshd\\nexec /usr/sbin/sshd -D -e 2>&1\\n' >/run/service/sshd/run
chmod 0755 /run/service/sshd/run
exec s6-svscan /run/service`;

/** Looks at all names again and again until told to end, and keeps what is not as it was. */
const watchNames = (names: string): string => `
getent passwd ${names} | cut -d: -f1,3,4,6 >/run/names.before
rm -f /run/names.end /run/names.changed; echo 0 >/run/names.looks
setsid sh -c 'n=0; until [ -e /run/names.end ]; do
  getent passwd ${names} | cut -d: -f1,3,4,6 >/run/names.now
  cmp -s /run/names.now /run/names.before || { date +%T; cat /run/names.now; } >>/run/names.changed
  n=$((n + 1)); echo $n >/run/names.looks; sleep 0.02
done' >/dev/null 2>&1 </dev/null &
cat /run/names.before`;

describeChartOnNodes('a takeover by the document, and back', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'takeover-'));
  const at = (name: string): string => path.join(directory, name);
  const publicKey = (name: string): string => readFileSync(`${at(name)}.pub`, 'utf8').trim();
  const ends: (() => void)[] = [];
  let api: ApiServer;
  let cluster: LoginNode;
  let store: Store;
  let login: LoginNode;
  let publisher: Publisher;
  let incumbent: Record<string, string>;
  let probes: Probe[];
  let begun: number;
  let uids: Record<string, string>;

  const eventually = (what: string, isTrue: () => boolean): Promise<void> =>
    wait(what, isTrue, () => publisher.log());
  const mustRun = (one: Pick<LoginNode, 'exec'>, command: string, statuses = [0]): string => {
    const { status, stdout, stderr } = one.exec(command);
    if (!statuses.includes(status ?? -1)) throw new Error(`${command}: ${status}: ${stdout}${stderr}`);
    return stdout;
  };
  const sa = (command: string, statuses = [0]): string =>
    mustRun(publisher, `sunk-agent ${command}`, statuses);
  /** Those of a step of the document. */
  const listCommands = (step: number, program: string): string[] =>
    readStep(step)
      .flatMap((line) => line.split(' && '))
      .filter((line) => line.startsWith(`${program} `))
      .map((line) => line.slice(program.length + 1));
  /** `helm install` or `upgrade`, with the files that lie in the test's directory. */
  const upgrade = (step: number): Promise<void> => {
    const [line = ''] = listCommands(step, 'helm');
    const [, args = ''] =
      /^(?:install|upgrade) sunk-agent packaging\/helm\/sunk-agent (.*)$/.exec(line) ?? [];
    expect(args, `step ${step}`).toContain('-f values.yaml');
    return publisher.upgrade(args.split(/ +/).map((one) => (one.endsWith('.yaml') ? at(one) : one)));
  };
  const exportLedger = (): string => sa('ledger export').replace(/^.*"exported_at".*\n/m, '');
  const isHealthy = (): boolean => {
    const { stdout } = publisher.exec('sunk-agent status --json');
    return stdout !== '' && (JSON.parse(stdout) as { health: string }).health === 'healthy';
  };
  const logsIn = (name: string): boolean => login.ssh(name, at(name), 'true').status === 0;
  const writeAsIncumbent = (): void => {
    for (const map of MAPS) api.overwrite(`nsscache-${map}`, { [`${map}.cache`]: incumbent[map] ?? '' });
  };
  const overlay = (name: string): string =>
    (parse(readFileSync(OVERLAY, 'utf8')) as { login: { s6: Record<string, { script: string }> } }).login.s6[
      name
    ]?.script ?? '';

  async function createPerson(name: string): Promise<{ id: string; uid: string }> {
    const id = await store.createUser(`${name}@example.com`, publicKey(name));
    const user = (await store.request('GET', `/Users/${id}`)) as unknown as Record<string, { uid: string }>;
    return { id, uid: String(user[USER]?.uid) };
  }

  /** What the incumbent made of the store, long ago: one uid is another now, and one person is gone. */
  function renderIncumbent(alice: string): Record<string, string> {
    uids = { alice, bob: String(BOB), gone: String(GONE) };
    const names = Object.keys(uids);
    const lines = (render: (name: string) => string): string =>
      names.map((name) => `${render(name)}\n`).join('');
    return {
      passwd: lines((name) => `${name}:x:${uids[name]}:${uids[name]}:${name}:/home/${name}:/bin/bash`),
      group: `${lines((name) => `${name}:x:${uids[name]}:`)}admins:x:20001:alice\n`,
      shadow: lines((name) => `${name}:*:19000::::::`),
      sshkey: lines((name) => renderKeyLine(name, publicKey(name))),
    };
  }

  beforeAll(async () => {
    for (const name of ['alice', 'bob', 'gone', 'dora', 'erin'])
      spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(name)]);
    for (const name of ['state', 'volume', 'heartbeats', 'token', 'empty', 'nsscache', 'follower'])
      mkdirSync(at(name));
    const image = await ensureImage();
    const alone = { image: at('empty'), arguments: [], program: ['sleep', 'infinity'], beside: null };
    cluster = await bootNode('bookworm', () => {}, [], alone);
    store = await startStore(cluster);
    const alice = await createPerson('alice');
    const others = [await createPerson('bob'), await createPerson('erin')];
    await store.createGroup(
      'slurm-users',
      [alice, ...others].map(({ id }) => id),
    );
    await store.createGroup('admins', [alice.id]);
    api = await startApiServer(makeAuthority());
    api.mount(at('api-root'), 'token-1');
    ends.push(await forwardPort(cluster, api.port, at('api.sock')));
    incumbent = renderIncumbent(alice.uid);
    for (const map of MAPS) api.create(`nsscache-${map}`, {});
    writeAsIncumbent();
    const read = (): Record<string, string | null> =>
      Object.fromEntries(MAPS.map((map) => [`${map}.cache`, api.read(`nsscache-${map}`, `${map}.cache`)]));
    ends.push(startKubelet(at('nsscache'), read));
    spawnSync('cp', ['-R', `${at('api-root')}/var/run/secrets/kubernetes.io/serviceaccount`, at('api')]);
    writeFileSync(at('token/nsscache-scim-auth-token'), store.readToken);
    const { environment } = api;
    publisher = new Publisher({
      directory,
      rootfs: image.rootfs,
      network: cluster.networkPath(),
      environment,
    });
    const homes = [...Object.entries(uids), ['erin', others[1]?.uid], ['dora', '0']].map(
      ([name, uid]) => `install -d -m 0700 -o ${uid} /home/${name}`,
    );
    login = await bootNode('bookworm-old-sshd', () => {}, PACKAGES, {
      image: at('empty'),
      arguments: [
        `--bind-ro=${at('nsscache')}:/etc/nsscache`,
        `--bind-ro=${at('follower')}:/usr/share/sunk-agent/follower`,
        `--bind-ro=${at('volume')}:/srv/sunk-agent`,
        `--bind=${at('heartbeats')}:/srv/heartbeats`,
      ],
      program: ['sh', '-c', renderStart(homes.join('\n'))],
      beside: null,
    });
    await wait('alice and bob log in by the incumbent', () => logsIn('alice') && logsIn('bob'));
    expect(mustRun(login, watchNames(Object.keys(uids).join(' ')))).toBe(
      Object.entries(uids)
        .map(([name, uid]) => `${name}:${uid}:${uid}:/home/${name}\n`)
        .join(''),
    );
    probes = ['alice', 'bob'].map((name) => startProbe(login, name, at(name), 1));
  });
  afterAll(async () => {
    for (const probe of probes ?? []) await probe.stop();
    await publisher?.kill();
    await login?.stop();
    for (const end of ends) end();
    await api?.close();
    await store?.stop();
    await cluster?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  test('begins with values out of nsscache’s, which observe', async () => {
    begun = Date.now();
    writeFileSync(at('slurm-values.yaml'), SLURM_VALUES);
    const [init = ''] = listCommands(0, 'npm run -s sunk-agent --');
    expect(init).toBe('init --from-values slurm-values.yaml >values.yaml');
    const made = spawnSync(
      process.execPath,
      [path.join(PROJECT, 'src/cli/main.ts'), 'init', '--from-values', at('slurm-values.yaml')],
      { encoding: 'utf8' },
    );
    expect(made.status, made.stderr).toBe(0);
    writeFileSync(at('values.yaml'), made.stdout);
    expect(made.stderr).toContain('accounts.domains');
    edit(({ config }) => {
      config.accounts = { ...config.accounts, domains: ['example.com'] };
      config.sync = { poll: '*/2 * * * * *' };
      config.publish = { resign: '5s' };
    });
    copyFileSync(at('values.yaml'), at('revision-1.yaml'));
    await upgrade(1);
    await eventually('the store was read', () =>
      publisher.exec('sunk-agent plan --names').stdout.includes('erin'),
    );
    for (const command of listCommands(1, 'sa')) sa(command, [0, 1, 2]);
    expect(api.calls).toEqual([]);
  });

  /** As an operator edits the values. */
  function edit(change: (values: Values) => void): void {
    const values = parse(readFileSync(at('values.yaml'), 'utf8')) as Values;
    change(values);
    writeFileSync(at('values.yaml'), stringify(values));
  }

  test('takes the accounts over with the uids that they have', async () => {
    const [, maps = ''] = /^for map in (.*); do$/m.exec(readStep(2).join('\n')) ?? [];
    expect(maps).toContain('passwd');
    for (const map of maps.split(' '))
      writeFileSync(at(`tmp/${map}.cache`), api.read(`nsscache-${map}`, `${map}.cache`) ?? '');
    const [command = ''] = listCommands(2, 'sa');
    expect(command).toBe('import /tmp/passwd.cache --keep-uids --unknown keep');
    expect(sa(command, [0, 2])).toContain('bob');
    const applied = publisher.exec(`sunk-agent ${command} --apply`);
    expect(applied.stdout).toContain('2 taken over (1 with another uid at the store), 0 refused');
    const [override = ''] = /\{ id: .*\}/.exec(applied.stderr) ?? [];
    expect(override).toContain(`uid: ${BOB}`);
    edit(({ config }) => (config.overrides = [parse(override)]));
    expect(sa('plan', [0, 2])).not.toMatch(/uid .*→/);
  });

  test('fills the Secrets, and lets in a person who is new at the store', async () => {
    // kubectl patch cronjob: the incumbent writes no longer.
    const dora = await createPerson('dora');
    await store.addMember('slurm-users', dora.id);
    const [sed = ''] = listCommands(3, 'sed');
    expect(spawnSync('sh', ['-c', `sed ${sed}`], { cwd: directory }).status).toBe(0);
    await upgrade(3);
    await eventually(
      'the Secrets have dora',
      () => api.read('nsscache-passwd', 'passwd.cache')?.includes('dora:') === true,
    );
    login.exec(`chown ${dora.uid} /home/dora`);
    await eventually('dora logs in', () => logsIn('dora'));
    const seconds = Math.ceil((Date.now() - begun) / 1000) + KUBELET;
    process.stderr.write(
      `from the values to the first login: ${seconds} s, with ${KUBELET} s for the kubelet\n`,
    );
    expect(seconds).toBeLessThan(MAX_FIRST_LOGIN);
    await eventually('it is healthy', isHealthy);
    // The pod has the publisher's files now: dora logged in.
    expect(login.exec('getent group gone').stdout).toBe(`gone:x:${GONE}:\n`);
    expect(logsIn('gone')).toBe(true);
    expect(api.read('nsscache-passwd', 'passwd.cache')).toContain(`bob:x:${BOB}:`);
  });

  test('goes over to a follower in a pod that runs', async () => {
    const key = mustRun(publisher, 'cat /var/lib/sunk-agent/publish-key.pub').trim();
    writeFileSync(
      at('volume.yaml'),
      stringify({
        volume: { existingClaim: 'sunk-agent', heartbeats: { existingClaim: 'sunk-agent-heartbeats' } },
        follower: { enabled: true, publishers: [`sunk-agent namespaces="sunk-agent-generation" ${key}`] },
      }),
    );
    const before = login.ssh('alice', at('alice'), 'id').stdout;
    expect(before).toContain('(admins)');
    await upgrade(4);
    await eventually('a generation is on the volume', () => existsSync(at('volume/root')));
    mustRun(
      login,
      `set -e; mkdir /run/service/sunk-agent-follower
cat >/run/oneshot <<'END'
${overlay('sunk-agent-install')}END
cat >/run/service/sunk-agent-follower/run <<'END'
${overlay('sunk-agent-follower')}END
chmod 0755 /run/oneshot /run/service/sunk-agent-follower/run
/run/oneshot
s6-svscanctl -a /run/service`,
    );
    expect(login.exec('readlink /etc/passwd.cache').stdout).toBe('/run/sunk-agent/current/passwd.cache\n');
    await eventually('fleet counts the pod', () => publisher.exec('sunk-agent fleet').status === 0);
    expect(login.ssh('bob', at('bob'), 'id -u; id -g').stdout).toBe(`${BOB}\n${BOB}\n`);
    expect(login.ssh('alice', at('alice'), 'id').stdout).toBe(before);
    expect(mustRun(login, 'sudo -l -U alice')).toContain('NOPASSWD');
    expect(logsIn('erin')).toBe(true);
    sa('block erin --for 10m');
    await eventually('erin has no access', () => !logsIn('erin'));
  });

  test('and goes back: the pod to the Secrets, and the Secrets to the incumbent', async () => {
    mustRun(
      login,
      `s6-svc -wD -d /run/service/sunk-agent-follower
sh /usr/share/sunk-agent/follower/install-follower --undo && kill -HUP "$(cat /run/sshd.pid)"`,
    );
    expect(login.exec('readlink /etc/passwd.cache').stdout).toBe('/etc/nsscache/passwd.cache\n');
    await wait('dora logs in by the Secrets', () => logsIn('dora'));
    const ledger = exportLedger();
    // helm rollback sunk-agent 1
    await publisher.upgrade(['-f', at('revision-1.yaml')]);
    writeAsIncumbent();
    await wait('dora is gone, who is not in the incumbent’s', () => !logsIn('dora'));
    expect(logsIn('alice') && logsIn('gone')).toBe(true);
    expect(exportLedger()).toBe(ledger);
  });

  test('no login was refused and no uid changed', async () => {
    const looks = Number(mustRun(login, 'touch /run/names.end; cat /run/names.looks'));
    const ended = await Promise.all(probes.splice(0).map((probe) => probe.stop()));
    const logins = ended.map((one) => one.logins);
    process.stderr.write(`logins ${logins.join(' and ')}, looks at all names ${looks}\n`);
    expect(ended.flatMap((one) => one.failures)).toEqual([]);
    expect(login.exec('cat /run/names.changed').stdout).toBe('');
    expect(Math.min(looks, ...logins)).toBeGreaterThan(10);
  });
});

interface Values {
  config: { accounts?: object; sync?: object; publish?: object; overrides?: unknown };
}
