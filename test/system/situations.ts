// Faults of a login node, as data: how each is made, which command is run, which cause must come first, how it is undone.
import type { LoginNode } from '../support/nodes/node.ts';
import type { Store } from '../support/nodes/store.ts';

export interface SituationContext {
  readonly node: LoginNode;
  readonly store: Store;
  /** SCIM ids of the members of the access group. */
  readonly members: readonly string[];
  readonly accessGroup: string;
  /** Of a key that a user of that name has; it is made if need be. */
  readonly publicKey: (name: string) => string;
}

/** Until its reader is connected: before that doctor says that none is. */
export const START_AGENT = `systemctl start sunk-agent
  for n in 1 2 3 4 5 6 7 8 9; do
    journalctl -o cat _SYSTEMD_INVOCATION_ID=$(systemctl show -P InvocationID sunk-agent) | grep -q 'reader is connected' && break
    sleep 1
  done`;

export interface Situation {
  /** Also the name of its golden file. */
  readonly name: string;
  /** A shell command inside the node, or something at the store. */
  readonly make?: string | ((context: SituationContext) => Promise<unknown>);
  /** A command of sunk-agent. */
  readonly ask: string;
  /** For why: the link; for doctor: the code of the first finding; null: there is none. */
  readonly cause: string | null;
  /** For `why alice`: whether her login really succeeds. */
  readonly canLogIn?: boolean;
  /** What denies her is told as what it is, and may be intended. */
  readonly isWarning?: true;
  /** Tried on Debian 13 in each run of `npm test`, and not only at night. */
  readonly isOfEachRun?: true;
  /** No one of the store can log in: nothing may say that the node is in order. */
  readonly closes?: true;
  readonly undo?: string | ((context: SituationContext) => Promise<unknown>);
}

const sync = 'sunk-agent sync >/dev/null';
export const DROP_IN = '/etc/ssh/sshd_config.d/05-other.conf';
const TOKEN_FILE = '/etc/sunk-agent/credentials/scim-token';

/** A line before all others in sshd_config, and a reload of sshd. */
const sshd = (text: string): Pick<Situation, 'make' | 'undo'> => ({
  make: `printf '${text}' >${DROP_IN}; systemctl reload ssh`,
  undo: `rm ${DROP_IN}; systemctl reload ssh`,
});

const CONFIG = '/etc/sunk-agent/config.yaml';

const config = (from: string, to: string): Pick<Situation, 'make' | 'undo'> => ({
  make: `cp ${CONFIG} /root/config.yaml; sed -i 's|${from}|${to}|' ${CONFIG}`,
  undo: `cp /root/config.yaml ${CONFIG}`,
});

const fault = (kind: object): Pick<Situation, 'make' | 'undo'> => ({
  make: ({ store }) => store.admin('POST', '/faults', kind),
  undo: ({ store }) => store.admin('DELETE', '/faults'),
});

const patchMembers =
  (op: 'Add' | 'Remove') =>
  async ({ store, node, accessGroup, members }: SituationContext): Promise<void> => {
    const value = op === 'Add' ? { value: members.map((member) => ({ value: member })) } : {};
    await store.request('PATCH', `/Groups/${accessGroup}`, {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op, path: 'members', ...value }],
    });
    node.exec(sync);
  };

/** The guard holds the revocations. */
const GROUP_EMPTIED = { make: patchMembers('Remove'), undo: patchMembers('Add') };

/** The fault is in the record at the store: nothing has to be made. */
const OF_RECORDS: readonly Situation[] = [
  { name: 'unknown-user', ask: 'why carol', cause: 'record' },
  { name: 'user-deactivated', ask: 'why inactive@example.com', cause: 'record' },
  { name: 'user-in-no-group', ask: 'why outside', cause: 'access' },
  { name: 'weak-key', ask: 'why weak', cause: 'keys' },
  { name: 'no-key', ask: 'why keyless', cause: 'keys' },
  { name: 'private-key-pasted', ask: 'why pasted', cause: 'keys' },
  { name: 'key-with-options', ask: 'why forced', cause: 'keys' },
  { name: 'key-of-another', ask: 'why copycat', cause: 'keys' },
  { name: 'name-of-a-system-account', ask: 'why games@example.com', cause: 'account' },
  { name: 'foreign-mail-domain', ask: 'why stray@elsewhere.org', cause: 'account' },
];

