// The agent's side of the pipe: asks the reader, and believes only what has the shape of an answer.
import type { Duplex } from 'node:stream';
import { AgentError, isErrorCode } from '../../common/errors.ts';
import { openChannel } from '../../protocol/channel.ts';
import {
  type Ask,
  type GroupQuestion,
  type ChangeNotice,
  type PageEnd,
  type FetchAsk,
  type FetchEnd,
  type ProbeAnswer,
  type ReadAnswer,
  type Say,
  saySchema,
} from '../../protocol/messages.ts';
import { type PageLine, readPageLine } from '../../protocol/page-lines.ts';
import type { ResourceKind } from '../../protocol/records.ts';
import type { Traffic } from '../../protocol/traffic.ts';

export interface Reader {
  /** @throws AgentError with the reader's own code, or reader_failed when it went away. */
  pass(question: FetchQuestion, listener: PageSink): Promise<FetchEnd>;
  read(kind: ResourceKind, id: string): Promise<ReadAnswer>;
  /** Looks at the store, for doctor; asks for these groups by name and id. */
  probe(groups: readonly GroupQuestion[]): Promise<ProbeAnswer>;
  /** Has the reader listen to the store's events and to its own tokens, and be told of them. */
  watch(onLook: (look: ChangeNotice) => void): void;
  /** How the store answered, after each question. */
  onTraffic(callback: (traffic: Traffic) => void): void;
  /** Says which snapshot the node has (`scim.announce`). */
  announce(snapshot: string): void;
  /** Hands over the text that `metrics.listen` serves. */
  showMetrics(text: string): Promise<void>;
  close(): void;
}

export type FetchQuestion = Pick<FetchAsk, 'mode' | 'since' | 'known'>;

/** What takes the pages of a fetch: the lines of each, then that it is over. */
export interface PageSink {
  onLine(line: PageLine): void;
  onPage(page: PageEnd): void;
}

interface Question {
  readonly take: (say: Say) => void;
  readonly takeLine: (line: PageLine) => void;
  readonly fail: (error: Error) => void;
}

/** Opens the agent's end of a connection to a reader. */
export function openReader(stream: Duplex): Reader {
  const channel = openChannel(stream);
  const questions = new Map<number, Question>();
  let onLook = (_look: ChangeNotice): void => {};
  let onTraffic = (_traffic: Traffic): void => {};
  let next = 1;
  let isClosed = false;

  channel.onLine((line) => {
    const page = readPageLine(line);
    if (page !== null) questions.get(page.n)?.takeLine(page);
    return page !== null;
  });
  channel.onMessage((message) => {
    const parsed = saySchema.safeParse(message);
    if (!parsed.success) {
      end(new AgentError('reader_failed', 'the reader said something that is not an answer'));
      return;
    }
    const say = parsed.data;
    if (say.say === 'look') onLook(say);
    else if (say.say === 'traffic') onTraffic(say);
    else if (say.say === 'failed') {
      const code = isErrorCode(say.code) ? say.code : 'reader_failed';
      questions.get(say.n)?.fail(new AgentError(code, say.message, { hint: say.hint }));
    } else if (say.say !== 'hello') questions.get(say.n)?.take(say);
  });
  channel.onClose((cause) =>
    end(new AgentError('reader_failed', 'the reader went away', cause === null ? {} : { cause })),
  );

  function end(error: Error): void {
    isClosed = true;
    for (const question of questions.values()) question.fail(error);
    questions.clear();
    channel.close();
  }

  function ask<T>(
    build: (n: number) => Ask,
    isLast: (say: Say) => T | undefined,
    takeLine: (line: PageLine) => void = () => {},
  ): Promise<T> {
    if (isClosed) return Promise.reject(new AgentError('reader_failed', 'the reader went away'));
    const n = next;
    next += 1;
    return new Promise<T>((resolve, reject) => {
      questions.set(n, {
        take(say) {
          const answer = isLast(say);
          if (answer === undefined) return;
          questions.delete(n);
          resolve(answer);
        },
        takeLine,
        fail(error) {
          questions.delete(n);
          reject(error);
        },
      });
      channel.send(build(n)).catch(reject);
    });
  }

  return {
    pass: ({ mode, since, known }, listener) =>
      ask<FetchEnd>(
        (n) => ({ ask: 'pass', n, mode, since, known }),
        (say) => {
          if (say.say === 'page') listener.onPage(say);
          return say.say === 'end' ? say : undefined;
        },
        (line) => listener.onLine(line),
      ),
    read: (kind, id) =>
      ask<ReadAnswer>(
        (n) => ({ ask: 'read', n, kind, id }),
        (say) => (say.say === 'resource' && say.kind === kind && say.id === id ? say : undefined),
      ),
    probe: (groups) =>
      ask<ProbeAnswer>(
        (n) => ({ ask: 'probe', n, groups: groups.map(({ name, id }) => ({ name, id })) }),
        (say) => (say.say === 'probe' ? say : undefined),
      ),
    watch(callback) {
      onLook = callback;
      channel.send({ ask: 'watch' } satisfies Ask).catch(end);
    },
    onTraffic(callback) {
      onTraffic = callback;
    },
    announce(snapshot) {
      if (!isClosed) channel.send({ ask: 'announce', snapshot } satisfies Ask).catch(end);
    },
    async showMetrics(text) {
      if (!isClosed) await channel.send({ ask: 'metrics', text } satisfies Ask);
    },
    close: () => end(new AgentError('reader_failed', 'the reader was closed')),
  };
}
