// One connection of a Slurm worker: it greets, is asked, and is believed only what has the shape of an answer.
import type { Duplex } from 'node:stream';
import { AgentError } from '../../common/errors.ts';
import { type Channel, openChannel } from '../../protocol/channel.ts';
import { findExcess, type JsonLimits } from '../../protocol/json-size.ts';
import {
  SLURM_PROTOCOL,
  type SlurmAsk,
  type SlurmSay,
  slurmSaySchema,
} from '../../protocol/slurm-messages.ts';

/** 100,000 associations are some 20 MB. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;
/** The same in values; a short text could become more than the agent has memory for. */
const MOST: JsonLimits = { depth: 8, values: 4_000_000 };
/** Longer than the worker waits for one command. */
const PATIENCE_MS = 330_000;

/** To one question. */
export type SlurmReply = Exclude<SlurmSay, { say: 'failed' | 'hello' }>;
type Question = { readonly take: (reply: SlurmReply) => void; readonly fail: (error: unknown) => void };

const NO_GREETING =
  'the Slurm worker that is connected has not greeted, as an older one does not: systemctl restart sunk-agent-slurm';

/** Both are of one package: the older one is what an upgrade has not restarted yet. */
function refuseProtocol(protocol: number): string | null {
  if (protocol === SLURM_PROTOCOL) return null;
  const versions = `(protocol ${protocol}, the agent has ${SLURM_PROTOCOL})`;
  return protocol < SLURM_PROTOCOL
    ? `the Slurm worker is older than the agent ${versions}: systemctl restart sunk-agent-slurm`
    : `the Slurm worker is newer than the agent ${versions}: systemctl restart sunk-agent`;
}

/** A worker that is connected. */
export interface SlurmWorker {
  /** Why it cannot be asked; null: it can. */
  problem(): string | null;
  ask<T>(build: (n: number) => SlurmAsk, readAnswer: (reply: SlurmReply) => T | null): Promise<T>;
  end(error: Error): void;
}

/** @param onGreet it has greeted: it can be asked, or `problem` says why not. */
export function openWorker(
  stream: Duplex,
  { onGreet, onEnd }: { readonly onGreet: () => void; readonly onEnd: () => void },
): SlurmWorker {
  const channel: Channel = openChannel(stream, MAX_LINE_BYTES);
  const questions = new Map<number, Question>();
  let next = 1;
  let problem: string | null = NO_GREETING;

  function end(error: Error): void {
    for (const question of questions.values()) question.fail(error);
    questions.clear();
    channel.close();
    onEnd();
  }

  function greet(protocol: number): void {
    // One that greets again, and again, makes no rounds.
    if (problem !== NO_GREETING) return;
    problem = refuseProtocol(protocol);
    onGreet();
  }

  channel.onLine((line) => {
    if (findExcess(line, MOST) === null) return false;
    end(new AgentError('slurm_failed', 'the Slurm worker said more than Slurm can have'));
    return true;
  });
  channel.onMessage((message) => {
    const parsed = slurmSaySchema.safeParse(message);
    if (!parsed.success) {
      end(new AgentError('slurm_failed', 'the Slurm worker said something that is not an answer'));
      return;
    }
    const say = parsed.data;
    if (say.say === 'hello') greet(say.protocol);
    else if (say.say === 'failed')
      questions
        .get(say.n)
        ?.fail(new AgentError(say.isLost ? 'slurm_unreachable' : 'slurm_failed', say.message, { hint: '' }));
    else questions.get(say.n)?.take(say);
  });
  channel.onClose(() => end(new AgentError('slurm_unreachable', 'the Slurm worker went away')));

  return {
    end,
    problem: () => problem,
    async ask(build, readAnswer) {
      const n = next;
      next += 1;
      const answer = awaitAnswer(questions, n, readAnswer, end);
      channel.send(build(n)).catch((error: unknown) => questions.get(n)?.fail(error));
      return await answer;
    },
  };
}

/** @param onLate no answer came in time: the worker hangs. */
async function awaitAnswer<T>(
  questions: Map<number, Question>,
  n: number,
  readAnswer: (reply: SlurmReply) => T | null,
  onLate: (error: Error) => void,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  questions.set(n, {
    take(reply) {
      const answer = readAnswer(reply);
      if (answer !== null) resolve(answer);
    },
    fail: reject,
  });
  const late = new AgentError('slurm_unreachable', `no answer within ${PATIENCE_MS / 1000} s`);
  const timer = setTimeout(() => onLate(late), PATIENCE_MS).unref();
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    questions.delete(n);
  }
}
