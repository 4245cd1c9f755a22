// The agent's side of the Slurm worker's socket: listens, and asks the worker that came last.
import { chmodSync, chownSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { AgentError, describeError } from '../../common/errors.ts';
import { attempt, toHostWrite } from '../../common/system-error.ts';
import type { SlurmAsk, SlurmSay, SlurmStep } from '../../protocol/slurm-messages.ts';
import type { NodeContext } from '../node-context.ts';
import { findImpossible } from './check-rows.ts';
import { listenPrivately } from '../private-socket.ts';
import { findSystemUser } from '../reader-client/reader-user.ts';
import { openWorker, type SlurmReply, type SlurmWorker } from './slurm-worker.ts';

/** Made by sysusers.d/sunk-agent.conf. */
export const SLURM_USER = 'sunk-slurm';

export type SlurmAnswer = Extract<SlurmSay, { say: 'rows' }>['rows'];

export interface SlurmLink {
  /** Why no worker can be asked, with the fix; null: one can. */
  problem(): string | null;
  /** @throws AgentError slurm_failed with what Slurm said, or slurm_unreachable. */
  read(cluster: string | null): Promise<SlurmAnswer>;
  apply(step: SlurmStep, cluster: string): Promise<void>;
  /** A worker has greeted, and can be asked, or `problem` says why not. */
  onConnect(callback: () => void): void;
  close(): void;
}

/** Listens where the worker's unit connects; only that user, its group (in a pod the uid is the site's), and root, may. */
export function listenForSlurm(node: Pick<NodeContext, 'log' | 'paths'>): SlurmLink {
  let worker: SlurmWorker | null = null;
  let onConnect = (): void => {};
  const server = createServer((stream) => {
    worker?.end(new AgentError('slurm_unreachable', 'another Slurm worker came'));
    const adopted = openWorker(stream, {
      onGreet() {
        if (adopted.problem() === null) node.log.info('the Slurm worker is connected');
        onConnect();
      },
      onEnd() {
        if (worker === adopted) worker = null;
      },
    });
    worker = adopted;
  });
  listen(server, node);

  async function ask<T>(
    build: (n: number) => SlurmAsk,
    readAnswer: (reply: SlurmReply) => T | null,
  ): Promise<T> {
    const found = problem();
    if (worker === null || found !== null) throw new AgentError('slurm_unreachable', found ?? NO_WORKER);
    return await worker.ask(build, readAnswer);
  }

  function problem(): string | null {
    return worker === null ? NO_WORKER : worker.problem();
  }

  return {
    problem,
    async read(cluster) {
      const asked = worker;
      const rows = await ask(
        (n) => ({ ask: 'read', n, cluster }),
        (reply) => (reply.say === 'rows' ? reply.rows : null),
      );
      return mustBePossible(rows, cluster, asked);
    },
    apply: async (step, cluster) =>
      void (await ask(
        (n) => ({ ask: 'apply', n, cluster, step }),
        (reply) => (reply.say === 'applied' ? true : null),
      )),
    onConnect(callback) {
      onConnect = callback;
    },
    close() {
      worker?.end(new AgentError('slurm_unreachable', 'the agent ends'));
      server.close();
    },
  };
}

/** @throws AgentError host_write */
function listen(server: Server, { log, paths }: Pick<NodeContext, 'log' | 'paths'>): void {
  const cannot = `cannot listen for the Slurm worker at ${paths.slurmSocket}`;
  attempt(cannot, () => {
    mkdirSync(paths.run, { recursive: true, mode: 0o755 });
    rmSync(paths.slurmSocket, { force: true });
  });
  server.on('error', (error) => log.error(describeError(toHostWrite(cannot, error))));
  listenPrivately(server, paths.slurmSocket, () => {
    const user = findSystemUser(SLURM_USER, paths.root, log);
    if (user !== null) chownSync(paths.slurmSocket, user.uid, user.gid);
    chmodSync(paths.slurmSocket, user === null ? 0o600 : 0o660);
  });
}

function mustBePossible(rows: SlurmAnswer, cluster: string | null, worker: SlurmWorker | null): SlurmAnswer {
  const problem = findImpossible(rows, cluster);
  if (problem === null) return rows;
  const error = new AgentError('slurm_failed', `the Slurm worker said what Slurm cannot have: ${problem}`);
  worker?.end(error);
  throw error;
}

const NO_WORKER = 'the Slurm worker is not connected (systemctl status sunk-agent-slurm)';