const ON_THE_NODE: readonly Situation[] = [
  {
    name: 'user-blocked',
    make: 'sunk-agent block alice',
    ask: 'why alice',
    cause: 'access',
    canLogIn: false,
    undo: 'sunk-agent unblock alice',
  },
  {
    name: 'expired-account',
    make: 'chage -E 2020-01-01 alice',
    ask: 'why alice',
    cause: 'account',
    canLogIn: false,
    undo: 'chage -E -1 alice',
  },
  {
    name: 'missing-shell',
    make: 'mv /bin/bash /bin/bash.away',
    ask: 'why alice',
    cause: 'account',
    canLogIn: false,
    closes: true,
    undo: 'mv /bin/bash.away /bin/bash',
  },
  {
    name: 'uid-changed-manually',
    make: "sed -i 's/^alice:x:[0-9]*:/alice:x:10999:/' /etc/passwd; nscd -i passwd",
    ask: 'why alice',
    cause: 'account',
    undo: "sed -i 's/^alice:x:[0-9]*:/alice:x:10000:/' /etc/passwd; nscd -i passwd",
  },
  {
    name: 'stale-nscd',
    make: "getent passwd alice; sed -i '/^alice:/s|/home/alice|/home/moved|' /etc/passwd",
    ask: 'why alice',
    cause: 'names',
    undo: "sed -i '/^alice:/s|/home/moved|/home/alice|' /etc/passwd; nscd -i passwd",
  },
  {
    name: 'stale-nscd-seen-by-doctor',
    make: "getent passwd alice; sed -i '/^alice:/s|/home/alice|/home/moved|' /etc/passwd",
    ask: 'doctor',
    cause: 'names-nscd',
    undo: "sed -i '/^alice:/s|/home/moved|/home/alice|' /etc/passwd; nscd -i passwd",
  },
  {
    name: 'name-service-without-files',
    make: "cp /etc/nsswitch.conf /etc/nsswitch.away; sed -i 's/^passwd:.*/passwd: systemd/' /etc/nsswitch.conf; nscd -i passwd",
    ask: 'doctor',
    cause: 'names-order',
    undo: 'mv /etc/nsswitch.away /etc/nsswitch.conf; nscd -i passwd',
  },
  {
    name: 'home-of-another-owner',
    make: 'chown 12345 /home/alice; sunk-agent sync',
    ask: 'why alice',
    cause: 'home',
    canLogIn: false,
    undo: 'chown alice /home/alice; sunk-agent sync',
  },
  {
    name: 'missing-home',
    make: 'mv /home/alice /home/away',
    ask: 'why alice',
    cause: 'home',
    canLogIn: true,
    undo: 'mv /home/away /home/alice',
  },
  {
    name: 'directory-above-the-home-not-searchable',
    make: 'chmod 700 /home',
    ask: 'why alice',
    cause: 'home',
    canLogIn: true,
    undo: 'chmod 755 /home',
  },
  {
    name: 'key-file-removed',
    make: 'mv /var/lib/sunk-agent/authorized_keys/alice /root/away',
    ask: 'why alice',
    cause: 'keys',
    canLogIn: false,
    undo: 'mv /root/away /var/lib/sunk-agent/authorized_keys/alice',
  },
  {
    name: 'keys-not-confirmed',
    make: 'sed -i.away \'s/expiry-time="[0-9]*Z/expiry-time="20200101000000Z/\' /var/lib/sunk-agent/authorized_keys/alice',
    ask: 'why alice',
    cause: 'keys',
    canLogIn: false,
    undo: 'cd /var/lib/sunk-agent/authorized_keys; mv alice.away alice',
  },
  { name: 'another-key-asked-about', ask: `why alice --key SHA256:${'A'.repeat(43)}`, cause: 'keys' },
  {
    name: 'helper-with-a-writable-parent',
    make: 'chmod o+w /usr/libexec/sunk-agent',
    ask: 'why alice',
    cause: 'helper',
    canLogIn: false,
    closes: true,
    undo: 'chmod o-w /usr/libexec/sunk-agent',
  },
  {
    name: 'helper-with-a-writable-parent-seen-by-doctor',
    make: 'chmod o+w /usr/libexec/sunk-agent',
    ask: 'doctor',
    cause: 'sshd-helper-unsafe',
    undo: 'chmod o-w /usr/libexec/sunk-agent',
  },
  {
    name: 'key-directory-not-searchable',
    make: 'chmod 700 /var/lib/sunk-agent/authorized_keys',
    ask: 'why alice',
    cause: 'helper',
    canLogIn: false,
    closes: true,
    undo: 'chmod 755 /var/lib/sunk-agent/authorized_keys',
  },
  {
    name: 'stolen-authorized-keys-command',
    ...sshd('Match User *\\n  AuthorizedKeysCommand /bin/true\\n  AuthorizedKeysCommandUser nobody\\n'),
    ask: 'why alice',
    cause: 'sshd',
    canLogIn: false,
    closes: true,
  },
  {
    name: 'stolen-authorized-keys-command-seen-by-doctor',
    ...sshd('Match User *\\n  AuthorizedKeysCommand /bin/true\\n  AuthorizedKeysCommandUser nobody\\n'),
    ask: 'doctor',
    cause: 'sshd-other-command',
  },
  {
    name: 'allow-users-without-her',
    ...sshd('AllowUsers bob root\\n'),
    ask: 'why alice',
    cause: 'sshd',
    canLogIn: false,
  },
  {
    name: 'deny-groups',
    ...sshd('DenyGroups slurm-*\\n'),
    ask: 'why alice',
    cause: 'sshd',
    canLogIn: false,
    closes: true,
  },
  {
    name: 'authentication-methods',
    ...sshd('AuthenticationMethods publickey,password\\n'),
    ask: 'why alice',
    cause: 'sshd',
    canLogIn: false,
    closes: true,
  },
  {
    name: 'sshd-stopped',
    // Where the socket is active too, it would start the service again.
    make: 'systemctl stop ssh.socket ssh.service',
    ask: 'doctor',
    closes: true,
    cause: 'sshd-not-running',
    undo: 'systemctl start ssh.socket',
  },
  { name: 'few-tries', ...sshd('MaxAuthTries 1\\n'), ask: 'why alice', cause: 'sshd', canLogIn: true },
  {
    name: 'certificate-authority-trusted',
    ...sshd('TrustedUserCAKeys /etc/ssh/ssh_host_ed25519_key.pub\\n'),
    ask: 'doctor',
    cause: 'sshd-user-ca',
  },
  {
    name: 'nologin',
    make: 'touch /etc/nologin',
    ask: 'why alice',
    cause: 'pam',
    canLogIn: false,
    closes: true,
    undo: 'rm /etc/nologin',
  },
  {
    name: 'pam-access',
    make: "sed -i '1i account required pam_access.so' /etc/pam.d/sshd; echo '-:alice:ALL' >>/etc/security/access.conf",
    ask: 'why alice',
    cause: 'pam',
    canLogIn: false,
    undo: "sed -i 1d /etc/pam.d/sshd; sed -i '$d' /etc/security/access.conf",
  },
  {
    name: 'wrong-key-offered',
    make: async ({ node }) => node.ssh('alice', '/nonexistent', 'true'),
    ask: 'why alice',
    cause: 'logins',
    canLogIn: true,
  },
];

