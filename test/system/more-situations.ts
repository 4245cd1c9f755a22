// More faults of a login node, tried with a login: what no setting shows, the trial names.
import { DROP_IN, type Situation, START_AGENT } from './situations.ts';

const RESTART = 'systemctl reset-failed ssh.service; systemctl restart ssh.service';

/** Lines before all others in sshd_config, which sshd has read. */
const sshd = (text: string): Pick<Situation, 'make' | 'undo'> => ({
  make: `printf '${text}\\n' >${DROP_IN}; ${RESTART}`,
  undo: `rm ${DROP_IN}; ${RESTART}`,
});
/** A first line in the stack of sshd. */
const pam = (line: string, more = 'true', undo = 'true'): Pick<Situation, 'make' | 'undo'> => ({
  make: `cp /etc/pam.d/sshd /root/pam-sshd; sed -i '1i ${line}' /etc/pam.d/sshd; ${more}`,
  undo: `cp /root/pam-sshd /etc/pam.d/sshd; ${undo}`,
});
const limits = (line: string): Pick<Situation, 'make' | 'undo'> => ({
  make: `echo '${line}' >/etc/security/limits.d/test.conf`,
  undo: 'rm /etc/security/limits.d/test.conf',
});
/** /etc/shadow is put back as it was. */
const shadow = (command: string): Pick<Situation, 'make' | 'undo'> => ({
  make: `cp -p /etc/shadow /root/shadow; ${command}`,
  undo: 'cp -p /root/shadow /etc/shadow',
});
const mode = (file: string, bits: string): Pick<Situation, 'make' | 'undo'> => ({
  make: `stat -c %a ${file} >/root/mode; chmod ${bits} ${file}`,
  undo: `chmod $(cat /root/mode) ${file}`,
});

/** systemd's socket would let connections wait for an sshd that does not start. */
const STOP = 'systemctl stop ssh.socket ssh.service';
const START = 'systemctl start ssh.socket ssh.service';

const alice = { ask: 'why alice --try' } as const;
const refused = { ...alice, canLogIn: false } as const;
const admitted = { ...alice, canLogIn: true } as const;

/** No setting of sshd's is wrong: only a login shows it. */
const OF_PAM: readonly Situation[] = [
  {
    name: 'session-module',
    isOfEachRun: true,
    ...pam('session required pam_deny.so'),
    ...refused,
    cause: 'trial',
    closes: true,
  },
  {
    name: 'maxsyslogins',
    isOfEachRun: true,
    ...limits('* hard maxsyslogins 0'),
    ...refused,
    cause: 'trial',
    closes: true,
  },
  { name: 'no-processes', isOfEachRun: true, ...limits('alice hard nproc 0'), ...refused, cause: 'trial' },
  { name: 'no-open-files', ...limits('alice hard nofile 3'), ...refused, cause: 'trial' },
  {
    name: 'pam-time',
    isOfEachRun: true,
    ...pam(
      'account required pam_time.so',
      "cp /etc/security/time.conf /root/; echo 'sshd;*;alice;!Al0000-2400' >>/etc/security/time.conf",
      'cp /root/time.conf /etc/security/time.conf',
    ),
    ...refused,
    cause: 'pam',
  },
  {
    name: 'pam-listfile',
    ...pam(
      'account required pam_listfile.so item=user sense=deny file=/etc/ssh/denied onerr=succeed',
      'echo alice >/etc/ssh/denied',
      'rm /etc/ssh/denied',
    ),
    ...refused,
    cause: 'pam',
  },
  {
    name: 'pam-shells',
    ...pam(
      'account required pam_shells.so',
      "cp /etc/shells /root/; sed -i '/bash/d' /etc/shells",
      'cp /root/shells /etc/shells',
    ),
    ...refused,
    cause: 'pam',
  },
  {
    name: 'pam-module-missing',
    ...pam('account required pam_nowhere.so'),
    ...refused,
    cause: 'pam',
    closes: true,
  },
  { name: 'password-must-change', ...shadow('chage -d 0 alice'), ...refused, cause: 'pam' },
  {
    name: 'password-aged',
    ...shadow('chage -d 2020-01-01 -M 30 -I 10 alice'),
    ...refused,
    cause: 'pam',
  },
  {
    name: 'shadow-line-lost',
    isOfEachRun: true,
    ...shadow("sed -i '/^alice:/d' /etc/shadow"),
    ...refused,
    cause: 'account',
  },
  {
    name: 'shadow-service-missing',
    make: "cp /etc/nsswitch.conf /root/; sed -i 's/^shadow:.*/shadow: sss/' /etc/nsswitch.conf",
    undo: 'cp /root/nsswitch.conf /etc/nsswitch.conf',
    ...refused,
    cause: 'names',
    closes: true,
  },
  {
    name: 'nologin-of-a-shutdown',
    make: 'echo down >/run/nologin',
    undo: 'rm /run/nologin',
    ...refused,
    cause: 'pam',
    closes: true,
  },
];

