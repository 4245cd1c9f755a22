// What corrects a finding about sshd, for why and doctor alike.

/** What the drop-in of sunk-agent sets, once sshd reads it. */
const BY_DROP_IN = new Set(['sshd-other-command', 'sshd-other-command-user', 'sshd-other-files']);

/** Whether `doctor --fix` corrects it: to write a drop-in again that is in place changes nothing. */
export function isFixedByDropIn(code: string, hasDropIn: boolean): boolean {
  return BY_DROP_IN.has(code) && !hasDropIn;
}

/** In the imperative. */
export function explainSshdFix(code: string, hasDropIn: boolean): string {
  if (isFixedByDropIn(code, hasDropIn)) return 'write the drop-in again: sunk-agent doctor --fix';
  return (
    FIXES.get(code) ?? 'change that line in sshd_config, unless it is intended; then systemctl restart ssh'
  );
}

const FIRST_WINS = 'remove that line from the Match block that takes precedence, then systemctl restart ssh';

const FIXES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'sshd-other-command': FIRST_WINS,
    'sshd-other-command-user': FIRST_WINS,
    'sshd-other-files': FIRST_WINS,
    'sshd-not-included':
      'write as the first line of /etc/ssh/sshd_config: Include /etc/ssh/sshd_config.d/*.conf; then systemctl restart ssh',
    'sshd-not-reloaded': 'sshd -t, then systemctl restart ssh: open sessions continue',
    'sshd-host-keys': 'ssh-keygen -A, then systemctl restart ssh',
    'sshd-host-keys-in-memory':
      'restore them from a backup, or make new ones, which each client must accept: ssh-keygen -A; then systemctl restart ssh',
    'sshd-host-keys-refused':
      'chown root: /etc/ssh/ssh_host_*_key; chmod 600 /etc/ssh/ssh_host_*_key; or remove them and make new ones: ssh-keygen -A; then systemctl restart ssh',
    'sshd-listen-address':
      'correct or remove that line, or give this node the address; then systemctl restart ssh',
    'sshd-not-listening':
      'see why: systemctl status ssh; correct that, then systemctl restart ssh (where systemd has the socket: systemctl restart ssh.socket)',
    'sshd-loopback':
      'unless a proxy of this node passes connections on: remove that ListenAddress, or name an address that others reach; then systemctl restart ssh',
    'sshd-revoked-keys':
      'create the file, empty if no key is revoked, or remove the line; then systemctl restart ssh',
    'sshd-chroot':
      'make root the only owner and writer of each directory on the path, or remove the line; then systemctl restart ssh',
    'sshd-helper-unsafe': 'make root its only owner and writer: sunk-agent doctor --fix',
    'sshd-helper-user': 'create that user: systemd-sysusers',
  }),
);
