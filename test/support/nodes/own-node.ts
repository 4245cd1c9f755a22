// A node to give commands on, without booting one: this machine's programs and sshd, with files and processes of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { startTestbed, type Testbed } from '../../../src/testbed/service.ts';
import type { Result } from './run.ts';
import { openPrivateNode } from './private-node.ts';

const CLI = path.resolve(import.meta.dirname, '../../../src/cli/main.ts');

export interface OwnNode {
  readonly testbed: Testbed;
  readonly port: number;
  /** argv by which this machine runs a shell command on the node; `sunk-agent` is there. */
  enter(command: string): readonly string[];
  exec(command: string): Promise<Result>;
  close(): Promise<void>;
}

/** What a node has besides Debian: the reader's user, a local account that gets in, and the agent with its configuration. */
const INSTALL = `
printf 'sunk-reader:x:991:\\nops:x:1500:\\n' >>/etc/group
sed -i 's/^sudo:.*/&,ops/; s/:,ops/:ops/' /etc/group
printf 'sunk-reader:x:991:991::/nonexistent:/usr/sbin/nologin\\nops:x:1500:1500::/home/ops:/bin/bash\\n' >>/etc/passwd
printf 'ops:*:20000:0:99999:7:::\\n' >>/etc/shadow
mkdir -p /home/ops/.ssh && cp /etc/ssh/ssh_host_ed25519_key.pub /home/ops/.ssh/authorized_keys
chmod 700 /home/ops/.ssh && chown -R 1500:1500 /home/ops
install -d -m 0750 -g 991 /etc/sunk-agent /etc/sunk-agent/credentials
install -d -m 0755 /usr/libexec/bin
sed -i 's/^UID_MAX.*/UID_MAX 9999/' /etc/login.defs
printf 'Include /etc/ssh/sshd_config.d/*.conf\\nUsePAM yes\\nPasswordAuthentication no\\n' >/etc/ssh/sshd_config
`;

/** Needs root. The processes of the node are in a namespace of their own: what it ends is none of this machine's. */
export async function openOwnNode(): Promise<OwnNode> {
  const files = await openPrivateNode();
  const testbed = await startTestbed({});
  files.sh(INSTALL);
  files.sh(`cat >/etc/sunk-agent/config.yaml <<'EOF'
scim: { base_url: "${testbed.baseUrl}" }
access: { groups: [{ name: slurm-users }] }
accounts: { domains: [example.com] }
EOF
printf '%s\\n' '${testbed.readToken}' >/etc/sunk-agent/credentials/scim-token
chgrp 991 /etc/sunk-agent/credentials/scim-token; chmod 640 /etc/sunk-agent/credentials/scim-token
printf '#!/bin/sh\\nexec ${process.execPath} ${CLI} "$@"\\n' >/usr/libexec/bin/sunk-agent
chmod 755 /usr/libexec/bin/sunk-agent
cp ${path.resolve(import.meta.dirname, '../../../packaging/sshd/10-sunk-agent.conf')} /etc/ssh/sshd_config.d/`);
  const [program = '', ...place] = files.command;
  const start = `/usr/sbin/sshd -p ${files.port} && echo ready && exec sleep infinity`;
  const holder = spawn(
    program,
    [...place, 'unshare', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', start],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(holder.stdout, 'data');
  const inner = readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, 'utf8').trim();
  const PATH = '/usr/libexec/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const inside = `nsenter --target ${inner} --mount --pid env -C / LANG=C.UTF-8 PATH=${PATH} sh -c`.split(
    ' ',
  );
  const enter = (command: string): readonly string[] => [...inside, command];
  return {
    testbed,
    port: files.port,
    enter,
    async exec(command) {
      const [first = '', ...rest] = enter(command);
      const child = spawn(first, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
      const [stdout, stderr] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'close'),
      ]);
      return { status: child.exitCode, stdout, stderr };
    },
    async close() {
      const ended = once(holder, 'exit');
      holder.kill('SIGKILL');
      await ended;
      await files.close();
      await testbed.close();
    },
  };
}
