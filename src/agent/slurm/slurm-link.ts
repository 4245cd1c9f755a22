// The agent's side of the Slurm worker's socket: listens, asks, and believes only what has the shape of an answer.
import { chmodSync, chownSync, mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { AgentError, describeError } from '../../common/errors.ts';
import { attempt, toHostWrite } from '../../common/system-error.ts';
import { type Channel, openChannel } from '../../protocol/channel.ts';
import {
  type SlurmAsk,
  type SlurmSay,
  slurmSaySchema,
  type SlurmStep,
} from '../../protocol/slurm-messages.ts';
import type { NodeContext } from '../node-context.ts';
import { findSystemUser } from '../reader-client/reader-user.ts';

/** Made by sysusers.d/sunk-agent.conf. */
export const SLURM_USER = 'sunk-slurm';

export type SlurmAnswer = Extract<SlurmSay, { say: 'rows' }>['rows'];

export interface SlurmLink {
  /** Whether a worker is connected. */
  isConnected(): boolean;
  /** @throws AgentError slurm_failed with what Slurm said, or because no worker is connected. */
  read(cluster: string | null): Promise<SlurmAnswer>;
  apply(step: SlurmStep, cluster: string): Promise<void>;
  onConnect(callback: () => void): void;
  close(): void;
}

/** 100,000 associations are some 20 MB. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;
/** Longer than the worker waits for one command. */
const PATIENCE_MS = 330_000;

type Reply = Exclude<SlurmSay, { say: 'failed' }>;
type Question = { readonly take: (reply: Reply) => void; readonly fail: (error: Error) => void };

/** Listens where the worker's unit connects; only that user, and root, may. */
export function listenForSlurm(node: NodeContext): SlurmLink {
  const { log, paths } = node;
  let worker: Worker | null = null;
  let onConnect = (): void => {};
  const cannot = `cannot listen for the Slurm worker at ${paths.slurmSocket}`;
  attempt(cannot, () => {
    mkdirSync(paths.run, { recursive: true, mode: 0o755 });
    rmSync(paths.slurmSocket, { force: true });
  });
  const server = createServer((stream) => {
    worker?.end(new AgentError('slurm_unreachable', 'another Slurm worker came'));
    const adopted = openWorker(stream, () => {
      if (worker === adopted) worker = null;
    });
    worker = adopted;
    log.info('the Slurm worker is connected');
    onConnect();
  });
  server.on('error', (error) => log.error(describeError(toHostWrite(cannot, error))));
  const previousMask = process.umask(0o177);
  server.listen(paths.slurmSocket, () => {
    process.umask(previousMask);
    const user = findSystemUser(SLURM_USER, paths.root, log);
    if (user !== null) chownSync(paths.slurmSocket, user.uid, user.gid);
    chmodSync(paths.slurmSocket, 0o600);
  });

  async function ask<T>(build: (n: number) => SlurmAsk, readAnswer: (reply: Reply) => T | null): Promise<T> {
    if (worker === null)
      throw new AgentError('slurm_unreachable', 'the Slurm worker is not connected', {
        hint: 'systemctl status sunk-agent-slurm',
      });
    return await worker.ask(build, readAnswer);
  }

  return {
    isConnected: () => worker !== null,
    read: (cluster) =>
      ask(
        (n) => ({ ask: 'read', n, cluster }),
        (reply) => (reply.say === 'rows' ? reply.rows : null),
      ),
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

interface Worker {
  ask<T>(build: (n: number) => SlurmAsk, readAnswer: (reply: Reply) => T | null): Promise<T>;
  end(error: Error): void;
}

function openWorker(stream: Duplex, onEnd: () => void): Worker {
  const channel: Channel = openChannel(stream, MAX_LINE_BYTES);
  const questions = new Map<number, Question>();
  let next = 1;

  function end(error: Error): void {
    for (const question of questions.values()) question.fail(error);
    questions.clear();
    channel.close();
    onEnd();
  }

  channel.onMessage((message) => {
    const parsed = slurmSaySchema.safeParse(message);
    if (!parsed.success) {
      end(new AgentError('slurm_failed', 'the Slurm worker said something that is not an answer'));
      return;
    }
    const say = parsed.data;
    const question = questions.get(say.n);
    if (say.say === 'failed')
      question?.fail(new AgentError(say.isLost ? 'slurm_unreachable' : 'slurm_failed', say.message));
    else question?.take(say);
  });
  channel.onClose(() => end(new AgentError('slurm_unreachable', 'the Slurm worker went away')));

  return {
    end,
    ask: (build, readAnswer) =>
      new Promise((resolve, reject) => {
        const n = next;
        next += 1;
        const late = new AgentError('slurm_unreachable', `no answer within ${PATIENCE_MS / 1000} s`);
        const timer = setTimeout(() => end(late), PATIENCE_MS).unref();
        const close = (): void => {
          clearTimeout(timer);
          questions.delete(n);
        };
        questions.set(n, {
          take(reply) {
            const answer = readAnswer(reply);
            if (answer === null) return;
            close();
            resolve(answer);
          },
          fail(error) {
            close();
            reject(error);
          },
        });
        channel.send(build(n)).catch(reject);
      }),
  };
}
