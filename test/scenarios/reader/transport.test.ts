// The way to the store over real sockets: TLS with a private authority, a proxy, and connections that are kept.
import { rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { describeError } from '../../../src/common/errors.ts';
import { type IngestHarness, startIngestHarness } from '../../support/ingest-harness.ts';
import {
  type Authority,
  makeAuthority,
  openFront,
  openProxy,
  type Proxy,
} from '../../support/store-front.ts';

const WHOLE = { complete: { User: true, Group: true }, problems: [] };
let authority: Authority;
let other: Authority;

beforeAll(() => {
  authority = makeAuthority();
  other = makeAuthority();
  // Whatever proxy this machine has is not asked.
  for (const name of ['http_proxy', 'https_proxy', 'no_proxy']) {
    delete process.env[name];
    delete process.env[name.toUpperCase()];
  }
});

afterEach(() => {
  vi.unstubAllEnvs();
});

function trust(harness: IngestHarness, pem: string): void {
  writeFileSync(path.join(harness.root, 'ca.pem'), pem);
}

/** A server before the store that compresses each answer. */
async function openCompressor(
  base: string,
  encoding: string,
  compress: (bytes: Buffer) => Buffer,
  asked: Set<string | undefined>,
): Promise<string> {
  const { origin, pathname } = new URL(base);
  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    asked.add(request.headers['accept-encoding']?.toString());
    const headers = { authorization: request.headers.authorization ?? '' };
    const answer = await fetch(`${origin}${request.url ?? ''}`, { headers });
    const type = answer.headers.get('content-type') ?? '';
    response.writeHead(answer.status, { 'content-type': type, 'content-encoding': encoding });
    response.end(compress(Buffer.from(await answer.arrayBuffer())));
  }
  const server = createServer((request, response) => void pass(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}${pathname}`;
}

const failure = (harness: IngestHarness) =>
  harness.fetch().then(
    () => 'no failure',
    (error: unknown) => describeError(error),
  );

/** The address of a store behind TLS, under that name. */
const behindTls = (name?: string) => async (base: string) => {
  const { port } = await openFront(base, authority);
  return `https://${name ?? `127.0.0.1:${port}`}${new URL(base).pathname}`;
};

describe('a store with a certificate of the operator’s own authority', () => {
  test('is trusted as long as scim.ca_file has that authority', async () => {
    const harness = await startIngestHarness(
      { seedUsers: 3 },
      { scim: '  ca_file: /ca.pem', front: behindTls() },
    );
    trust(harness, other.ca);
    expect(await failure(harness)).toMatch(/^https:\/\/127\.0\.0\.1:\d+ cannot be reached: .*certificate/);
    trust(harness, `${other.ca}${authority.ca}`);
    expect(await harness.fetch()).toMatchObject(WHOLE);
    expect(harness.people()).toHaveLength(3);
    trust(harness, other.ca);
    expect(await failure(harness)).toMatch(/certificate/);
  });

  test('is not trusted where no file names it, nor by another name than its certificate has', async () => {
    expect(await failure(await startIngestHarness({}, { front: behindTls() }))).toMatch(/certificate/);
    const harness = await startIngestHarness(
      {},
      {
        scim: '  ca_file: /ca.pem',
        front: async (base) => (await behindTls()(base)).replace('127.0.0.1', 'localhost'),
      },
    );
    trust(harness, authority.ca);
    expect(await failure(harness)).toMatch(/localhost/);
  });

  test('is not asked where the file holds no certificate, or is away: the error names the file', async () => {
    const harness = await startIngestHarness({}, { scim: '  ca_file: /ca.pem', front: behindTls() });
    expect(await failure(harness)).toMatch(/cannot read scim\.ca_file .*ca\.pem/);
    trust(harness, 'nothing');
    expect(await failure(harness)).toMatch(/ca\.pem holds no certificate/);
    trust(harness, authority.ca);
    expect(await harness.fetch()).toMatchObject(WHOLE);
    rmSync(path.join(harness.root, 'ca.pem'));
    expect(await failure(harness)).toMatch(/cannot read scim\.ca_file/);
    expect(await harness.requests()).not.toEqual([]);
  });
});

describe('a proxy of the environment', () => {
  /** A store behind TLS that only the proxy finds, unless its name is an address of this machine. */
  async function behindProxy(name?: string, noProxy = ''): Promise<{ harness: IngestHarness; proxy: Proxy }> {
    let proxy: Proxy | null = null;
    const harness = await startIngestHarness(
      { seedUsers: 3 },
      {
        scim: '  ca_file: /ca.pem',
        async front(base) {
          const { port } = await openFront(base, authority);
          proxy = await openProxy(port);
          vi.stubEnv('https_proxy', proxy.url);
          vi.stubEnv('no_proxy', noProxy);
          return `https://${name ?? `127.0.0.1:${port}`}${new URL(base).pathname}`;
        },
      },
    );
    trust(harness, authority.ca);
    if (proxy === null) throw new Error('there is no proxy');
    return { harness, proxy };
  }

  test('is asked for a tunnel to the store, and sees neither the token nor a request', async () => {
    const { harness, proxy } = await behindProxy('store.example');
    expect(await harness.fetch()).toMatchObject(WHOLE);
    expect(new Set(proxy.asked.map(({ what }) => what))).toEqual(new Set(['CONNECT store.example:443']));
    expect(JSON.stringify(proxy.asked)).not.toContain(harness.testbed.readToken);
    expect(proxy.asked.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });

  test('needs no scheme, and a name that does not resolve or an address that refuses names the setting', async () => {
    const { harness, proxy } = await behindProxy('store.example');
    const { host } = new URL(proxy.url);
    vi.stubEnv('https_proxy', host);
    expect(await harness.fetch()).toMatchObject(WHOLE);
    for (const [value, reason] of [
      ['no-such-host.invalid:3128', /name of the proxy does not resolve: check https_proxy/],
      ['127.0.0.1:9', /the proxy does not answer: check https_proxy/],
      ['socks5://127.0.0.1', /https_proxy names no proxy/],
    ] as const) {
      const next = await behindProxy('store.example');
      vi.stubEnv('https_proxy', value);
      expect(await failure(next.harness)).toMatch(reason);
    }
  });

  test('is passed by for a host that no_proxy names', async () => {
    const { harness, proxy } = await behindProxy(undefined, 'elsewhere.example,127.0.0.1');
    expect(await harness.fetch()).toMatchObject(WHOLE);
    expect(proxy.asked).toEqual([]);
    const without = await behindProxy();
    expect(await without.harness.fetch()).toMatchObject(WHOLE);
    expect(without.proxy.asked).not.toEqual([]);
  });

  test('is never asked for a store over plain http, which is on this machine: the token stays here', async () => {
    const proxy = await openProxy(1);
    for (const name of ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'])
      vi.stubEnv(name, proxy.url);
    expect(await (await startIngestHarness({ seedUsers: 3 })).fetch()).toMatchObject(WHOLE);
    expect(proxy.asked).toEqual([]);
  });
});

test.each([
  ['gzip', gzipSync],
  ['deflate', deflateSync],
])('identity is asked for, and %s is understood all the same', async (encoding, compress) => {
  const asked = new Set<string | undefined>();
  const harness = await startIngestHarness(
    { seedUsers: 3 },
    { front: (base) => openCompressor(base, encoding, compress, asked) },
  );
  expect(await harness.fetch()).toMatchObject(WHOLE);
  expect(harness.people()).toHaveLength(3);
  expect([...asked]).toEqual(['identity']);
});

test('connections are kept from page to page and from sync to sync: no more are made than the pool has', async () => {
  let connections = (): number => 0;
  const harness = await startIngestHarness(
    { seedUsers: 60, seedGroups: 2, maxPageSize: 3, settings: { cursorPaging: false } },
    {
      async front(base) {
        const front = await openFront(base, null);
        ({ connections } = front);
        return base.replace(new URL(base).port, String(front.port));
      },
    },
  );
  for (let n = 0; n < 3; n += 1) expect(await harness.fetch()).toMatchObject(WHOLE);
  await harness.fetch('delta');
  expect((await harness.requests()).length).toBeGreaterThan(60);
  expect(connections()).toBeGreaterThan(0);
  expect(connections()).toBeLessThanOrEqual(6);
});
