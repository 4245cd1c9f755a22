// The agent's side of the pipe: asks the reader, and believes only what has the shape of an answer.
import type { Duplex } from 'node:stream';
import { AgentError } from '../../common/errors.ts';
import type { Config } from '../../config/config.ts';
import { type Channel, openChannel } from '../../protocol/channel.ts';
import {
  type Ask,
  type GroupQuestion,
  type ChangeNotice,
  type FetchAsk,
  type FetchEnd,
  type ProbeAnswer,
  type ReadAnswer,
  type SecretsAnswer,
  type SecretWrites,
  type Say,
  saySchema,
} from '../../protocol/messages.ts';
import { type PageLine, readPageLine } from '../../protocol/page-lines.ts';
import type { ResourceKind } from '../../protocol/records.ts';
import type { Traffic } from '../../protocol/traffic.ts';
import { createOpenQuestions, type OpenQuestions } from './open-questions.ts';
import { createReaderBounds, type ReaderBounds } from './reader-bounds.ts';

export interface Reader {
  /** @throws AgentError with the reader's own code, or reader_failed when it went away. */
  fetch(question: FetchQuestion, sink: PageSink): Promise<FetchEnd>;
  read(kind: ResourceKind, id: string): Promise<ReadAnswer>;
  /** Looks at the store, for doctor; asks for these groups by name and id. */
  probe(groups: readonly GroupQuestion[]): Promise<ProbeAnswer>;
  /** The Secrets of `publish.secrets`. */
  readSecrets(): Promise<SecretsAnswer>;
  /** Replaces maps in them, where they still have the version that was read. */
  writeSecrets(secrets: SecretWrites): Promise<SecretsAnswer>;
  /** Has the reader listen to the store's events and to its own tokens, and be told of them. */
  watch(onChange: (change: ChangeNotice) => void): void;
  /** How the store answered, after each question. */
  onTraffic(callback: (traffic: Traffic) => void): void;
  /** A person asks: no pause that the store wanted is kept. */
  resume(): void;
  /** Says which snapshot the node has (`scim.announce`). */
  announce(snapshot: string): void;
  /** Publishes the text that `metrics.listen` serves. */
  showMetrics(text: string): Promise<void>;
  close(): void;
}

export type FetchQuestion = Pick<FetchAsk, 'mode' | 'since'>;

/** What takes the lines of the pages of a fetch, and says how many resources each has. */
export type PageSink = (line: PageLine) => number;

/** What the reader says on its own account. */
interface Notices {
  onChange(change: ChangeNotice): void;
  onTraffic(traffic: Traffic): void;
}

/** Opens the agent's end of a connection to a reader, and closes it where the reader brings more than the bounds. */
export function openReader(stream: Duplex, configured: Config['scim']['bounds']): Reader {
  const bounds = createReaderBounds(configured);
  const channel = openChannel(stream, bounds.lineBytes);
  const questions = createOpenQuestions(
    (ask) => channel.send(ask),
    bounds.patience,
    (error) => end(error),
  );
  const notices: Notices = { onChange: () => {}, onTraffic: () => {} };

  function end(error: Error): void {
    questions.end(error);
    channel.close();
  }

  receive(channel, bounds, questions, notices, end);
  return {
    ...asking(questions, bounds),
    watch(callback) {
      notices.onChange = callback;
      channel.send({ ask: 'watch' } satisfies Ask).catch(end);
    },
    onTraffic(callback) {
      notices.onTraffic = callback;
    },
    resume() {
      if (!questions.isEnded()) channel.send({ ask: 'resume' } satisfies Ask).catch(end);
    },
    announce(snapshot) {
      if (!questions.isEnded()) channel.send({ ask: 'announce', snapshot } satisfies Ask).catch(end);
    },
    async showMetrics(text) {
      if (!questions.isEnded()) await channel.send({ ask: 'metrics', text } satisfies Ask);
    },
    close: () => end(new AgentError('reader_failed', 'the reader was closed')),
  };
}

/** Gives each line and each message to what waits for it; a message without a known shape ends the connection. */
function receive(
  channel: Channel,
  bounds: ReaderBounds,
  questions: OpenQuestions,
  notices: Notices,
  end: (error: Error) => void,
): void {
  channel.onLine((line) => {
    const page = readPageLine(line);
    bounds.checkLine(page?.resources ?? line, page !== null);
    if (page !== null && !questions.takeLine(page)) bounds.countNotice();
    return page !== null;
  });
  channel.onMessage((message) => {
    const parsed = saySchema.safeParse(message);
    if (parsed.success) dispatch(parsed.data, bounds, questions, notices);
    else end(new AgentError('reader_failed', 'the reader said something that is not an answer'));
  });
  channel.onClose((cause) =>
    end(new AgentError('reader_failed', 'the reader went away', cause === null ? {} : { cause })),
  );
}

function dispatch(say: Say, bounds: ReaderBounds, questions: OpenQuestions, notices: Notices): void {
  if (!('n' in say)) bounds.countNotice();
  if (say.say === 'look') notices.onChange(say);
  else if (say.say === 'traffic') notices.onTraffic(say);
  else if (say.say !== 'hello' && !questions.takeReply(say)) bounds.countNotice();
}

/** The questions that have an answer. */
function asking(
  questions: OpenQuestions,
  bounds: ReaderBounds,
): Pick<Reader, 'fetch' | 'read' | 'probe' | 'readSecrets' | 'writeSecrets'> {
  return {
    readSecrets: () =>
      questions.ask<SecretsAnswer>(
        (n) => ({ ask: 'read-secrets', n }),
        (reply) => (reply.say === 'secrets' ? reply : undefined),
      ),
    writeSecrets: (secrets) =>
      questions.ask<SecretsAnswer>(
        (n) => ({ ask: 'write-secrets', n, secrets }),
        (reply) => (reply.say === 'secrets' ? reply : undefined),
      ),
    fetch: ({ mode, since }, sink) =>
      questions.ask<FetchEnd>(
        (n) => ({ ask: 'pass', n, mode, since }),
        (reply) => (reply.say === 'end' ? reply : undefined),
        bounds.limitFetch(sink),
      ),
    read: (kind, id) =>
      questions.ask<ReadAnswer>(
        (n) => ({ ask: 'read', n, kind, id }),
        (reply) => (reply.say === 'resource' && reply.kind === kind && reply.id === id ? reply : undefined),
      ),
    probe: (groups) =>
      questions.ask<ProbeAnswer>(
        (n) => ({ ask: 'probe', n, groups: groups.map(({ name, id }) => ({ name, id })) }),
        (reply) => (reply.say === 'probe' ? reply : undefined),
      ),
  };
}
