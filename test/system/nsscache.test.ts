// The nsscache backend on a real node with Debian's libnss-cache, 10,000 people and real logins.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { installAgent } from '../support/nodes/install.ts';
import { bootNode, CODE, type LoginNode, RESTART_SSHD } from '../support/nodes/node.ts';
import { describeOnNodes } from '../support/requirements.ts';
import { BASE_URL, type Store, startStore, TOKEN } from '../support/nodes/store.ts';

const PEOPLE = 10_000;
const GROUPS = 100;
const DIRECTORY = '/var/lib/sunk-agent/nsscache';
const LINKS = ['passwd.cache', 'passwd.cache.ixname', 'passwd.cache.ixuid', 'group.cache'].concat([
  'group.cache.ixname',
  'group.cache.ixgid',
  'shadow.cache',
  'shadow.cache.ixname',
]);
const CONFIG = `scim:
  base_url: ${BASE_URL}
access:
  groups:
    - { name: slurm-users }
${Array.from({ length: GROUPS }, (_, index) => `    - { name: group${String(index + 1).padStart(4, '0')} }\n`).join('')}accounts:
  domains: [example.com]
  backend: nsscache
  homes: never
sync:
  poll: "*/5 * * * * *"
`;

/** pam_unix(8) refuses each user without a line in shadow, so a node that resolves none has sshd do without PAM. */
const WAYS = [
  { shadow: 'files cache', pam: 'yes' },
  { shadow: 'files', pam: 'no' },
] as const;

function install(root: string): void {
  installAgent(root, { config: CONFIG, token: TOKEN });
  for (const name of LINKS) symlinkSync(`${DIRECTORY}/current/${name}`, path.join(root, 'etc', name));
  resolveBy(root, 'files cache');
}

function resolveBy(root: string, shadow: string): void {
  const text = `passwd: files cache\ngroup: files cache\nshadow: ${shadow}\nhosts: files\n`;
  writeFileSync(path.join(root, 'etc/nsswitch.conf'), text);
}

