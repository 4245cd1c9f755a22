// Answers whose framing is wrong, hostile or endless: none of them takes access from anyone, and each ends in time.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { type IngestHarness, startIngestHarness } from '../../support/ingest-harness.ts';

type Write = (socket: Socket, body: Buffer, path: string) => void;

const PAGE_BYTES = 1024 * 1024;
const LIST = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';
const EMPTY = JSON.stringify({ schemas: [LIST], totalResults: 0, Resources: [] });
const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/scim+json\r\n';
const sound: Write = (socket, body) => {
  socket.write(`${HEAD}Content-Length: ${body.length}\r\n\r\n`);
  socket.write(body);
};
const chunk = (bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);

/** Sixteen times what a page may have. */
const BOMB = gzipSync(Buffer.alloc(16 * PAGE_BYTES, ' '));

/** Stands before the store and writes its answers as the test wants, byte by byte. */
async function openFront(base: string, write: () => Write): Promise<string> {
  const { origin, pathname } = new URL(base);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        const head = text.slice(0, end);
        text = text.slice(end + 4);
        void answer(socket, head);
      }
    });
  });
  const answer = async (socket: Socket, head: string): Promise<void> => {
    const [, path = '/'] = /^\w+ (\S+)/.exec(head) ?? [];
    const authorization = /^authorization: (.*)$/im.exec(head)?.[1] ?? '';
    const response = await fetch(`${origin}${path}`, { headers: { authorization } });
    write()(socket, Buffer.from(await response.arrayBuffer()), path);
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}${pathname}`;
}

async function start(): Promise<{ harness: IngestHarness; become: (write: Write) => void }> {
  let write = sound;
  const harness = await startIngestHarness(
    { seedUsers: 5 },
    {
      front: (base) => openFront(base, () => write),
      scim: `  bounds: { request: 2s, page_bytes: ${PAGE_BYTES} }`,
    },
  );
  expect(await harness.fetch()).toMatchObject({ complete: { User: true, Group: true } });
  return { harness, become: (next) => (write = next) };
}

/** Answers that carry the whole body, or may be taken for it. */
const HARMLESS: Record<string, Write> = {
  'a byte order mark': (socket, body) => sound(socket, Buffer.concat([Buffer.from('\ufeff'), body]), ''),
  'one byte a chunk': (socket, body) => {
    socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`);
    for (const byte of body) socket.write(chunk(Buffer.from([byte])));
    socket.write('0\r\n\r\n');
  },
  'chunks with extensions and trailers': (socket, body) => {
    socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)};a="b"\r\n`);
    socket.write(body);
    socket.write('\r\n0\r\nX-Checksum: 1\r\n\r\n');
  },
  'no length, and the end of the connection': (socket, body) => {
    socket.write(`${HEAD}Connection: close\r\n\r\n`);
    socket.end(body);
  },
};

const HOSTILE: Record<string, Write> = {
  'a Content-Length that is too large': (socket, body) => {
    socket.write(`${HEAD}Content-Length: ${body.length + 10}\r\n\r\n`);
    socket.end(body);
  },
  'a Content-Length that is too small': (socket, body) => {
    socket.write(`${HEAD}Content-Length: ${body.length - 10}\r\n\r\n`);
    socket.write(body);
  },
  'two lengths': (socket, body) => {
    socket.write(`${HEAD}Content-Length: ${EMPTY.length}\r\nContent-Length: ${body.length}\r\n\r\n`);
    socket.write(EMPTY);
  },
  'a length beside chunks': (socket) => {
    socket.write(`${HEAD}Content-Length: ${EMPTY.length}\r\nTransfer-Encoding: chunked\r\n\r\n`);
    socket.write(chunk(Buffer.from(EMPTY)));
  },
  'a length of 1e9 and no more': (socket, body) => {
    socket.write(`${HEAD}Content-Length: 1000000000\r\n\r\n`);
    socket.write(body);
  },
  'a negative length': (socket) => void socket.write(`${HEAD}Content-Length: -1\r\n\r\n${EMPTY}`),
  'chunks without an end': (socket, body) => {
    socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`);
    socket.end(chunk(body));
  },
  'a chunk size of 2^64': (socket) =>
    void socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n${EMPTY}`),
  'a bomb in chunks': (socket) => {
    socket.write(`${HEAD}Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n`);
    for (let at = 0; at < BOMB.length; at += 4096) socket.write(chunk(BOMB.subarray(at, at + 4096)));
    socket.write('0\r\n\r\n');
  },
  'spaces without an end': (socket) => {
    socket.write(`${HEAD}\r\n`);
    const timer = setInterval(() => socket.write(' '.repeat(65_536)), 5);
    socket.on('close', () => clearInterval(timer));
  },
  'headers without an end': (socket) => {
    socket.write(HEAD);
    const timer = setInterval(() => socket.write(`X-A: ${'b'.repeat(1000)}\r\n`), 1);
    socket.on('close', () => clearInterval(timer));
  },
  'early hints without an end': (socket) => {
    const timer = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'), 1);
    socket.on('close', () => clearInterval(timer));
  },
  'a body without a head': (socket) => void socket.end(EMPTY),
  'another protocol': (socket) => void socket.end('SSH-2.0-OpenSSH_9.2\r\n'),
  'a switch of protocols': (socket) =>
    void socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
  'nested arrays': (socket) => sound(socket, Buffer.from(`${'['.repeat(500_000)}${']'.repeat(500_000)}`), ''),
  'text after the list': (socket) => sound(socket, Buffer.from(`${EMPTY}${EMPTY}`), ''),
  'UTF-16': (socket) => sound(socket, Buffer.from(`\ufeff${EMPTY}`, 'utf16le'), ''),
};

test.each(Object.keys(HARMLESS))('%s is understood', async (what) => {
  const { harness, become } = await start();
  become(HARMLESS[what] ?? sound);
  expect(await harness.fetch()).toMatchObject({ complete: { User: true, Group: true }, problems: [] });
  expect(harness.people()).toHaveLength(5);
});

test.each(Object.keys(HOSTILE))(
  '%s removes no one, and ends in time',
  async (what) => {
    const { harness, become } = await start();
    const before = harness.people();
    become(HOSTILE[what] ?? sound);
    const started = performance.now();
    const outcome = await harness.fetch().catch((error: unknown) => error);
    if (!(outcome instanceof Error)) expect(outcome).toMatchObject({ complete: { User: false } });
    expect(harness.people()).toEqual(before);
    // With all attempts, each of which has 2 s.
    expect(performance.now() - started).toBeLessThan(90_000);
    become(sound);
    expect(await harness.fetch()).toMatchObject({ complete: { User: true, Group: true } });
    expect(harness.people()).toEqual(before);
  },
  180_000,
);

test('an answer that was not asked for is never taken for that of the next question', async () => {
  const { harness, become } = await start();
  const before = harness.people();
  const fake = `${HEAD}Content-Length: ${EMPTY.length}\r\n\r\n${EMPTY}`;
  become((socket, body, path) => {
    sound(socket, body, path);
    socket.write(fake);
  });
  for (let turn = 0; turn < 5; turn += 1) {
    await harness.fetch().catch(() => null);
    expect(harness.people()).toEqual(before);
  }
});
