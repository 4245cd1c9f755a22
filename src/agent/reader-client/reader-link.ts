// Keeps a reader connected: a child of this process, or a unit of its own that connects to the agent's socket.
import { chmodSync, chownSync, mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { describeError } from '../../common/errors.ts';
import type { ChangeNotice } from '../../protocol/messages.ts';
import { openReader, type Reader } from './reader-client.ts';
import { spawnReader } from './spawn-reader.ts';
import type { Traffic } from '../../protocol/traffic.ts';
import { attempt, toHostWrite, toSystemError } from '../../common/system-error.ts';
import type { NodeContext } from '../node-context.ts';
import { listenPrivately } from '../private-socket.ts';
import { findReaderUser } from './reader-user.ts';

/** `child`: started and restarted by this process. `socket`: a unit of its own, supervised by the service manager. */
export type ReaderSource = 'child' | 'socket';

export interface ReaderLink {
  /** The reader that is connected now, or null. */
  current(): Reader | null;
  onConnect(callback: () => void): void;
  /** The store announced a change, or the reader has a new token. */
  onLook(callback: (look: ChangeNotice) => void): void;
  /** How the store answered, after each question. */
  onTraffic(callback: (traffic: Traffic) => void): void;
  close(): void;
}

const FIRST_RESTART_MS = 500;
const LAST_RESTART_MS = 60_000;

/** Starts or awaits the reader; loses of it are made good until `close`. */
export function linkReader(node: NodeContext, source: ReaderSource): ReaderLink {
  const { log } = node;
  let reader: Reader | null = null;
  let isClosed = false;
  const listeners = {
    connect: (): void => {},
    look: (_look: ChangeNotice): void => {},
    traffic: (_traffic: Traffic): void => {},
  };

  function adopt(stream: Duplex): void {
    reader?.close();
    const adopted = openReader(stream, node.config.scim.bounds);
    reader = adopted;
    adopted.watch((look) => listeners.look(look));
    adopted.onTraffic((traffic) => listeners.traffic(traffic));
    stream.once('close', () => {
      if (reader === adopted) reader = null;
    });
    log.info('the reader is connected');
    listeners.connect();
  }

  const stop = source === 'child' ? keepChild(node, adopt, () => isClosed) : listen(node, adopt);
  return {
    current: () => reader,
    onConnect(callback) {
      listeners.connect = callback;
      if (reader !== null) callback();
    },
    onLook(callback) {
      listeners.look = callback;
    },
    onTraffic(callback) {
      listeners.traffic = callback;
    },
    close() {
      isClosed = true;
      reader?.close();
      stop();
    },
  };
}

/** Starts the child, and again with back-off whenever it ends. */
function keepChild(node: NodeContext, adopt: (stream: Duplex) => void, isClosed: () => boolean): () => void {
  const { log, configFile, paths } = node;
  let delay = FIRST_RESTART_MS;
  let kill = (): void => {};
  let timer: NodeJS.Timeout | undefined;

  function start(): void {
    const startedAt = performance.now();
    const { child, stream } = spawnReader({
      config: configFile,
      root: paths.root,
      user: findReaderUser(paths.root, log),
    });
    kill = () => void child.kill('SIGTERM');
    child.once('error', (error) =>
      log.error(describeError(toSystemError('reader_failed', 'cannot start the reader', error))),
    );
    child.once('exit', (code, signal) => {
      if (isClosed()) return;
      delay =
        performance.now() - startedAt > LAST_RESTART_MS
          ? FIRST_RESTART_MS
          : Math.min(delay * 2, LAST_RESTART_MS);
      log.warn({ code, signal, retryInMs: delay }, 'the reader ended');
      timer = setTimeout(start, delay);
    });
    adopt(stream);
  }

  start();
  return () => {
    clearTimeout(timer);
    kill();
  };
}

/** Listens where the reader's unit connects; only that user, and root, may. */
function listen(node: NodeContext, adopt: (stream: Duplex) => void): () => void {
  const { log, paths } = node;
  const cannot = `cannot listen for the reader at ${paths.readerSocket}`;
  attempt(cannot, () => {
    mkdirSync(paths.run, { recursive: true, mode: 0o755 });
    rmSync(paths.readerSocket, { force: true });
  });
  const server = createServer(adopt);
  server.on('error', (error) => log.error(describeError(toHostWrite(cannot, error))));
  listenPrivately(server, paths.readerSocket, () => {
    const user = findReaderUser(paths.root, log);
    if (user !== null) chownSync(paths.readerSocket, user.uid, user.gid);
    chmodSync(paths.readerSocket, 0o600);
  });
  return () => void server.close();
}
