// A node that is a whole cluster, whose Slurm worker, the real one, this process asks as the agent would.
import { appendFileSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { listenForSlurm, type SlurmLink } from '../../../src/agent/slurm/slurm-link.ts';
import { createLogger } from '../../../src/common/log.ts';
import { pathsUnder } from '../../../src/common/paths.ts';
import { eventually } from '../eventually.ts';
import type { Release } from '../nodes/base.ts';
import { installAgent } from '../nodes/install.ts';
import { bootNode, type LoginNode } from '../nodes/node.ts';
import { addSlurmOperator, installSlurm, SLURM_PACKAGES, startSlurm } from './slurm-cluster.ts';

export interface WorkerSite {
  readonly node: LoginNode;
  readonly link: SlurmLink;
  /** As root on the node. @throws Error where it fails. */
  must(command: string): string;
  /** What the controller's host resolves from now on. */
  addNames(names: readonly (readonly [name: string, uid: number])[]): void;
  stop(): Promise<void>;
}

/** Where this process is the agent; as the node sees it. */
const AGENT = '/srv/agent';

/** @param foreign run before the worker starts: what others made. */
export async function startWorkerSite(release: Release, foreign = 'true'): Promise<WorkerSite> {
  const node = await bootNode(
    release,
    (root) => {
      installSlurm(root);
      installAgent(root, { config: '', token: '' });
      const units = path.join(root, 'etc/systemd/system');
      // The agent is this process.
      for (const name of ['', '-reader', '-canary'])
        rmSync(path.join(units, `multi-user.target.wants/sunk-agent${name}.service`));
      rmSync(path.join(units, 'multi-user.target.wants/sunk-agent-hook.path'));
      const socket = path.join(AGENT, 'run/sunk-agent/slurm.sock');
      const file = path.join(units, 'sunk-agent-slurm.service.d/repository.conf');
      appendFileSync(file, `ExecStart=\nExecStart=/usr/lib/sunk-agent/slurm --socket ${socket}\n`);
    },
    SLURM_PACKAGES,
  );
  const must = (command: string): string => {
    const { status, stdout, stderr } = node.exec(command);
    if (status !== 0) throw new Error(`${command}: status ${status}: ${stdout}${stderr}`);
    return stdout;
  };
  await startSlurm(node);
  addSlurmOperator(node);
  must(foreign);
  const paths = pathsUnder(path.join(node.root, AGENT));
  mkdirSync(paths.run, { recursive: true });
  const link = listenForSlurm({ log: createLogger('agent', 'fatal'), paths });
  const passwd = path.join(node.root, 'etc/passwd');
  await eventually('the socket is there', () => existsSync(paths.slurmSocket));
  const [, uid, gid] = /^sunk-slurm:[^:]*:(\d+):(\d+):/m.exec(readFileSync(passwd, 'utf8')) ?? [];
  chownSync(paths.slurmSocket, Number(uid), Number(gid));
  must('systemctl start sunk-agent-slurm');
  await eventually(
    'the worker is connected',
    () => link.problem() === null,
    () => node.exec('journalctl -q --no-pager -n 20 -u sunk-agent-slurm').stdout,
  );
  return {
    node,
    link,
    must,
    addNames: (names) =>
      appendFileSync(
        passwd,
        names.map(([name, id]) => `${name}:x:${id}:${id}::/nonexistent:/bin/sh\n`).join(''),
      ),
    async stop() {
      link.close();
      await node.stop();
    },
  };
}
