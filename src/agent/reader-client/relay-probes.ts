// Lets doctor ask the reader that runs, with its token, proxy, certificates and environment: a socket of root's.
import { mkdirSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { describeError } from '../../common/errors.ts';
import { toHostWrite } from '../../common/system-error.ts';
import { openChannel } from '../../protocol/channel.ts';
import type { GroupQuestion } from '../../protocol/messages.ts';
import type { NodeContext } from '../node-context.ts';
import { digestFile, MAX_PROBE_LINE, type ProbeReply, probeRequestSchema } from './probe-messages.ts';
import type { ReaderLink } from './reader-link.ts';

export interface ProbeRelay {
  close(): void;
}

export function relayProbes(
  { log, paths, configFile }: NodeContext,
  link: Pick<ReaderLink, 'current'>,
): ProbeRelay {
  const config = digestFile(configFile);
  const cannot = `cannot listen for doctor at ${paths.probeSocket}`;
  const open = new Set<Socket>();

  async function ask(groups: readonly GroupQuestion[]): Promise<ProbeReply['reader']> {
    const reader = link.current();
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
    const channel = openChannel(stream, MAX_PROBE_LINE);
    channel.onMessage((message) => {
      const request = probeRequestSchema.safeParse(message);
      if (!request.success) {
        channel.close();
        return;
      }
      void ask(request.data.groups)
        .then((reader) => channel.send({ config, reader } satisfies ProbeReply))
        // Who asked is gone.
        .catch(() => channel.close());
    });
  }

  const server = createServer(serve);
  server.on('error', (error) => log.warn(describeError(toHostWrite(cannot, error))));
  const before = process.umask(0o177);
  try {
    // Without it doctor says less, and nothing else depends on it.
    mkdirSync(paths.run, { recursive: true, mode: 0o755 });
    rmSync(paths.probeSocket, { force: true });
    server.listen(paths.probeSocket);
  } catch (error) {
    log.warn(describeError(toHostWrite(cannot, error)));
  } finally {
    process.umask(before);
  }
  return {
    close() {
      for (const stream of open) stream.destroy();
      server.close();
    },
  };
}