const OF_SSHD: readonly Situation[] = [
  {
    name: 'forced-command-of-a-group',
    isOfEachRun: true,
    ...sshd('Match Group slurm-users\\n  ForceCommand /bin/false'),
    ...refused,
    cause: 'sshd',
    closes: true,
  },
  {
    name: 'accepted-algorithms',
    isOfEachRun: true,
    ...sshd('PubkeyAcceptedAlgorithms rsa-sha2-512'),
    ...refused,
    cause: 'sshd',
    closes: true,
  },
  { name: 'no-public-keys', ...sshd('PubkeyAuthentication no'), ...refused, cause: 'sshd', closes: true },
  {
    name: 'no-public-keys-for-a-group',
    ...sshd('Match Group slurm-users\\n  PubkeyAuthentication no'),
    ...refused,
    cause: 'sshd',
    closes: true,
  },
  {
    name: 'no-sessions',
    isOfEachRun: true,
    ...sshd('MaxSessions 0'),
    ...refused,
    cause: 'sshd',
    closes: true,
  },
  {
    name: 'revoked-keys-missing',
    isOfEachRun: true,
    ...sshd('RevokedKeys /etc/ssh/none'),
    ...refused,
    cause: 'sshd',
    closes: true,
  },
  {
    name: 'files-alone',
    isOfEachRun: true,
    ...sshd('ForceCommand internal-sftp'),
    ask: 'why alice',
    canLogIn: false,
    isWarning: true,
    cause: 'sshd',
    closes: true,
  },
  { name: 'no-terminal', ...sshd('PermitTTY no'), ...admitted, cause: 'sshd' },
  {
    name: 'key-on-the-list-of-revoked-ones',
    isOfEachRun: true,
    make: `awk '/ssh-/ { print $2, $3 }' /var/lib/sunk-agent/authorized_keys/alice >/etc/ssh/revoked
      printf 'RevokedKeys /etc/ssh/revoked\\n' >${DROP_IN}; ${RESTART}`,
    undo: `rm ${DROP_IN} /etc/ssh/revoked; ${RESTART}`,
    ...refused,
    cause: 'keys',
  },
  {
    name: 'key-on-a-revocation-list',
    make: `awk '/ssh-/ { print $2, $3 }' /var/lib/sunk-agent/authorized_keys/alice >/root/revoked.pub
      ssh-keygen -q -k -f /etc/ssh/revoked /root/revoked.pub
      printf 'RevokedKeys /etc/ssh/revoked\\n' >${DROP_IN}; ${RESTART}`,
    undo: `rm ${DROP_IN} /etc/ssh/revoked; ${RESTART}`,
    ...refused,
    cause: 'keys',
  },
  { name: 'chroot-missing', ...sshd('ChrootDirectory /srv/none'), ...refused, cause: 'sshd', closes: true },
  {
    name: 'chroot-of-another-owner',
    make: `mkdir /srv/cell; chown 1234 /srv/cell; printf 'ChrootDirectory /srv/cell\\n' >${DROP_IN}; ${RESTART}`,
    undo: `rm ${DROP_IN}; rmdir /srv/cell; ${RESTART}`,
    ...refused,
    cause: 'sshd',
    closes: true,
  },
  {
    name: 'denied-at-an-address',
    ...sshd('Match Address 127.0.0.1\\n  DenyUsers alice'),
    ...refused,
    cause: 'sshd',
  },
  {
    name: 'allowed-from-elsewhere',
    isOfEachRun: true,
    ...sshd('AllowUsers *@10.0.0.0/8 root'),
    ...refused,
    cause: 'trial',
    closes: true,
  },
  { name: 'denied-elsewhere', ...sshd('DenyUsers alice@10.9.9.9'), ...admitted, cause: null },
  {
    name: 'match-of-another-port',
    isOfEachRun: true,
    ...sshd('Match LocalPort 2222\\n  DenyUsers alice'),
    ...admitted,
    cause: null,
  },
  { name: 'ciphers-of-the-past', ...sshd('Ciphers 3des-cbc'), ...refused, cause: 'trial', closes: true },
  {
    name: 'host-keys-missing',
    isOfEachRun: true,
    // Since OpenSSH 9.8 an sshd that runs goes on with the keys that it has read.
    make: `mkdir -p /root/keys; mv /etc/ssh/ssh_host_* /root/keys; ${STOP}; systemctl start ssh.service`,
    undo: `mv /root/keys/* /etc/ssh; ${STOP}; ${START}`,
    ...refused,
    cause: 'sshd',
    closes: true,
  },
  {
    name: 'host-keys-readable-by-all',
    make: `chmod 644 /etc/ssh/ssh_host_*_key; ${STOP}; systemctl start ssh.service`,
    undo: `chmod 600 /etc/ssh/ssh_host_*_key; ${STOP}; ${START}`,
    ...refused,
    cause: 'sshd',
    closes: true,
  },
  {
    name: 'no-include-line',
    isOfEachRun: true,
    make: `cp /etc/ssh/sshd_config /root/; sed -i '/^Include/d' /etc/ssh/sshd_config; ${RESTART}`,
    undo: `cp /root/sshd_config /etc/ssh/sshd_config; ${RESTART}`,
    ...refused,
    cause: 'sshd',
    closes: true,
  },
  {
    name: 'include-within-a-match-block',
    // Of the node's own lines, some may stand in no Match block.
    make: `cp /etc/ssh/sshd_config /root/; sed -i 's|^Include.*|Include /etc/ssh/sshd_config.d/90-test.conf|' /etc/ssh/sshd_config
      printf 'Match User root\\nInclude /etc/ssh/sshd_config.d/10-*.conf\\n' >>/etc/ssh/sshd_config; ${RESTART}`,
    undo: `cp /root/sshd_config /etc/ssh/sshd_config; ${RESTART}`,
    ...refused,
    cause: 'sshd',
    closes: true,
  },
  {
    name: 'configuration-not-read-yet',
    isOfEachRun: true,
    // A moment lies between the start of sshd and the change, as on any node.
    make: `mv /etc/ssh/sshd_config.d/10-sunk-agent.conf /root; ${RESTART}; sleep 1
      mv /root/10-sunk-agent.conf /etc/ssh/sshd_config.d`,
    undo: RESTART,
    ...refused,
    cause: 'sshd',
    closes: true,
  },
  {
    name: 'hosts-deny',
    // Not of each run: libwrap answers nothing, so that each login takes its whole time.
    make: "echo 'sshd: ALL' >/etc/hosts.deny",
    undo: 'rm /etc/hosts.deny',
    ...refused,
    cause: 'trial',
    closes: true,
  },
];

