// The script before a removal, beside a real sshd: it removes the drop-in, unless that would break sshd.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasPrivateNode, openPrivateNode, type PrivateNode } from '../../support/nodes/private-node.ts';

const canRun = hasPrivateNode(import.meta.filename);

const PACKAGING = path.resolve(import.meta.dirname, '../../../packaging');
const DROP_IN = '/etc/ssh/sshd_config.d/10-sunk-agent.conf';
const CONFIG = 'Include /etc/ssh/sshd_config.d/*.conf\nListenAddress 127.0.0.1\nPidFile /run/sshd.pid\n';

describe.runIf(canRun)('removal', () => {
  let node: PrivateNode;
  const remove = (): string => node.sh(`sh ${PACKAGING}/deb/prerm remove 2>&1`);
  const list = (): string[] => node.sh('ls /etc/ssh/sshd_config.d').trim().split('\n');

  beforeAll(async () => {
    node = await openPrivateNode();
    // It empties the compile cache of Node, but not that of this machine.
    node.sh(`mount -t tmpfs none /var/cache
      printf '${CONFIG.replaceAll('\n', '\\n')}' >/etc/ssh/sshd_config
      cp ${PACKAGING}/sshd/10-sunk-agent.conf ${DROP_IN}`);
    await node.startSshd();
  });
  afterAll(() => node.close());

  test('leaves the drop-in where sshd refuses its configuration without it, and prints the message of sshd', () => {
    node.sh('echo "Nonsense yes" >/etc/ssh/sshd_config.d/50-broken.conf');
    const output = remove();
    expect(output).toContain('50-broken.conf');
    expect(output).toContain(`sshd refuses its configuration without ${DROP_IN}; the file stays.`);
    expect(list()).toEqual(['10-sunk-agent.conf', '50-broken.conf']);
    expect(node.sh(`cat ${DROP_IN}`)).toBe(
      readFileSync(path.join(PACKAGING, 'sshd/10-sunk-agent.conf'), 'utf8'),
    );
    expect(node.log()).not.toContain('SIGHUP');
    node.sh('rm /etc/ssh/sshd_config.d/50-broken.conf');
  });

  test('removes the drop-in, and has sshd reload its configuration', async () => {
    const settings = 'mkdir -p /run/sshd; sshd -T -C user=root,host=h,addr=127.0.0.1';
    node.sh("sed -i '/^sunk-users:/s/$/root/' /etc/group");
    expect(node.sh(settings)).toContain('authorizedkeyscommand /usr/libexec/sunk-agent/authorized-keys');
    expect(remove()).toContain('sshd no longer asks sunk-agent for keys');
    expect(node.sh('ls -A /etc/ssh/sshd_config.d')).toBe('');
    expect(node.sh(settings)).toContain('authorizedkeyscommand none');
    await expect.poll(node.log, { timeout: 20_000 }).toContain('Received SIGHUP; restarting');
    expect(existsSync(DROP_IN), 'outside').toBe(false);
  });
});
