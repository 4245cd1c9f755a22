// What a real sshd does with the helper, the drop-in and the key files: the same tests for each release.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SshdFinding } from '../../../src/host/sshd/sshd-findings.ts';
import type { NodeFacts } from '../../../src/policy/model.ts';
import { issueCredentials } from '../../../src/policy/keys/credential.ts';
import { renderKeyFile } from '../../../src/policy/keys/key-file.ts';
import { readKeys } from '../../../src/policy/keys/ssh-key.ts';
import { makeParts, seedRandom, writeBlob } from '../records/key-corpus.ts';
import { openPrivateNode, type PrivateNode } from './private-node.ts';

const DROP_IN = '/etc/ssh/sshd_config.d/10-sunk-agent.conf';
const CONFIG = `Include /etc/ssh/sshd_config.d/*.conf
ListenAddress 127.0.0.1
UsePAM no
PasswordAuthentication no
MaxStartups 100
PidFile /run/sshd/test.pid
`;
const NOW = Math.floor(Date.now() / 1000);

/**
 * Declares the tests, inside a `describe`.
 * @param base root directory of another release; null for this machine's own sshd.
 * @param zulu whether that sshd reads an expiry in UTC (OpenSSH 9.1 and newer).
 */
export function testSshd(base: string | null, zulu: boolean): void {
  const UTC = { zulu, timeZone: 'UTC' };
  let directory: string;
  let node: PrivateNode;
  let aliceKey: string;
  let strangerKey: string;
  let mainConfig: string;

  /** Public half of a key file, as the policy reads it. */
  function acceptedKey(file: string): { type: string; base64: string; fingerprint: string } {
    const [reading] = readKeys([readFileSync(`${file}.pub`, 'utf8')]);
    if (reading?.ok !== true) throw new Error('a key of ssh-keygen was not read');
    return reading.key;
  }

  function writeNodeFile(file: string, text: string): void {
    node.sh(`cat >${file} <<'END'\n${text}END\n`);
  }

  function writeKeys(name: string, expiresAt: number, style = UTC, extra = 0): void {
    const random = seedRandom(7);
    const others = Array.from({ length: extra }, () => {
      const [type, ...parts] = makeParts(random);
      return {
        type,
        base64: writeBlob(type, ...parts).toString('base64'),
        fingerprint: `SHA256:~${random(1e9)}`,
      };
    });
    const file = `/var/lib/sunk-agent/authorized_keys/${name}`;
    writeNodeFile(
      file,
      renderKeyFile(issueCredentials([acceptedKey(aliceKey), ...others], `id-${name}`, expiresAt), style),
    );
  }

  const install = (keys: string): unknown =>
    node.evaluate('host/sshd/install-drop-in.ts', `installSshdDropIn(config('${keys}'), '/')`);
  /** What is wrong in the configuration: that sshd has not read it again is another matter, and true of most of these tests. */
  const inspect = (keys: string, name = 'alice'): SshdFinding[] => {
    const answer = node.evaluate('host/sshd/sshd.ts', `inspectSshd(config('${keys}'), '${name}', '/')`);
    return (answer as { value: SshdFinding[] }).value.filter(({ code }) => code !== 'sshd-not-reloaded');
  };

  /** As each sync does. */
  const settle = (keys: string): void => {
    const paths = `{ root: '/', keys: '/var/lib/sunk-agent/authorized_keys', run: '/run/sunk-agent', denyList: '/run/sunk-agent/shut' }`;
    const answer = node.evaluate(
      'host/keys/directory-rights.ts',
      `settleKeyDirectory(config('${keys}'), ${paths})`,
    );
    expect(answer).toEqual({});
  };

  const readFacts = (): Pick<NodeFacts, 'expiry' | 'keyTypes'> => {
    const answer = node.evaluate('host/sshd/sshd-program.ts', `readSshdFacts('/')`);
    return (answer as { value: Pick<NodeFacts, 'expiry' | 'keyTypes'> }).value;
  };

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'login-'));
    aliceKey = join(directory, 'alice');
    strangerKey = join(directory, 'stranger');
    for (const file of [aliceKey, strangerKey])
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
    node = await openPrivateNode(base);
    // OpenSSH 9.8 and newer would otherwise drop the connections that follow a few refusals.
    const penalties =
      node
        .sh('touch /etc/ssh/sshd_config; /usr/sbin/sshd -T | grep -c "^persourcepenalties " || true')
        .trim() === '1';
    mainConfig = `${CONFIG}${penalties ? 'PerSourcePenalties no\n' : ''}`;
    writeNodeFile('/etc/ssh/sshd_config', mainConfig);
    const people = [
      ['alice', 9999],
      ['bob', 9999],
      ['carol', 100],
    ] as const;
    for (const [index, [name, gid]] of people.entries()) {
      node.sh(`
        printf '${name}:x:${20_000 + index}:${gid}::/home/${name}:/bin/sh\\n' >>/etc/passwd
        printf '${name}:*:20000::::::\\n' >>/etc/shadow
        mkdir -p /home/${name}/.ssh
        echo '${readFileSync(`${strangerKey}.pub`, 'utf8').trim()}' >/home/${name}/.ssh/authorized_keys
        chown -R ${20_000 + index}:${gid} /home/${name}`);
    }
    expect(install('')).toEqual({ value: true });
    await node.startSshd();
  }, 60_000);

  afterAll(async () => {
    await node.close();
    rmSync(directory, { recursive: true });
  });

  test('the drop-in is written once, and its settings are in force', () => {
    expect(install('')).toEqual({ value: false });
    expect(inspect('')).toEqual([]);
    expect(node.sh(`stat -c '%a %U' ${DROP_IN}`)).toBe('644 root\n');
    expect(existsSync(DROP_IN), 'outside').toBe(false);
  });

  test('a key logs in until it expires, and not a second longer', async () => {
    writeKeys('alice', NOW + 3600);
    expect(node.login('alice', aliceKey)).toEqual({ status: 0, output: 'alice' });
    writeKeys('alice', NOW - 1);
    expect(node.login('alice', aliceKey).status).toBe(255);
    await expect.poll(node.log).toContain('Refused by key options');
  });

  test('an expiry in UTC is enforced by OpenSSH 9.1 and newer, and before that makes the line useless', () => {
    writeKeys('alice', NOW + 3600, { zulu: true, timeZone: 'UTC' });
    expect(node.login('alice', aliceKey).status).toBe(zulu ? 0 : 255);
  });

  const zones =
    base === null ? ['Europe/Dublin'] : ['UTC', 'Europe/Berlin', 'Europe/Dublin', 'America/Los_Angeles'];
  test.each(zones)(
    'an expiry in local time is enforced by all: not early, and late by three hours at most: %s',
    (timeZone) => {
      node.sh(
        `test -e /usr/share/zoneinfo/${timeZone} && ln -sf /usr/share/zoneinfo/${timeZone} /etc/localtime`,
      );
      const local = { zulu: false, timeZone };
      expect(readFacts().expiry).toEqual({ zulu, timeZone });
      const now = Math.floor(Date.now() / 1000);
      for (const day of [now + 60, now + 120 * 86_400, now + 240 * 86_400]) {
        writeKeys('alice', day, local);
        expect(node.login('alice', aliceKey).status, `${day} ${timeZone}`).toBe(0);
      }
      writeKeys('alice', NOW - (timeZone === 'UTC' ? 60 : 3 * 3600 + 60), local);
      expect(node.login('alice', aliceKey).status).toBe(255);
      node.sh('ln -sf /usr/share/zoneinfo/UTC /etc/localtime');
    },
  );

  test('the helper alone can read the key directory, whatever mode and group a volume gave it', () => {
    writeKeys('alice', NOW + 3600);
    const rights = (): string =>
      node.sh('cd /var/lib/sunk-agent; stat -c %a:%U:%g . authorized_keys authorized_keys/alice');
    node.sh(
      `cd /var/lib/sunk-agent; chgrp -R 4000 .; chmod 2770 . authorized_keys; chmod 0660 authorized_keys/*`,
    );
    expect(node.login('alice', aliceKey).status).toBe(255);
    settle('');
    expect(rights()).toBe('755:root:4000\n750:root:65534\n644:root:4000\n');
    expect(node.login('alice', aliceKey)).toEqual({ status: 0, output: 'alice' });
    expect(
      node.sh(
        'setpriv --reuid=bob --regid=100 --clear-groups ls /var/lib/sunk-agent/authorized_keys 2>&1 || true',
      ),
    ).toContain('ermission denied');
    // Without the drop-in, sshd may be told to read the files itself.
    node.sh(`mv ${DROP_IN} /etc/kept`);
    settle('');
    expect(rights()).toContain('\n755:root:');
    node.sh(`mv /etc/kept ${DROP_IN}; chmod 0700 /var/lib/sunk-agent`);
    settle('');
    expect(rights()).toMatch(/^755:root:4000\n750:root:65534\n/);
    expect(node.login('alice', aliceKey).status).toBe(0);
  });

  test('a key that is not in the file is refused, and so is a name that has no file', () => {
    writeKeys('alice', NOW + 3600);
    expect(node.login('alice', strangerKey).status).toBe(255);
    expect(node.login('bob', aliceKey).status).toBe(255);
  });

  test('a member’s own authorized_keys does not count; that of others does', () => {
    expect(node.login('bob', strangerKey).status).toBe(255);
    expect(node.login('carol', strangerKey)).toEqual({ status: 0, output: 'carol' });
  });

  test('a key among two hundred is found, also if sshd stops reading early', () => {
    writeKeys('alice', NOW + 3600, UTC, 200);
    expect(node.login('alice', aliceKey)).toEqual({ status: 0, output: 'alice' });
  });

  test('sshd refuses a helper that others could replace, and the inspection names the cause', async () => {
    writeKeys('alice', NOW + 3600);
    for (const [breakIt, fixIt, cause] of [
      [
        'chown 65534 /usr/libexec/sunk-agent',
        'chown 0 /usr/libexec/sunk-agent',
        '/usr/libexec/sunk-agent belongs to uid 65534',
      ],
      [
        'chmod 775 /usr/libexec; chgrp 100 /usr/libexec',
        'chmod 755 /usr/libexec; chgrp 0 /usr/libexec',
        '/usr/libexec may be written by group or others (mode 0775)',
      ],
      [
        'chmod 646 /usr/libexec/sunk-agent/authorized-keys',
        'chmod 755 /usr/libexec/sunk-agent/authorized-keys',
        'mode 0646',
      ],
      [
        'chmod 644 /usr/libexec/sunk-agent/authorized-keys',
        'chmod 755 /usr/libexec/sunk-agent/authorized-keys',
        'is not executable',
      ],
    ] as const) {
      node.sh(breakIt);
      const refused = node.login('alice', aliceKey).status;
      const findings = inspect('');
      node.sh(fixIt);
      expect(refused, breakIt).toBe(255);
      expect(findings).toHaveLength(1);
      expect(findings[0]).toMatchObject({ code: 'sshd-helper-unsafe', breaksLogin: true });
      expect(findings[0]?.detail).toContain(cause);
    }
    await expect.poll(node.log).toContain('Unsafe AuthorizedKeysCommand');
    expect(node.login('alice', aliceKey).status).toBe(0);
  });

  test('a global command of another tool does not replace the helper, but an earlier Match block does, and is named', () => {
    const other = '/etc/ssh/sshd_config.d/05-other.conf';
    const theirs =
      'AuthorizedKeysCommand /usr/bin/userdbctl ssh-authorized-keys %u\nAuthorizedKeysCommandUser root\n';
    writeKeys('alice', NOW + 3600);
    writeNodeFile(other, theirs);
    const harmless = inspect('');
    writeNodeFile(other, `Match User alice\n${theirs}`);
    const findings = inspect('');
    node.sh(`rm ${other}`);
    expect(harmless).toEqual([]);
    expect(findings.map((finding) => finding.code)).toEqual(['sshd-other-command']);
    expect(findings[0]?.detail).toContain(`"/usr/bin/userdbctl ssh-authorized-keys %u" (${other}:2)`);
  });

  test('what bypasses the helper is named with file and line', () => {
    const other = '/etc/ssh/sshd_config.d/90-other.conf';
    writeNodeFile(other, '# theirs\nTrustedUserCAKeys /etc/ssh/ca.pub\nHostbasedAuthentication yes\n');
    const findings = inspect('');
    node.sh(`rm ${other}`);
    expect(findings.map((finding) => finding.code)).toEqual(['sshd-user-ca', 'sshd-host-based']);
    expect(findings[0]?.detail).toContain(`(${other}:2)`);
    expect(inspect('')).toEqual([]);
  });

  test('a configuration that sshd refuses stays as it is, with sshd’s message', () => {
    node.sh(`mv ${DROP_IN} /etc/kept; echo 'Nonsense yes' >>/etc/ssh/sshd_config`);
    const answer = install('') as { error: string };
    const isThere = node.sh(`ls -A /etc/ssh/sshd_config.d`);
    writeNodeFile('/etc/ssh/sshd_config', mainConfig);
    node.sh(`mv /etc/kept ${DROP_IN}`);
    expect(answer.error).toContain('sshd does not accept its own configuration: /etc/ssh/sshd_config');
    expect(answer.error).toContain('Nonsense');
    expect(isThere).toBe('');
  });

  test('without the helper’s own user, the account nobody replaces it, and a finding reports it', () => {
    node.sh('cp -p /etc/passwd /etc/passwd.kept; sed -i /^sunk-keys:/d /etc/passwd');
    const installed = install('');
    const text = node.sh(`cat ${DROP_IN}`);
    const findings = inspect('');
    node.sh('mv /etc/passwd.kept /etc/passwd');
    expect(installed).toEqual({ value: true });
    expect(text).toContain('AuthorizedKeysCommandUser nobody\n');
    expect(findings.map((finding) => finding.code)).toEqual(['sshd-helper-user']);
    expect(install('')).toEqual({ value: true });
    expect(inspect('')).toEqual([]);
  });

  test('with keys.serve: file and keys.user_files: allow, after a reload, sshd reads both files itself', async () => {
    const keys = 'serve: file, user_files: allow';
    node.sh('rm /usr/libexec/sunk-agent/authorized-keys');
    const before = node.log().split('Server listening').length;
    settle(keys);
    const apply = `applySshd(config('${keys}'), 'alice', '/')`;
    expect(node.evaluate('host/sshd/sshd.ts', apply)).toEqual({ value: { isWritten: true, findings: [] } });
    await expect.poll(() => node.log().split('Server listening').length, { timeout: 5000 }).toBe(before + 1);
    writeKeys('alice', NOW + 3600);
    expect(node.login('alice', aliceKey).status).toBe(0);
    expect(node.login('bob', strangerKey).status).toBe(0);
    writeKeys('alice', NOW - 1);
    expect(node.login('alice', aliceKey).status).toBe(255);
  });

  test('what policy must know of it is read from it', () => {
    expect(readFacts().keyTypes).toContain('sk-ssh-ed25519@openssh.com');
    expect(node.evaluate('host/sshd/sshd-program.ts', `readSshdFacts('/', '/nowhere/sshd')`)).toMatchObject({
      value: { expiry: { zulu: false } },
    });
  });
}