const OF_FILES: readonly Situation[] = [
  {
    name: 'helper-not-executable',
    ...mode('/usr/libexec/sunk-agent/authorized-keys', '644'),
    ...refused,
    cause: 'helper',
    closes: true,
  },
  { name: 'shell-not-executable', ...mode('/bin/bash', '644'), ...refused, cause: 'account', closes: true },
  {
    name: 'user-of-the-helper-missing',
    make: 'cp -p /etc/passwd /root/passwd; sed -i /^sunk-keys:/d /etc/passwd; nscd -i passwd',
    undo: 'cp -p /root/passwd /etc/passwd; nscd -i passwd',
    ...refused,
    cause: 'helper',
    closes: true,
  },
  {
    name: 'state-not-searchable',
    isOfEachRun: true,
    ...mode('/var/lib/sunk-agent', '700'),
    ...refused,
    cause: 'helper',
    closes: true,
  },
  {
    name: 'no-memory-for-the-shell',
    ...limits('alice hard as 1000'),
    ...refused,
    cause: 'trial',
  },
  { name: 'home-writable-by-all', ...mode('/home/alice', '777'), ...admitted, cause: null },
  {
    name: 'start-up-file-that-exits',
    make: 'cp -p /home/alice/.bashrc /root/bashrc; echo exit 3 >/home/alice/.bashrc; chown alice: /home/alice/.bashrc',
    undo: 'if test -e /root/bashrc; then mv /root/bashrc /home/alice/.bashrc; else rm /home/alice/.bashrc; fi',
    ...refused,
    cause: 'trial',
  },
];