const OF_THE_STORE: readonly Situation[] = [
  {
    name: 'group-of-another-case',
    ...config('slurm-users', 'Slurm-Users'),
    ask: 'why alice',
    cause: 'access',
  },
  {
    name: 'group-of-another-case-seen-by-doctor',
    ...config('slurm-users', 'Slurm-Users'),
    ask: 'doctor',
    cause: 'store-group-case',
  },
  {
    name: 'no-access-group',
    ...config('groups: \\[{ name: slurm-users }\\]', 'groups: []'),
    ask: 'doctor',
    cause: 'config-no-access',
  },
  {
    name: 'clock-two-hours-off',
    ...fault({ kind: 'clock', seconds: -7200 }),
    ask: 'doctor',
    cause: 'store-clock',
  },
  {
    name: 'token-revoked',
    make: ({ store }) => store.admin('DELETE', '/tokens/login-nodes'),
    ask: 'doctor',
    cause: 'token-refused',
    undo: async ({ store, node }) => {
      const { token } = (await store.admin('POST', '/tokens', {
        name: 'login-nodes',
        role: 'read-only',
      })) as { token: string };
      node.exec(`printf '%s\\n' ${token} >${TOKEN_FILE}; systemctl restart sunk-agent-reader`);
    },
  },
  {
    name: 'token-missing',
    make: `mv ${TOKEN_FILE} /root/token`,
    ask: 'doctor',
    cause: 'token-missing',
    undo: `mv /root/token ${TOKEN_FILE}`,
  },
  {
    name: 'token-readable-by-all',
    make: `chmod 644 ${TOKEN_FILE}`,
    ask: 'doctor',
    cause: 'token-rights',
    undo: `chmod 640 ${TOKEN_FILE}`,
  },
  {
    name: 'token-that-may-write',
    make: `cp -p ${TOKEN_FILE} /root/token; echo testbed-token >${TOKEN_FILE}`,
    ask: 'doctor',
    cause: 'token-writes',
    undo: `cp /root/token ${TOKEN_FILE}`,
  },
  {
    name: 'store-unreachable',
    ...config('127.0.0.1:8080', '127.0.0.1:9'),
    ask: 'doctor',
    cause: 'store-unreachable',
  },
  {
    name: 'store-forbids',
    ...fault({ kind: 'status', status: 403 }),
    ask: 'doctor',
    cause: 'token-forbidden',
  },
  {
    name: 'keys-without-expiry',
    ...config('domains: \\[example.com\\]', 'domains: [example.com]\\nkeys: { max_age: never }'),
    ask: 'doctor',
    cause: 'config-max-age',
  },
  {
    name: 'key-file-could-not-be-removed',
    make: 'mkdir -p /run/sunk-agent/shut; touch /run/sunk-agent/shut/alice',
    ask: 'why alice',
    cause: 'helper',
    canLogIn: false,
    undo: 'rm -r /run/sunk-agent/shut',
  },
  {
    name: 'group-emptied-by-mistake',
    ...GROUP_EMPTIED,
    ask: 'why alice',
    cause: 'access',
    canLogIn: true,
  },
  {
    name: 'group-emptied-by-mistake-seen-by-doctor',
    ...GROUP_EMPTIED,
    ask: 'doctor',
    cause: 'passes-held',
  },
  {
    name: 'frozen-before-the-account-was-created',
    make: async ({ store, node, accessGroup }) => {
      node.exec('sunk-agent freeze --for 1h');
      const id = await store.createUser(
        'late@example.com',
        node.exec('cat /etc/ssh/ssh_host_ed25519_key.pub').stdout.trim(),
      );
      await store.request('PATCH', `/Groups/${accessGroup}`, {
        schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
        Operations: [{ op: 'Add', path: 'members', value: [{ value: id }] }],
      });
      node.exec(sync);
    },
    ask: 'why late',
    cause: 'account',
    undo: `sunk-agent thaw; ${sync}`,
  },
];

