// Answers doctor over a socket of root's: the reader that runs asks the store, and the canary tries a login.
import { mkdirSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeError } from '../../common/errors.ts';
import { toHostWrite } from '../../common/system-error.ts';
import { openChannel } from '../../protocol/channel.ts';
import type { GroupQuestion } from '../../protocol/messages.ts';
import type { NodeContext } from '../node-context.ts';
import {
  agentRequestSchema,
  type AgentReply,
  digestFile,
  MAX_AGENT_LINE,
} from '../operator/agent-messages.ts';
import { listenPrivately } from '../private-socket.ts';
import type { ReaderLink } from '../reader-client/reader-link.ts';

/** A reader that starts with the agent is connected by then, and one that restarts again (systemd.service(5), RestartSec=2). */
const READER_PATIENCE_MS = 5000;

export interface DoctorSocket {
  close(): void;
}

/** @param tryLogin tries a login now; false: none is tried here, or none so soon after one that failed. */
export function answerDoctor(
  { log, paths, configFile }: NodeContext,
  link: Pick<ReaderLink, 'current'>,
  tryLogin: () => Promise<boolean>,
): DoctorSocket {
  const config = digestFile(configFile);
  const cannot = `cannot listen for doctor at ${paths.probeSocket}`;
  const open = new Set<Socket>();

  async function ask(groups: readonly GroupQuestion[]): Promise<AgentReply['reader']> {
    const reader = await awaitReader(link);
    if (reader === null) return { is: 'away' };
    try {
      return { is: 'there', answer: await reader.probe(groups) };
    } catch (error) {
      return { is: 'failed', why: describeError(error).slice(0, 2000) };
    }
  }

  function serve(stream: Socket): void {
    open.add(stream);
    stream.once('close', () => open.delete(stream));
    const channel = openChannel(stream, MAX_AGENT_LINE);
    channel.onMessage((message) => {
      const request = agentRequestSchema.safeParse(message);
      if (!request.success) {
        channel.close();
        return;
      }
      void Promise.all([ask(request.data.groups), tryLogin()])
        .then(([reader, isLoginTried]) => channel.send({ config, reader, isLoginTried } satisfies AgentReply))
        // Who asked is gone.
        .catch(() => channel.close());
    });
  }

  const server = createServer(serve);
  server.on('error', (error) => log.warn(describeError(toHostWrite(cannot, error))));
  try {
    // Without it doctor says less, and nothing else depends on it.
    mkdirSync(paths.run, { recursive: true, mode: 0o755 });
    rmSync(paths.probeSocket, { force: true });
    listenPrivately(server, paths.probeSocket);
  } catch (error) {
    log.warn(describeError(toHostWrite(cannot, error)));
  }
  return {
    close() {
      for (const stream of open) stream.destroy();
      server.close();
    },
  };
}

async function awaitReader(link: Pick<ReaderLink, 'current'>): Promise<ReturnType<ReaderLink['current']>> {
  const end = performance.now() + READER_PATIENCE_MS;
  while (link.current() === null && performance.now() < end) await sleep(100);
  return link.current();
}
