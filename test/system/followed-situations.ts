// Faults whose fix is followed to the letter: afterwards a real login works.
import { rootCertificates } from 'node:tls';
import type { SituationContext } from './situations.ts';

export interface FollowedSituation {
  readonly name: string;
  /** On this release alone; undefined: on each. */
  readonly release?: 'bookworm' | 'trixie';
  readonly make: string | ((context: SituationContext) => Promise<unknown>);
  /** A command of sunk-agent. */
  readonly ask: string;
  /** As of a `Situation`. */
  readonly cause: string;
  /** What doctor says as well; null: its business is the node, and this is one person's. */
  readonly doctor: RegExp | null;
  /** Whose login is tried, and whether it succeeds before. */
  readonly who: string;
  readonly canLogIn: boolean;
  /** What an operator runs who reads this. @param said the whole screen. */
  readonly follow: (fix: string, said: string) => string;
  readonly undo: string | ((context: SituationContext) => Promise<unknown>);
}

const DROP_IN = '/etc/ssh/sshd_config.d/05-other.conf';
const CONFIG = '/etc/sunk-agent/config.yaml';
const STOP = 'systemctl stop ssh.socket ssh.service';
const START = 'systemctl start ssh.socket ssh.service';
const RESTART_AGENT = `systemctl restart sunk-agent sunk-agent-reader
  for n in 1 2 3 4 5 6 7 8 9; do sleep 1; journalctl -u sunk-agent -n 5 -o cat | grep -q 'reader is connected' && break; done`;

/** `COMMAND, then COMMAND` as a shell reads it. */
const asShell = (fix: string): string => fix.replaceAll(/,? then /g, '; ');

/** The line that the cause names, without it. */
function removeNamedLine(_: string, said: string): string {
  const [, file, line] = /\((\/\S+):(\d+)\)/.exec(said) ?? [];
  return `sed -i ${line}d ${file}; systemctl restart ssh`;
}

const create =
  (name: string, before = 'true') =>
  async ({ node, store, publicKey }: SituationContext): Promise<string> => {
    node.exec(before);
    const id = await store.createUser(`${name}@example.com`, publicKey(name));
    await store.addMember('slurm-users', id);
    node.exec('sunk-agent sync');
    return id;
  };

const remove =
  (name: string, after = 'true') =>
  async ({ node, store }: SituationContext): Promise<void> => {
    const { Resources } = (await store.request(
      'GET',
      `/Users?filter=${encodeURIComponent(`userName eq "${name}@example.com"`)}`,
    )) as unknown as { Resources: { id: string }[] };
    for (const { id } of Resources) await store.setActive(id, 'False');
    // The guard holds the loss of a third of the people.
    node.exec(`${after}; sunk-agent sync 2>&1 | sed -n 's/.*to approve: //p' | sh`);
  };

const EMPTY_NSCD = 'nscd -i passwd; nscd -i group';
/** Another name service knows a name. */
const inExtrausers = (line: string, order: string): string =>
  `cp /etc/nsswitch.conf /root/; mkdir -p /var/lib/extrausers; echo '${line}' >/var/lib/extrausers/passwd
  touch /var/lib/extrausers/group /var/lib/extrausers/shadow
  sed -i 's/^passwd:.*/passwd: ${order} systemd/' /etc/nsswitch.conf; ${EMPTY_NSCD}`;
const WITHOUT_EXTRAUSERS = `cp /root/nsswitch.conf /etc/nsswitch.conf; rm -r /var/lib/extrausers; ${EMPTY_NSCD}`;

const OF_THE_STORE: readonly FollowedSituation[] = [
  {
    name: 'certificate-of-the-authority-missing',
    make: `cp ${CONFIG} /root/config.yaml; sed -i 's|^scim:|scim:\\n  ca_file: /etc/sunk-agent/ca.pem|' ${CONFIG}; ${RESTART_AGENT}`,
    ask: 'doctor',
    cause: 'store-ca-file',
    doctor: null,
    who: 'alice',
    canLogIn: true,
    follow: (_, said) =>
      `cat >${/\/\S+ca\.pem/.exec(said)?.[0] ?? ''} <<'END'\n${rootCertificates[0] ?? ''}\nEND\nsunk-agent sync`,
    undo: `cp /root/config.yaml ${CONFIG}; rm /etc/sunk-agent/ca.pem; ${RESTART_AGENT}`,
  },
  {
    name: 're-created-person',
    make: async (context) => {
      await context.store.request('DELETE', `/Users/${await create('dora')(context)}`);
      await create('dora')(context);
    },
    ask: 'why dora',
    cause: 'record',
    doctor: /passes-stranded: the account dora was created again/,
    who: 'dora',
    canLogIn: false,
    follow: (fix) => fix.replace('if it is the same person: ', ''),
    undo: remove('dora', `sed -i '/^overrides:/,$d' ${CONFIG}; ${RESTART_AGENT}`),
  },
];