/** A sync that an earlier situation started, by an event of the store or a thaw, must neither run on nor begin now. */
const HOLD_SYNCS = `systemd-run --quiet --unit=hold-syncs flock /run/sunk-agent/pass.lock sh -c 'touch /run/held; sleep infinity'
until [ -e /run/held ]; do sleep 0.1; done`;
const ALLOW_SYNCS = 'systemctl stop hold-syncs; rm -f /run/held';

const OF_THE_MACHINE: readonly Situation[] = [
  {
    name: 'immutable-passwd',
    make: `${HOLD_SYNCS}; chattr +i /etc/passwd || mount --bind /etc/passwd /etc/passwd`,
    ask: 'doctor',
    cause: 'disk-account-files',
    undo: `umount /etc/passwd; chattr -i /etc/passwd; ${ALLOW_SYNCS}`,
  },
  {
    name: 'full-disk',
    make: `${HOLD_SYNCS}; mount -t tmpfs -o size=1m,mode=755 tmpfs /home; dd if=/dev/zero of=/home/fill bs=64k`,
    ask: 'doctor',
    cause: 'disk-full',
    undo: `umount /home; ${ALLOW_SYNCS}`,
  },
  {
    name: 'read-only-disk',
    make: `${HOLD_SYNCS}; mount --bind /home /home; mount -o remount,ro,bind /home`,
    ask: 'doctor',
    cause: 'disk-read-only',
    undo: `umount /home; ${ALLOW_SYNCS}`,
  },
  {
    name: 'state-directory-readable-by-all',
    make: 'chmod 755 /var/lib/sunk-agent/cache',
    ask: 'doctor',
    cause: 'disk-state-rights',
    undo: 'chmod 700 /var/lib/sunk-agent/cache',
  },
  {
    name: 'damaged-state-database',
    make: 'systemctl stop sunk-agent; cd /var/lib/sunk-agent/cache; cp mirror.sqlite /root/state.sqlite; dd if=/dev/zero of=mirror.sqlite bs=4096 count=4 conv=notrunc',
    ask: 'doctor',
    cause: 'disk-mirror',
    undo: `cp /root/state.sqlite /var/lib/sunk-agent/cache/mirror.sqlite; ${START_AGENT}`,
  },
  {
    name: 'agent-stopped',
    make: 'systemctl stop sunk-agent',
    ask: 'doctor',
    cause: 'passes-not-running',
    undo: START_AGENT,
  },
  {
    name: 'no-local-account-left',
    make: 'mv /root/.ssh /root/ssh.away',
    ask: 'doctor',
    cause: 'break-glass-none',
    undo: 'mv /root/ssh.away /root/.ssh',
  },
];

export const SITUATIONS: readonly Situation[] = [
  ...OF_RECORDS,
  ...ON_THE_NODE,
  ...OF_THE_STORE,
  ...OF_THE_MACHINE,
];
