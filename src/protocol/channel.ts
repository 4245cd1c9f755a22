// Lines over a duplex stream, each a JSON message or a line of a page; bounded in length, with back-pressure.
import type { Duplex } from 'node:stream';
import { MAX_LINE_BYTES } from './messages.ts';

export interface Channel {
  /** Resolves when the stream has room for more. */
  send(message: unknown): Promise<void>;
  /** The same for a line that is serialised already. */
  sendLine(line: string): Promise<void>;
  onMessage(callback: (message: unknown) => void): void;
  /** Gets each line before it is parsed; true: it is no message. The buffer is valid only during the call. */
  onLine(callback: (line: Buffer) => boolean): void;
  /** Called once, with the reason if there was one. */
  onClose(callback: (error: Error | null) => void): void;
  close(): void;
}

const NEWLINE = 0x0a;

/** A channel over `stream`; a line that is too long or is not JSON closes it. */
export function openChannel(stream: Duplex, maxLineBytes = MAX_LINE_BYTES): Channel {
  let onMessage = (_message: unknown): void => {};
  let onLine = (_line: Buffer): boolean => false;
  let onClose = (_error: Error | null): void => {};
  let failure: Error | null = null;
  const splitLines = createLineSplitter(maxLineBytes, (line) => {
    if (line.length > 0 && !onLine(line)) onMessage(JSON.parse(line.toString('utf8')));
    return !stream.destroyed;
  });

  stream.on('data', (chunk: Buffer) => {
    // After a line that closed the channel, nothing more is handled, not even what Node has read already.
    if (stream.destroyed) return;
    try {
      splitLines(chunk);
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
      stream.destroy();
    }
  });
  stream.on('error', (error) => {
    failure ??= error;
  });
  stream.on('close', () => onClose(failure));

  async function sendLine(line: string): Promise<void> {
    if (stream.destroyed) throw failure ?? new Error('the channel is closed');
    if (stream.write(`${line}\n`)) return;
    await waitForRoom(stream);
  }

  return {
    send: (message) => sendLine(JSON.stringify(message)),
    sendLine,
    onMessage(callback) {
      onMessage = callback;
    },
    onLine(callback) {
      onLine = callback;
    },
    onClose(callback) {
      onClose = callback;
    },
    close: () => void stream.destroy(),
  };
}

/**
 * A function that takes chunks and passes each complete line on.
 * @param onLine returns false once no more lines are wanted.
 * @throws Error where a line exceeds `maxLineBytes`; what `onLine` throws.
 */
function createLineSplitter(
  maxLineBytes: number,
  onLine: (line: Buffer) => boolean,
): (chunk: Buffer) => void {
  let pieces: Buffer[] = [];
  let length = 0;

  function joinLine(tail: Buffer): Buffer {
    const line = pieces.length === 0 ? tail : Buffer.concat([...pieces, tail]);
    pieces = [];
    length = 0;
    return line;
  }

  return (chunk) => {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      if (!onLine(joinLine(chunk.subarray(start, end)))) return;
      start = end + 1;
    }
    const rest = chunk.subarray(start);
    length += rest.length;
    if (length > maxLineBytes) throw new Error(`a line of more than ${maxLineBytes} bytes`);
    if (rest.length > 0) pieces.push(rest);
  };
}

/** Resolves when the stream has room again, or is closed. */
async function waitForRoom(stream: Duplex): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
  });
}
