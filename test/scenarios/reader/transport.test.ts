// The way to the store over real sockets: TLS with an authority of our own, a proxy, and connections that are kept.
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { describeError } from '../../../src/common/errors.ts';
import { type FetchHarness, listen } from '../../support/ingest-harness.ts';
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

function trust(ears: FetchHarness, pem: string): void {
  writeFileSync(path.join(ears.root, 'ca.pem'), pem);
}

const failure = (ears: FetchHarness) =>
  ears.hear().then(
    () => 'no failure',
    (error: unknown) => describeError(error),
  );

/** The address of a store behind TLS, under that name. */
const behindTls = (name?: string) => async (base: string) => {
  const { port } = await openFront(base, authority);
  return `https://${name ?? `127.0.0.1:${port}`}${new URL(base).pathname}`;
};

describe('a store with a certificate of the operator’s own authority', () => {
  test('is heard where scim.ca_file has that authority, from the moment it has, and until it has no longer', async () => {
    const ears = await listen({ seedUsers: 3 }, { scim: '  ca_file: /ca.pem', front: behindTls() });
    trust(ears, other.ca);
    expect(await failure(ears)).toMatch(/^https:\/\/127\.0\.0\.1:\d+ cannot be reached: .*certificate/);
    trust(ears, `${other.ca}${authority.ca}`);
    expect(await ears.hear()).toMatchObject(WHOLE);
    expect(ears.people()).toHaveLength(3);
    trust(ears, other.ca);
    expect(await failure(ears)).toMatch(/certificate/);
  });

  test('is not heard where no file names it, and not by another name than its certificate has', async () => {
    expect(await failure(await listen({}, { front: behindTls() }))).toMatch(/certificate/);
    const ears = await listen(
      {},
      {
        scim: '  ca_file: /ca.pem',
        front: async (base) => (await behindTls()(base)).replace('127.0.0.1', 'localhost'),
      },
    );
    trust(ears, authority.ca);
    expect(await failure(ears)).toMatch(/localhost/);
  });

  test('is not asked where the file holds no certificate, or is away: the error names the file', async () => {
    const ears = await listen({}, { scim: '  ca_file: /ca.pem', front: behindTls() });
    expect(await failure(ears)).toMatch(/cannot read scim\.ca_file .*ca\.pem/);
    trust(ears, 'nothing');
    expect(await failure(ears)).toMatch(/ca\.pem holds no certificate/);
    trust(ears, authority.ca);
    expect(await ears.hear()).toMatchObject(WHOLE);
    rmSync(path.join(ears.root, 'ca.pem'));
    expect(await failure(ears)).toMatch(/cannot read scim\.ca_file/);
    expect(await ears.requests()).not.toEqual([]);
  });
});

describe('a proxy of the environment', () => {
  /** A store behind TLS that only the proxy finds, unless its name is an address of this machine. */
  async function behindProxy(name?: string, noProxy = ''): Promise<{ ears: FetchHarness; proxy: Proxy }> {
    let proxy: Proxy | null = null;
    const ears = await listen(
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
    trust(ears, authority.ca);
    if (proxy === null) throw new Error('there is no proxy');
    return { ears, proxy };
  }

  test('is asked for a tunnel to the store, and sees neither the token nor a request', async () => {
    const { ears, proxy } = await behindProxy('store.example');
    expect(await ears.hear()).toMatchObject(WHOLE);
    expect(new Set(proxy.asked.map(({ what }) => what))).toEqual(new Set(['CONNECT store.example:443']));
    expect(JSON.stringify(proxy.asked)).not.toContain(ears.testbed.readToken);
    expect(proxy.asked.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });

  test('is passed by for a host that no_proxy names', async () => {
    const { ears, proxy } = await behindProxy(undefined, 'elsewhere.example,127.0.0.1');
    expect(await ears.hear()).toMatchObject(WHOLE);
    expect(proxy.asked).toEqual([]);
    const without = await behindProxy();
    expect(await without.ears.hear()).toMatchObject(WHOLE);
    expect(without.proxy.asked).not.toEqual([]);
  });

  test('is never asked for a store over plain http, which is on this machine: the token stays here', async () => {
    const proxy = await openProxy(1);
    for (const name of ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'])
      vi.stubEnv(name, proxy.url);
    expect(await (await listen({ seedUsers: 3 })).hear()).toMatchObject(WHOLE);
    expect(proxy.asked).toEqual([]);
  });
});

test('connections are kept from page to page and from pass to pass: no more are made than the pool has', async () => {
  let connections = (): number => 0;
  const ears = await listen(
    { seedUsers: 60, seedGroups: 2, maxPageSize: 3, settings: { cursorPaging: false } },
    {
      async front(base) {
        const front = await openFront(base, null);
        ({ connections } = front);
        return base.replace(new URL(base).port, String(front.port));
      },
    },
  );
  for (let pass = 0; pass < 3; pass += 1) expect(await ears.hear()).toMatchObject(WHOLE);
  await ears.hear('delta');
  expect((await ears.requests()).length).toBeGreaterThan(60);
  expect(connections()).toBeGreaterThan(0);
  expect(connections()).toBeLessThanOrEqual(6);
});
