// What stands between a node and its store: a TLS server with a certificate of a private authority, and a CONNECT proxy.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { onTestFinished } from 'vitest';

export interface Authority {
  /** PEM of the authority itself. */
  readonly ca: string;
  /** A certificate for 127.0.0.1 and store.example, and its key, as PEM. */
  readonly cert: string;
  readonly key: string;
}

/** An authority of its own, by openssl(1), with a certificate that it signed. */
export function makeAuthority(): Authority {
  const directory = mkdtempSync(path.join(tmpdir(), 'authority-'));
  const openssl = (...args: string[]): unknown =>
    execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const read = (name: string): string => readFileSync(path.join(directory, name), 'utf8');
  try {
    openssl('req', '-x509', ...fresh, '-subj', '/CN=An authority', '-keyout', 'ca.key', '-out', 'ca.pem');
    const names = 'subjectAltName=IP:127.0.0.1,DNS:store.example';
    const signed = [
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-addext',
      names,
      '-addext',
      'basicConstraints=CA:FALSE',
    ];
    openssl(
      'req',
      '-x509',
      ...fresh,
      ...signed,
      '-subj',
      '/CN=A store',
      '-keyout',
      'key.pem',
      '-out',
      'cert.pem',
    );
    return { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

export interface Front {
  readonly port: number;
  /** Connections so far. */
  connections(): number;
}

/** Passes every byte on to `target` (a URL), behind TLS where an authority is given; ends with the test. */
export async function openFront(target: string, authority: Authority | null): Promise<Front> {
  let count = 0;
  const { hostname, port } = new URL(target);
  const serve = (socket: Socket): void => {
    count += 1;
    join(socket, connect(Number(port), hostname));
  };
  const server = authority === null ? createServer(serve) : createTlsServer(authority, serve);
  return { port: await open(server), connections: () => count };
}

export interface Proxy {
  readonly url: string;
  /** What was asked of it: `CONNECT store.example:443`, `GET /...`; and the headers of each. */
  readonly asked: { readonly what: string; readonly headers: IncomingHttpHeaders }[];
}

/** A proxy that knows only CONNECT (RFC 9110 section 9.3.6); every name leads to `port` of this machine. */
export async function openProxy(port: number): Promise<Proxy> {
  const asked: { what: string; headers: IncomingHttpHeaders }[] = [];
  const server = createHttpServer(({ method, url, headers }, response) => {
    asked.push({ what: `${method ?? ''} ${url ?? ''}`, headers });
    response.writeHead(502).end();
  });
  server.on('connect', ({ url, headers }, socket: Socket) => {
    asked.push({ what: `CONNECT ${url ?? ''}`, headers });
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    join(socket, connect(port, '127.0.0.1'));
  });
  return { url: `http://127.0.0.1:${await open(server)}`, asked };
}

function join(one: Socket, other: Socket): void {
  one.pipe(other).pipe(one);
  one.on('error', () => other.destroy());
  other.on('error', () => one.destroy());
}

async function open(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}