const OF_DOCTOR: readonly Situation[] = [
  {
    name: 'state-disk-not-mounted',
    make: "printf '/dev/sdb1 /var/lib/sunk-agent ext4 nofail 0 2\\n' >>/etc/fstab",
    undo: "sed -i '$d' /etc/fstab",
    ask: 'doctor',
    cause: 'disk-not-mounted',
  },
  {
    name: 'state-lost',
    make: 'systemctl stop sunk-agent; mv /var/lib/sunk-agent/cache /root/cache',
    undo: `rm -rf /var/lib/sunk-agent/cache; mv /root/cache /var/lib/sunk-agent; ${START_AGENT}`,
    ask: 'doctor',
    cause: 'disk-state-lost',
  },
  {
    name: 'new-token-refused',
    make: 'cp -p /etc/sunk-agent/credentials/scim-token /root/token; echo new >/etc/sunk-agent/credentials/scim-token',
    undo: 'cp -p /root/token /etc/sunk-agent/credentials/scim-token',
    ask: 'doctor',
    cause: 'token-refused',
  },
  {
    name: 'wrong-proxy-in-the-unit-of-the-reader',
    make: `cp /etc/sunk-agent/config.yaml /root/config.yaml
      sed -i 's|http://127|https://127|' /etc/sunk-agent/config.yaml
      mkdir -p /run/systemd/system/sunk-agent-reader.service.d
      printf '[Service]\\nEnvironment=HTTPS_PROXY=http://127.0.0.1:9\\n' >/run/systemd/system/sunk-agent-reader.service.d/proxy.conf
      systemctl daemon-reload; systemctl restart sunk-agent sunk-agent-reader
      for n in 1 2 3 4 5 6 7 8 9; do sleep 1; journalctl -u sunk-agent -n 3 -o cat | grep -q 'reader is connected' && break; done`,
    undo: `rm -r /run/systemd/system/sunk-agent-reader.service.d; cp /root/config.yaml /etc/sunk-agent/config.yaml
      systemctl daemon-reload; systemctl restart sunk-agent sunk-agent-reader`,
    ask: 'doctor',
    cause: 'store-proxy',
  },
  {
    name: 'emergency-account-that-cannot-log-in',
    make: `useradd -m -s /bin/bash -G sudo ops; mkdir /home/ops/.ssh
      cp /root/.ssh/authorized_keys /home/ops/.ssh; chown -R ops: /home/ops/.ssh; chage -E 2020-01-01 ops`,
    undo: 'userdel -r ops',
    ask: 'doctor',
    cause: 'break-glass-fails',
  },
  {
    name: 'local-group-with-power',
    make: "groupadd admin; usermod -aG admin alice; printf '%%admin ALL=(ALL) NOPASSWD: ALL\\n' >/etc/sudoers.d/image",
    undo: 'rm /etc/sudoers.d/image; groupdel admin',
    ask: 'doctor',
    cause: 'sudo-local-group',
  },
];

export const MORE_SITUATIONS: readonly Situation[] = [...OF_PAM, ...OF_SSHD, ...OF_FILES, ...OF_DOCTOR];
