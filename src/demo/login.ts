// The demonstration's last act: a real SSH login against a real sshd, in a private copy of this machine.
import { entra } from './company.ts';
import { must, openNode, startSshd } from './node.ts';
import { announce, perform, show } from './harness.ts';

const KEY = '/tmp/alice';
const STRANGER = '/tmp/stranger';

/** Opens the node, logs alice in, off-boards her, and shows that the same key is refused. */
export async function showLogin(config: string, token: string): Promise<void> {
  announce('Making a private node: this machine’s files under an overlay that only the demonstration sees.');
  const node = await openNode();
  if (typeof node === 'string') {
    show(`not possible here: ${node}`);
    return;
  }
  const configure = 'cat >/etc/sunk-agent/config.yaml <<END\n' + config + 'END\n';
  const give = `umask 077; echo '${token}' >/etc/sunk-agent/credentials/scim-token; chown sunk-reader /etc/sunk-agent/credentials/scim-token`;
  await must(node.run('sh', '-ec', `${configure}${give}`));
  await must(node.run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'alice@laptop', '-f', KEY));
  const port = await startSshd(node);
  show(`its sshd, ${(await node.run('ssh', '-V')).stderr.trim()}, listens on 127.0.0.1:${port}`);
  const sync = (): Promise<string> =>
    perform('sunk-agent sync --full', [0], ...node.enter, 'sunk-agent', 'sync', '--full');
  const logIn = (title: string, status: number, key: string): Promise<string> =>
    perform(title, [status], ...node.enter, 'ssh', ...sshOptions(port, key), 'alice@127.0.0.1', 'id');

  announce(
    'Alice is back, with a key that ssh-keygen just made; Entra pushes it, and the agent syncs the node.',
  );
  const { stdout: key } = await must(node.run('cat', `${KEY}.pub`));
  await entra('user', 'enable', 'alice@example.com');
  await entra('graph', 'set-key', 'alice@example.com', key.trim());
  show(await entra('cycle'));
  await sync();

  announce('Alice logs in.');
  const said = await logIn('ssh alice@login-node id', 0, KEY);
  if (!said.includes('(alice)')) throw new Error('the login belongs to another account');
  announce('A stranger, whose key the store does not list, does not.');
  await must(node.run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', STRANGER));
  await logIn('ssh -i stranger alice@login-node id', 255, STRANGER);

  announce('Alice leaves: Entra disables her, the agent syncs, and the same key is refused.');
  await entra('user', 'disable', 'alice@example.com');
  show(await entra('cycle'));
  await sync();
  await logIn('ssh alice@login-node id', 255, KEY);
}

function sshOptions(port: string, key: string): string[] {
  const options = ['BatchMode=yes', 'StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null'];
  options.push('LogLevel=ERROR', 'IdentitiesOnly=yes');
  return ['-F', '/dev/null', '-p', port, '-i', key, ...options.flatMap((option) => ['-o', option])];
}
