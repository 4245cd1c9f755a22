// The HTTP server itself: loopback only, and SCIM errors even for what node:http cannot read.
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { SCIM_TYPE } from './exchange.ts';
import { ScimError, renderError } from './protocol/scim-error.ts';

/**
 * Listens on 127.0.0.1; the caller adds what answers.
 * @param port 0 takes a free one.
 * @returns the server and its origin, `http://127.0.0.1:PORT`.
 */
export async function listen(port: number): Promise<{ server: Server; origin: string }> {
  const server = createServer({ maxHeaderSize: 64 * 1024, keepAliveTimeout: 65_000 });
  server.on('clientError', refuseBrokenRequest);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Ends the server with all its connections. */
export async function stopListening(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}

function refuseBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable) return;
  const isTooLarge = error.code === 'HPE_HEADER_OVERFLOW';
  const refusal = new ScimError(
    isTooLarge ? 431 : 400,
    null,
    isTooLarge ? 'the headers are too large' : 'this is not HTTP',
  );
  const body = JSON.stringify(renderError(refusal));
  socket.end(
    `HTTP/1.1 ${refusal.status} Refused\r\ncontent-type: ${SCIM_TYPE}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
