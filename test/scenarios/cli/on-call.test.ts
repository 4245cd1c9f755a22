// What an operator on call sees: the screens of a real terminal, which the documents show, and what doctor --fix fixes.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeEd25519, seedRandom, writeBlob } from '../../support/records/key-corpus.ts';
import { hasPrivateNode } from '../../support/nodes/private-node.ts';
import { openOwnNode, type OwnNode } from '../../support/nodes/own-node.ts';
import { expectInDocuments } from '../../support/screens.ts';
import { openTerminal, type Terminal } from '../../support/terminal.ts';

const canRun = hasPrivateNode(import.meta.filename);

const EXTENSION = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser';
const TOKEN_FILE = '/etc/sunk-agent/credentials/scim-token';
const STATE = '/var/lib/sunk-agent/cache';
const KEYS = '/var/lib/sunk-agent/authorized_keys';
const HELPER_DIRECTORY = '/usr/libexec/sunk-agent';
const DROP_IN = '/etc/ssh/sshd_config.d/10-sunk-agent.conf';

describe.runIf(canRun)('for an operator on call', () => {
  let node: OwnNode;
  let terminal: Terminal;
  let bob: string;
  let carol: string;
  let group: string;
  const random = seedRandom(1);

  async function ask(method: string, url: string, body?: unknown): Promise<{ id: string }> {
    const response = await fetch(url, {
      method,
      headers: { authorization: `Bearer ${node.testbed.token}`, 'content-type': 'application/scim+json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = await response.text();
    if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${answer}`);
    return JSON.parse(answer === '' ? '{}' : answer) as { id: string };
  }
  const scim = (method: string, resource: string, body: unknown) =>
    ask(method, node.testbed.baseUrl + resource, body);
  const patch = (resource: string, operation: object) =>
    scim('PATCH', resource, {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [operation],
    });
  async function push(name: string): Promise<string> {
    const key = `ssh-ed25519 ${writeBlob('ssh-ed25519', makeEd25519(random)).toString('base64')}`;
    const { id } = await scim('POST', '/Users', {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
      userName: `${name}@example.com`,
      active: true,
      [EXTENSION]: { sunkSshKeys: key },
    });
    return id;
  }

  const show = async (command: string): Promise<string> => {
    terminal.start(node.enter(command));
    return terminal.end();
  };
  const modes = async (): Promise<string> =>
    (
      await node.exec(
        `stat -c '%a %U:%G %n' ${TOKEN_FILE} ${STATE} ${KEYS} ${HELPER_DIRECTORY} /etc/passwd; cat ${DROP_IN}`,
      )
    ).stdout;
  const countAudited = async (): Promise<number> =>
    Number((await node.exec('cat /var/lib/sunk-agent/audit.ndjson 2>/dev/null | grep -c doctor-fix')).stdout);

  beforeAll(async () => {
    node = await openOwnNode();
    const alice = await push('alice');
    bob = await push('bob');
    carol = await push('carol');
    ({ id: group } = await scim('POST', '/Groups', {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
      displayName: 'slurm-users',
      members: [{ value: alice }, { value: bob }],
    }));
    expect(await node.exec('sunk-agent sync')).toMatchObject({ status: 0 });
    terminal = openTerminal(100, 40);
  });

  afterAll(async () => {
    terminal.close();
    await node.close();
  });

  test('sync shows its progress on a terminal, and the report at the end', async () => {
    await ask('POST', `${node.testbed.adminUrl}/faults`, { kind: 'delay', ms: 3000 });
    terminal.start(node.enter('sunk-agent sync --full'));
    let atWork = '';
    for (let tries = 0; tries < 400 && !atWork.includes('fetch'); tries += 1) {
      await sleep(50);
      atWork = terminal.screen();
    }
    expectInDocuments('sunk-agent sync --full', atWork);
    await ask('DELETE', `${node.testbed.adminUrl}/faults`);
    const after = await terminal.end();
    expect(after).not.toContain('[1/4]');
    expect(after).toMatch(/^sync \d+ \(full\): 3 users and 1 group, snapshot [0-9a-f]{16}\n0 changes made/);
  });

  test('status says first that no login is proven where no agent runs, and has the facts of the machine', async () => {
    const screen = await show('sunk-agent status --host');
    expect(screen).toMatch(
      /^login path: not proven: no trial login since the agent started\ndegraded: no login is proven to work/,
    );
    expect(screen).toMatch(/^  host +load /m);
  });

  test('why names the failing link, its cause, its owner and the fix', async () => {
    await node.exec("echo 'AllowUsers bob root' >/etc/ssh/sshd_config.d/05-other.conf");
    expectInDocuments('sunk-agent why alice', await show('sunk-agent why alice'));
    expect(terminal.screen(true)).toContain('\u001b[31mERROR');
    await node.exec('rm /etc/ssh/sshd_config.d/05-other.conf');
  });

  test('doctor says that no login is proven, until an operator says that none is to be tried', async () => {
    const { stdout, status } = await node.exec('sunk-agent doctor');
    expect(stdout).toMatch(/^\? +login-unproven: /m);
    expect(status).toBe(1);
    await node.exec("echo 'canary: { every: never }' >>/etc/sunk-agent/config.yaml");
    expect((await node.exec('sunk-agent doctor')).stdout).not.toContain('login-unproven');
  });

  test('doctor names each problem, the worst first, with its fix; it changes nothing', async () => {
    await node.exec(`chmod o+w ${HELPER_DIRECTORY}; chmod 644 ${TOKEN_FILE}`);
    const before = await modes();
    expectInDocuments('sunk-agent doctor', await show('sunk-agent doctor'));
    expect(await modes()).toBe(before);
    expect(await countAudited()).toBe(0);
  });

  test('doctor --fix announces each fix, applies it, and leaves nothing to fix', async () => {
    await node.exec(`chmod 755 ${STATE}; chmod 777 ${KEYS}; echo '# nothing' >${DROP_IN}`);
    const found = await node.exec('sunk-agent doctor');
    expect(found.status).toBe(2);
    for (const code of [
      'sshd-helper-unsafe',
      'token-rights',
      'disk-state-rights',
      'disk-key-folder',
      'sshd-other-command',
    ])
      expect(found.stdout).toContain(code);

    const fixed = await node.exec('sunk-agent doctor --fix');
    expect(fixed.stderr.match(/^sunk-agent: will /gm)).toHaveLength(5);
    expect(fixed).toMatchObject({ status: 0, stdout: expect.stringMatching(/^No problems found/) });
    expect(await modes()).toMatch(
      new RegExp(
        `^640 root:sunk-reader ${TOKEN_FILE}\n700 root:root ${STATE}\n750 root:nogroup ${KEYS}\n755 root:root ${HELPER_DIRECTORY}\n`,
      ),
    );
    expect(await countAudited()).toBe(5);

    const after = await modes();
    expect(await node.exec('sunk-agent doctor --fix')).toMatchObject({ status: 0 });
    expect(await modes()).toBe(after);
    expect(await countAudited()).toBe(5);
  });

  test('doctor --fix changes nothing through a symbolic link, and fixes the rest', async () => {
    await node.exec(`mv ${TOKEN_FILE} /root/token; ln -s /etc/passwd ${TOKEN_FILE}; chmod 755 ${STATE}`);
    const before = await node.exec('stat -c "%a %U:%G" /etc/passwd');
    const { stdout } = await node.exec('sunk-agent doctor --fix');
    expect(stdout).toContain('token-rights');
    expect(stdout).not.toContain('disk-state-rights');
    expect(await node.exec('stat -c "%a %U:%G" /etc/passwd')).toEqual(before);
    await node.exec(`rm ${TOKEN_FILE}; mv /root/token ${TOKEN_FILE}`);
  });

  test('doctor --fix writes nothing for an sshd whose configuration is invalid, reports it, and fixes the rest', async () => {
    await node.exec(
      `cp /etc/ssh/sshd_config /etc/ssh/sshd_config.kept; echo '# nothing' >${DROP_IN}; chmod 755 ${STATE}
      echo 'Nonsense yes' >>/etc/ssh/sshd_config`,
    );
    const { stdout, stderr } = await node.exec('sunk-agent doctor --fix');
    expect(stdout).not.toContain('disk-state-rights');
    expect(stdout).toMatch(/^ERROR +sshd-silent/m);
    expect(stderr).not.toContain('10-sunk-agent.conf');
    expect((await node.exec(`cat ${DROP_IN}`)).stdout).toBe('# nothing\n');
    await node.exec('mv /etc/ssh/sshd_config.kept /etc/ssh/sshd_config');
    expect(await node.exec('sunk-agent doctor --fix')).toMatchObject({ status: 0 });
  });

  test('doctor --fix reports what it could not fix, where and why, and fixes the rest', async () => {
    await node.exec(
      `chmod 755 ${STATE}; chmod 777 ${HELPER_DIRECTORY}
      mount --bind ${HELPER_DIRECTORY} ${HELPER_DIRECTORY} && mount -o remount,bind,ro ${HELPER_DIRECTORY}`,
    );
    const { status, stdout, stderr } = await node.exec('sunk-agent doctor --fix');
    expect(stderr).toMatch(
      new RegExp(
        `^sunk-agent: helper-rights is not fixed: cannot set owner and mode of ${HELPER_DIRECTORY}: EROFS: .*mount -o remount,rw`,
        'm',
      ),
    );
    expect(stdout).toContain('sshd-helper-unsafe');
    expect(stdout).not.toContain('disk-state-rights');
    expect(status).toBe(2);
    const trail = await node.exec(
      'grep doctor-fix /var/lib/sunk-agent/audit.ndjson | grep -c "is not fixed"',
    );
    expect(trail.stdout).toBe('1\n');
    await node.exec(`umount ${HELPER_DIRECTORY}`);
    expect(await node.exec('sunk-agent doctor --fix')).toMatchObject({ status: 0 });
  });

  test('doctor --fix works without an audit trail, reports that there is none, and does not exit with 0', async () => {
    const audit = '/var/lib/sunk-agent/audit.ndjson';
    await node.exec(`chmod 755 ${STATE}; mv ${audit} /root/audit; mkdir ${audit}`);
    const { status, stdout, stderr } = await node.exec('sunk-agent doctor --fix --json');
    const reported = expect.stringMatching(
      /^state-rights is not on the audit trail: cannot write the audit trail .*move it away\)$/,
    ) as string;
    expect(JSON.parse(stdout)).toMatchObject({ findings: [], notFixed: [reported], unmended: [reported] });
    expect(stderr).toContain('state-rights is not on the audit trail');
    expect(status).toBe(1);
    expect(await modes()).toContain(`700 root:root ${STATE}`);
    await node.exec(`rmdir ${audit}; mv /root/audit ${audit}`);
  });

  test('plan shows what it adds and removes, and why', async () => {
    await patch(`/Users/${bob}`, { op: 'Replace', path: 'active', value: 'False' });
    await patch(`/Groups/${group}`, { op: 'Add', path: 'members', value: [{ value: carol }] });
    expectInDocuments('sunk-agent plan --fetch', await show('sunk-agent plan --fetch'));
  });
});