const OF_THE_NODE: readonly FollowedSituation[] = [
  {
    name: 'directory-of-homes-immutable',
    make: create('newone', 'chattr +i /home'),
    ask: 'why newone',
    cause: 'home',
    doctor: /passes-problem: .*\/home is immutable/,
    who: 'newone',
    canLogIn: false,
    follow: asShell,
    undo: remove('newone', 'chattr -i /home'),
  },
  {
    name: 'another-name-service-first',
    make: inExtrausers('alice:x:10777:10777::/home/alice:/bin/bash', 'extrausers files'),
    ask: 'why alice',
    cause: 'names',
    doctor: /^ERROR +names-differ: .* alice: the service extrausers answers first\n.*\n(?!ERROR)/m,
    who: 'alice',
    canLogIn: false,
    follow: (fix) =>
      `sed -i 's/^passwd:.*/passwd: ${/: put (\w+) first/.exec(fix)?.[1] ?? ''} extrausers systemd/' /etc/nsswitch.conf; ${fix.split('; then ')[1] ?? 'false'}`,
    undo: WITHOUT_EXTRAUSERS,
  },
  {
    name: 'another-name-service-has-the-name',
    make: inExtrausers('alice:x:10777:10777::/home/alice:/bin/bash', 'files extrausers'),
    ask: 'why alice',
    cause: 'names',
    doctor: /^SECURITY +services-conflict: the name service extrausers knows alice with the uid 10777/m,
    who: 'alice',
    canLogIn: true,
    follow: () => 'rm /var/lib/extrausers/passwd; sunk-agent why alice | grep -q "^alice can log in.$"',
    undo: WITHOUT_EXTRAUSERS,
  },
  {
    name: 'newcomer-of-another-name-service',
    make: create('erin', inExtrausers('erin:x:10555:10555::/home/erin:/bin/bash', 'files extrausers')),
    ask: 'why erin',
    cause: 'account',
    doctor: null,
    who: 'erin',
    canLogIn: false,
    follow: (fix) => /: (getent .*?); else /.exec(fix)?.[1] ?? 'false',
    undo: remove('erin', `sed -i '/^overrides:/,$d' ${CONFIG}; ${WITHOUT_EXTRAUSERS}; ${RESTART_AGENT}`),
  },
  {
    name: 'namesake-of-another-name-service',
    make: create('hugo', inExtrausers('hugo:x:10556:10556::/home/hugo:/bin/bash', 'files extrausers')),
    ask: 'why hugo',
    cause: 'account',
    doctor: null,
    who: 'hugo2',
    canLogIn: false,
    follow: (fix) =>
      `printf 'overrides:\\n  %s\\n' '${/- \{ .* \}/.exec(fix)?.[0] ?? ''}' >>${CONFIG}; ${RESTART_AGENT}; sunk-agent sync`,
    undo: remove('hugo', `sed -i '/^overrides:/,$d' ${CONFIG}; ${WITHOUT_EXTRAUSERS}; ${RESTART_AGENT}`),
  },
];

const OF_SSHD: readonly FollowedSituation[] = [
  {
    name: 'host-keys-gone-while-sshd-runs',
    // OpenSSH before 9.8 reads them again for each connection.
    release: 'trixie',
    make: 'mkdir -p /root/keys; mv /etc/ssh/ssh_host_* /root/keys',
    ask: 'why alice --try',
    cause: 'sshd',
    doctor: /^WARNING +sshd-host-keys-in-memory: /m,
    who: 'alice',
    canLogIn: true,
    follow: (fix) => fix.replace(/^.*: (ssh-keygen -A); then /, '$1; systemctl reset-failed ssh; '),
    undo: `mv /root/keys/* /etc/ssh; ${STOP}; ${START}`,
  },
  {
    name: 'address-that-the-node-lacks',
    make: `echo 'ListenAddress 10.9.9.9' >${DROP_IN}; ${STOP}; systemctl start ssh.service`,
    ask: 'why alice',
    cause: 'sshd',
    doctor: /^ERROR +sshd-listen-address: .*ListenAddress \(\S+05-other\.conf:1\) names 10\.9\.9\.9/m,
    who: 'alice',
    canLogIn: false,
    follow: removeNamedLine,
    undo: `rm ${DROP_IN}; ${STOP}; ${START}`,
  },
  {
    name: 'only-this-node-reaches-sshd',
    make: `ip address add 10.77.0.1/24 dev lo; echo 'ListenAddress 127.0.0.5' >${DROP_IN}; ${STOP}; systemctl start ssh.service`,
    ask: 'why alice',
    cause: 'sshd',
    doctor: /^\? +login-unproven: .*sshd listens at 127\.0\.0\.5 port 22 alone[^]*^WARNING +sshd-loopback: /m,
    who: 'alice',
    canLogIn: false,
    follow: removeNamedLine,
    undo: `ip address del 10.77.0.1/24 dev lo; rm ${DROP_IN}; ${STOP}; ${START}`,
  },
];

export const FOLLOWED: readonly FollowedSituation[] = [...OF_THE_STORE, ...OF_THE_NODE, ...OF_SSHD];
