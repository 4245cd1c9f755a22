// Asks the reader that runs, through the agent that runs.
import { createConnection } from 'node:net';
import { openChannel } from '../../protocol/channel.ts';
import type { GroupQuestion, ProbeAnswer } from '../../protocol/messages.ts';
import type { NodeContext } from '../node-context.ts';
import { digestFile, MAX_PROBE_LINE, probeReplySchema } from './probe-messages.ts';

/** Milliseconds: each request of a probe has ten seconds. */
const PATIENCE_MS = 60_000;

export interface RunningReader {
  /** Whether the agent has read the configuration that is in place now; null: it cannot be told. */
  readonly isConfigInForce: boolean | null;
  /** null: no reader is connected to the agent. */
  readonly answer:
    { readonly ok: true; readonly value: ProbeAnswer } | { readonly ok: false; readonly why: string } | null;
}

/** null: no agent runs here, or this user may not ask it. */
export async function askRunningReader(
  { paths, configFile }: Pick<NodeContext, 'paths' | 'configFile'>,
  groups: readonly GroupQuestion[],
): Promise<RunningReader | null> {
  const reply = await askAgent(paths.probeSocket, {
    groups: groups.map(({ name, id }) => ({ name, id })),
  });
  const parsed = probeReplySchema.safeParse(reply);
  if (!parsed.success) return null;
  const { config, reader } = parsed.data;
  const isConfigInForce = config === null ? null : config === digestFile(configFile);
  if (reader.is === 'away') return { isConfigInForce, answer: null };
  if (reader.is === 'failed') return { isConfigInForce, answer: { ok: false, why: reader.why } };
  return reader.answer.say === 'probe'
    ? { isConfigInForce, answer: { ok: true, value: reader.answer } }
    : null;
}

/** undefined: there was no answer. */
function askAgent(socket: string, question: object): Promise<unknown> {
  return new Promise((resolve) => {
    const stream = createConnection(socket);
    stream.setTimeout(PATIENCE_MS, () => stream.destroy());
    const channel = openChannel(stream, MAX_PROBE_LINE);
    channel.onMessage((message) => {
      resolve(message);
      channel.close();
    });
    channel.onClose(() => resolve(undefined));
    stream.once('connect', () => void channel.send(question).catch(() => channel.close()));
  });
}
