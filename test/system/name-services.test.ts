// A packaged node beside extrausers, which stands for sssd, and with sudo rules by name: before the first grant, and after.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually as wait } from '../support/eventually.ts';
import { bootNode, type LoginNode } from '../support/nodes/node.ts';
import { makePublicKey } from '../support/nodes/organisation-on-disk.ts';
import { buildForHere, installPackage } from '../support/nodes/packages.ts';
import { BASE_URL, type Store, startStore } from '../support/nodes/store.ts';
import { describeOnNodes } from '../support/requirements.ts';

describeOnNodes('a node with accounts in another name service', () => {
  let directory: string;
  let node: LoginNode;
  let store: Store;

  const must = (command: string, ...statuses: readonly number[]): string => {
    const { status, stdout, stderr } = node.exec(command);
    if (!(statuses.length === 0 ? [0] : statuses).includes(status ?? -1))
      throw new Error(`${command}: status ${status}: ${stdout}${stderr}`);
    return stdout;
  };
  const eventually = (what: string, isTrue: () => boolean): Promise<void> =>
    wait(what, isTrue, () => must('journalctl -n 30 --no-pager -u sunk-agent'));

  beforeAll(async () => {
    directory = mkdtempSync(path.join(tmpdir(), 'name-services-'));
    node = await bootNode('bookworm', () => {}, ['libnss-extrausers']);
    store = await startStore(node);
    const members: string[] = [];
    // The store gives uids from 10000 on, in this order.
    for (const name of ['alice', 'yan', 'ivan', 'dave', 'mallory'])
      members.push(await store.createUser(`${name}@example.com`, makePublicKey()));
    await store.createGroup('slurm-users', members);
    for (const name of ['admin', 'Linux-Admins', 'team']) await store.createGroup(name, members);
    must(`mkdir -p /var/lib/extrausers
      printf 'yan:x:10990:10990::/home/yan:/bin/bash\\nzed:x:10002:10002::/home/zed:/bin/bash\\n' >/var/lib/extrausers/passwd
      printf 'zed:x:10002:\\n' >/var/lib/extrausers/group
      printf 'passwd: files extrausers absent\\ngroup: files extrausers absent\\nshadow: files extrausers\\nhosts: files\\n' >/etc/nsswitch.conf
      printf '%s\\n' '%sudo ALL=(ALL) NOPASSWD: ALL' '%admin ALL=(ALL) NOPASSWD: ALL' '# for mallory \\' 'Dave ALL=(ALL) ALL' >/etc/sudoers.d/site
      printf '%s\\n' '@include /etc/more-rules # of the site' >>/etc/sudoers
      printf '%s\\n' '%Linux-Admins ALL=(ALL) NOPASSWD: ALL' >/etc/more-rules
      printf 'AllowUsers root alice mallory\\n' >/etc/ssh/sshd_config.d/50-site.conf
      chmod 440 /etc/sudoers.d/site /etc/more-rules; visudo -c`);
    const { status, stdout } = installPackage(node, await buildForHere());
    expect(status, stdout).toBe(0);
    must(
      `echo ${store.readToken} | sunk-agent init --base-url ${BASE_URL} --token-file - --group slurm-users --enforce`,
    );
    must(`sed -i "s/^accounts:/accounts:\\n  groups: ['*']/" /etc/sunk-agent/config.yaml
      systemctl restart sunk-agent sunk-agent-reader`);
    await eventually('alice is there', () => node.exec('getent -s files passwd alice').status === 0);
  });
  afterAll(async () => {
    await store?.stop();
    await node?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  test('the agent in its unit gives away no name and no uid of theirs', () => {
    expect(must('id -u yan; id -nu 10002')).toBe('10990\nzed\n');
    expect(node.exec('getent passwd ivan').status).toBe(2);
    expect(must('sunk-agent sync', 0, 1, 2)).toMatch(/extrausers knows the uid 10002 as zed's/);
    expect(must('sunk-agent why yan@example.com', 0, 1, 2)).toMatch(
      /extrausers knows yan with the uid 10990/,
    );
  });

  test('no newcomer has power by a name, and sshd_config and comments take none away', () => {
    expect(must('getent -s files passwd mallory | cut -d: -f3')).toBe('10004\n');
    expect(must('getent group team')).toMatch(/mallory/);
    expect(node.exec('getent passwd dave').status).toBe(2);
    expect(node.exec('getent group linux-admins').status).toBe(2);
    expect(node.exec('getent group admin').status).toBe(2);
    for (const name of ['alice', 'mallory'])
      expect(must(`sudo -l -U ${name}`, 0, 1)).toMatch(/is not allowed to run sudo/);
    const said = must('sunk-agent sync', 0, 1, 2);
    expect(said).toMatch(/the name dave has power on this node \(\/etc\/sudoers\.d\/site:4\)/);
    expect(said).toMatch(/the name linux-admins means power on this node \(\/etc\/more-rules:1\)/);
  });

  test('what appears there later changes nothing, and status, doctor and why say it', async () => {
    const before = must('cat /etc/passwd');
    must(`printf 'late:x:10000:10000::/home/late:/bin/bash\\n' >>/var/lib/extrausers/passwd
      systemctl restart sunk-agent`);
    const found = /extrausers knows the uid 10000 as late's, which is managed here as alice's/;
    await eventually('the round is over', () =>
      found.test(node.exec('cat /run/sunk-agent/name-round.json').stdout),
    );
    must('sunk-agent sync', 0, 1, 2);
    expect(must('sunk-agent status', 0, 1, 2)).toMatch(found);
    const doctor = must('sunk-agent doctor', 0, 1, 2);
    expect(doctor).toMatch(found);
    expect(doctor).toMatch(/libnss_absent\.so\.2 is not installed/);
    expect(must('getent passwd alice')).toMatch(/^alice:x:10000:/);
    expect(must('sunk-agent why alice', 0, 1, 2)).toMatch(found);
    expect(must('cat /etc/passwd')).toBe(before);
  });
});
