// The key helper against those of other projects, from Debian's packages, in a throwaway node with 100,000 users.
import { openPrivateNode } from '../support/nodes/private-node.ts';
import { ensureLayers } from '../support/nodes/base.ts';
import { makeRow, median, type Row } from './row.ts';
import { timePrograms } from './time-programs.ts';

const PACKAGES = ['perl', 'sssd-common', 'systemd-userdbd', 'google-compute-engine-oslogin'];
const TURNS = 200;

/** As each project's own documentation has it in sshd_config. */
const PEERS = [
  ['helper-vs-sss', '/usr/bin/sss_ssh_authorizedkeys'],
  ['helper-vs-userdbctl', '/usr/bin/userdbctl', 'ssh-authorized-keys'],
  ['helper-vs-google', '/usr/bin/google_authorized_keys'],
] as const;

/** Needs root, and Debian's packages once. Their daemons and servers do not run: this is what they cost at least. */
export async function benchPeers(): Promise<Row[]> {
  const node = await openPrivateNode(ensureLayers('bookworm', PACKAGES));
  try {
    node.sh(`
      awk 'BEGIN { for (n = 0; n < 100000; n++) printf "u%d:x:%d:9999::/home/u:/bin/sh\\n", n, 100000 + n }' >>/etc/passwd
      printf 'expiry-time="20991231000000Z" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ6rCf5s0cY0w2Xy8dP3m0zT8h4QfT1nJx0sJr2dYb7k 2819c223-7f76-453a-919d-413861904646\\n' >/var/lib/sunk-agent/authorized_keys/u99999`);
    const [samples = [], ...theirs] = timePrograms(
      [
        ['/usr/libexec/sunk-agent/authorized-keys', 'u99999'],
        ...PEERS.map(([, program, ...args]) => [program, ...args, 'u99999'] as const),
      ],
      TURNS,
      node.command,
    );
    const measured = median(samples);
    return PEERS.map(([row], index) => {
      const reference = median(theirs[index] ?? []);
      return makeRow({ bench: 'login', row, unit: 'ms', measured, samples, reference, goal: 0.5 });
    });
  } finally {
    await node.close();
  }
}
