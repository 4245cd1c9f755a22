// Installs sunk-agent into a node's root directory as the package would, but running from the repository.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { CODE } from './node.ts';

const REPOSITORY = path.resolve(import.meta.dirname, '../../..');
const UNITS = [
  'sunk-agent.service',
  'sunk-agent-reader.service',
  'sunk-agent-hook.path',
  'sunk-agent-canary.service',
];

export interface InstallOptions {
  /** Text of config.yaml. */
  readonly config: string;
  readonly token: string;
}

/** Everything that `apt install` and the first configuration put into place; the units start at boot. */
export function installAgent(root: string, { config, token }: InstallOptions): void {
  const at = (...parts: string[]): string => path.join(root, ...parts);
  const from = (...parts: string[]): string => path.join(REPOSITORY, ...parts);
  for (const directory of [
    'usr/lib/sunk-agent',
    'usr/libexec/sunk-agent',
    'usr/lib/sysusers.d',
    'usr/lib/tmpfiles.d',
    'etc/sunk-agent/credentials',
    'etc/systemd/system/multi-user.target.wants',
  ]) {
    mkdirSync(at(directory), { recursive: true, mode: 0o755 });
  }
  const node = `${CODE}/node_modules/.bin/node`;
  writeProgram(at('usr/bin/sunk-agent'), `#!/bin/sh\nexec ${node} ${CODE}/src/cli/main.ts "$@"\n`);
  writeProgram(at('usr/lib/sunk-agent/reader'), `#!/bin/sh\nexec ${node} ${CODE}/src/reader/main.ts "$@"\n`);
  writeProgram(at('usr/lib/sunk-agent/slurm'), `#!/bin/sh\nexec ${node} ${CODE}/src/slurm/main.ts "$@"\n`);
  for (const program of ['authorized-keys', 'canary', 'canary-shell']) {
    copyFileSync(from('packaging', program), at('usr/libexec/sunk-agent', program));
    chmodSync(at('usr/libexec/sunk-agent', program), 0o755);
  }
  copyFileSync(from('packaging/sshd/10-sunk-agent.conf'), at('etc/ssh/sshd_config.d/10-sunk-agent.conf'));
  cpSync(from('systemd/sysusers.d'), at('usr/lib/sysusers.d'), { recursive: true });
  cpSync(from('systemd/tmpfiles.d'), at('usr/lib/tmpfiles.d'), { recursive: true });
  for (const unit of UNITS) {
    copyFileSync(from('systemd', unit), at('etc/systemd/system', unit));
    symlinkSync(`/etc/systemd/system/${unit}`, at('etc/systemd/system/multi-user.target.wants', unit));
  }
  copyFileSync(from('systemd/sunk-agent-hook.service'), at('etc/systemd/system/sunk-agent-hook.service'));
  // The runtime and the code lie elsewhere; the unit as it is shipped runs in sandbox.test.ts.
  mkdirSync(at('etc/systemd/system/sunk-agent-reader.service.d'));
  writeFileSync(
    at('etc/systemd/system/sunk-agent-reader.service.d/repository.conf'),
    '[Service]\nNoExecPaths=\nExecPaths=\nExecStart=\nExecStart=/usr/lib/sunk-agent/reader --socket /run/sunk-agent/reader.sock\n',
  );
  copyFileSync(from('systemd/sunk-agent-slurm.service'), at('etc/systemd/system/sunk-agent-slurm.service'));
  mkdirSync(at('etc/systemd/system/sunk-agent-slurm.service.d'));
  writeFileSync(
    at('etc/systemd/system/sunk-agent-slurm.service.d/repository.conf'),
    '[Service]\nExecStart=\nExecStart=/usr/lib/sunk-agent/slurm --socket /run/sunk-agent/slurm.sock\n',
  );
  const { status, stderr } = spawnSync('systemd-sysusers', [`--root=${root}`], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`systemd-sysusers: ${stderr}`);
  writeFileSync(at('etc/sunk-agent/config.yaml'), config);
  // Readable by the reader's group alone: the unit gets it as a credential, `sunk-agent sync` starts a reader of its own.
  const gid = Number(/^sunk-reader:[^:]*:(\d+):/m.exec(readFileSync(at('etc/group'), 'utf8'))?.[1]);
  const credential = at('etc/sunk-agent/credentials/scim-token');
  writeFileSync(credential, `${token}\n`, { mode: 0o640 });
  chownSync(credential, 0, gid);
  chownSync(path.dirname(credential), 0, gid);
  chmodSync(path.dirname(credential), 0o750);
}

function writeProgram(file: string, text: string): void {
  writeFileSync(file, text, { mode: 0o755 });
}