describeOnNodes('libnss-cache on bookworm', () => {
  let keys: string;
  let node: LoginNode;
  let store: Store;
  let alice: string;
  let local: string[];

  const keyFile = (): string => path.join(keys, 'alice');
  const login = (command = 'id') => node.ssh('alice', keyFile(), command);
  const choose = ({ shadow, pam }: (typeof WAYS)[number]): void => {
    resolveBy(node.root, shadow);
    writeFileSync(path.join(node.root, 'etc/ssh/sshd_config.d/05-pam.conf'), `UsePAM ${pam}\n`);
    run(RESTART_SSHD);
  };
  const readLocal = (): string[] =>
    ['passwd', 'group', 'shadow', 'gshadow'].map((file) =>
      readFileSync(path.join(node.root, 'etc', file), 'latin1'),
    );
  const run = (command: string): string => {
    const { status, stdout, stderr } = node.exec(command);
    if (status !== 0) throw new Error(`${command}: ${status} ${stderr}${stdout.slice(-500)}`);
    return stdout;
  };

  beforeAll(async () => {
    keys = mkdtempSync(path.join(tmpdir(), 'nsscache-'));
    spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'alice', '-f', keyFile()]);
    node = await bootNode('bookworm', install, ['libnss-cache']);
    local = readLocal();
    store = await startStore(node, ['--seed-users', String(PEOPLE), '--seed-groups', String(GROUPS)]);
    alice = await store.createUser('alice@example.com', readFileSync(`${keyFile()}.pub`, 'utf8').trim());
    await store.createGroup('slurm-users', [alice]);
    for (const deadline = Date.now() + 120_000; Date.now() < deadline; await sleep(500))
      if (node.exec(`grep -q ^alice: ${DIRECTORY}/current/sshkey.cache`).status === 0) break;
    // From here on each sync is asked for, and waited for.
    run('systemctl stop sunk-agent sunk-agent-reader');
  });

  afterAll(async () => {
    await store?.stop();
    await node?.stop();
    rmSync(keys, { recursive: true, force: true });
  });

  test('each user is resolved by name and by uid, every group by name and by gid', () => {
    const file = run(`sort ${DIRECTORY}/current/passwd.cache`);
    expect(file.trim().split('\n')).toHaveLength(PEOPLE + 1);
    for (const column of [1, 3]) {
      const found = run(`getent passwd $(cut -d: -f${column} ${DIRECTORY}/current/passwd.cache) | sort`);
      expect(found === file, `by column ${column}`).toBe(true);
      const groups = run(`getent group $(cut -d: -f${column} ${DIRECTORY}/current/group.cache) | sort`);
      expect(groups === run(`sort ${DIRECTORY}/current/group.cache`), `by column ${column}`).toBe(true);
    }
    expect(run('getent passwd | wc -l').trim()).toBe(
      String(PEOPLE + 1 + local[0]!.trim().split('\n').length),
    );
    expect(node.exec('getent passwd no-such-user; getent passwd 59999').status).toBe(2);
    expect(run('id user000001')).toMatch(/^uid=\d+\(user000001\) gid=9999\(sunk-users\) .*\(group0001\)/);
  });

  test.each(WAYS)('alice logs in with shadow: $shadow and UsePAM $pam', (way) => {
    choose(way);
    const { status, stdout, stderr } = login();
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(
      /^uid=\d+\(alice\) gid=9999\(sunk-users\) groups=9999\(sunk-users\),\d+\(slurm-users\)/,
    );
  });

  test('no reader sees half of two generations while one follows the other', () => {
    const script = `
      import { publishGeneration } from '${CODE}/src/host/nss/generation.ts';
      import { renderGeneration } from '${CODE}/src/host/nss/cache-files.ts';
      import { readFileSync, cpSync } from 'node:fs';
      const read = (name) => readFileSync('${DIRECTORY}/current/' + name + '.cache', 'latin1');
      const texts = { passwd: read('passwd'), group: read('group'), shadow: read('shadow'), sshkey: read('sshkey') };
      for (let turn = 0; turn < 30; turn += 1) {
        const passwd = 'aaaa:x:59998:9999:' + 'x'.repeat(turn) + ':/:/bin/sh\\n' + texts.passwd;
        publishGeneration('${DIRECTORY}', renderGeneration({ ...texts, passwd }), null);
      }
      publishGeneration('${DIRECTORY}', renderGeneration(texts), null);`;
    writeFileSync(path.join(node.root, 'tmp/turn.ts'), script);
    const node26 = `${CODE}/node_modules/.bin/node`;
    const expected = run('getent passwd user005000');
    const uid = expected.split(':')[2] ?? '';
    const seen = run(`
      ${node26} --input-type=module-typescript -e "$(cat /tmp/turn.ts)" & writer=$!
      while kill -0 $writer 2>/dev/null; do getent passwd user005000; getent passwd ${uid}; done | sort | uniq -c
      wait $writer`);
    const [line = '', ...more] = seen.trim().split('\n');
    expect(more).toEqual([]);
    expect(line.trim().replace(/^\d+ /, '')).toBe(expected.trim());
    expect(Number(/^\s*(\d+)/.exec(line)?.[1])).toBeGreaterThan(10);
  });

  test('a disabled account is refused, and so is its own authorized_keys, in either way', async () => {
    const publicKey = readFileSync(`${keyFile()}.pub`, 'utf8');
    run(`install -d -o alice -m 700 ~alice ~alice/.ssh
      install -o alice -m 600 /dev/stdin ~alice/.ssh/authorized_keys <<'END'\n${publicKey}END`);
    for (const way of WAYS) {
      choose(way);
      expect(login('true').status).toBe(0);
    }
    await store.setActive(alice, 'False');
    run('sunk-agent sync');
    expect(run('getent passwd alice')).toMatch(/:\/usr\/sbin\/nologin\n$/);
    expect(node.exec(`grep ^alice: ${DIRECTORY}/current/sshkey.cache`).status).toBe(1);
    expect(node.exec('test -e /var/lib/sunk-agent/authorized_keys/alice').status).toBe(1);
    for (const way of WAYS) {
      choose(way);
      expect(login('true').status, way.shadow).toBe(255);
    }
  });

  test('the accounts of the image are as they were, byte for byte', () => {
    expect(readLocal()).toEqual(local);
  });
});
