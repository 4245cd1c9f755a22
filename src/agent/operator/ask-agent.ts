// Asks the agent that runs, and through it the reader that runs.
import { createConnection } from 'node:net';
import { openChannel } from '../../protocol/channel.ts';
import type { GroupQuestion, ProbeAnswer } from '../../protocol/messages.ts';
import type { NodeContext } from '../node-context.ts';
import { digestFile, MAX_AGENT_LINE, agentReplySchema } from './agent-messages.ts';

/** Milliseconds: each request of a probe has ten seconds. */
const PATIENCE_MS = 60_000;

export interface RunningAgent {
  /** Whether the agent has read the configuration that is in place now; null: it cannot be told. */
  readonly isConfigInForce: boolean | null;
  /** null: no reader is connected to the agent. */
  readonly answer:
    { readonly ok: true; readonly value: ProbeAnswer } | { readonly ok: false; readonly why: string } | null;
}

/** null: no agent runs here, or this user may not ask it. */
export async function askRunningAgent(
  { paths, configFile }: Pick<NodeContext, 'paths' | 'configFile'>,
  groups: readonly GroupQuestion[],
): Promise<RunningAgent | null> {
  const reply = await ask(paths.probeSocket, {
    groups: groups.map(({ name, id }) => ({ name, id })),
  });
  const parsed = agentReplySchema.safeParse(reply);
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
function ask(socket: string, question: object): Promise<unknown> {
  return new Promise((resolve) => {
    const stream = createConnection(socket);
    stream.setTimeout(PATIENCE_MS, () => stream.destroy());
    const channel = openChannel(stream, MAX_AGENT_LINE);
    channel.onMessage((message) => {
      resolve(message);
      channel.close();
    });
    channel.onClose(() => resolve(undefined));
    stream.once('connect', () => void channel.send(question).catch(() => channel.close()));
  });
}
