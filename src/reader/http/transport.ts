// The connection pool: kept alive from sync to sync, through the environment's proxy, with the configured CAs.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { rootCertificates } from 'node:tls';
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import type { Config } from '../../config/config.ts';
import { AgentError } from '../../common/errors.ts';
import { readProxySetting } from './proxy-setting.ts';

export interface Transport {
  /**
   * The pool; a new one after `scim.ca_file` has changed.
   * @throws AgentError ca_file; store_unreachable where the environment's proxy is none
   */
  dispatcher(): Dispatcher;
  close(): Promise<void>;
}

/** Concurrent requests; one of the connections may be held open by the poll for events. */
const CONNECTIONS = 6;

/** Longer than the usual interval between two syncs. */
const KEEP_ALIVE_MS = 120_000;

export function openTransport(scim: Config['scim'], root: string): Transport {
  let current: { readonly caHash: string; readonly pool: Dispatcher } | null = null;

  return {
    dispatcher() {
      const pem = readCa(scim.ca_file, root);
      const caHash = pem === null ? '' : createHash('sha256').update(pem).digest('hex');
      if (current?.caHash !== caHash) {
        // Requests in flight end on the old pool.
        current?.pool.close().catch(() => {});
        current = { caHash, pool: createPool(scim.base_url, pem) };
      }
      return current.pool;
    },
    async close() {
      await current?.pool.destroy();
    },
  };
}

function createPool(baseUrl: string, pem: string | null): Dispatcher {
  const tls = pem === null ? {} : { ca: [...rootCertificates, pem] };
  const options = {
    connections: CONNECTIONS,
    connect: { ...tls, timeout: 10_000 },
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    // The client bounds each request as a whole.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  // Plain http is allowed to this machine alone; through a proxy the token would leave it in clear text.
  if (baseUrl.startsWith('http:')) return new Agent(options);
  const proxy = readProxySetting()?.url.href;
  const proxies = proxy === undefined ? {} : { httpProxy: proxy, httpsProxy: proxy };
  return new EnvHttpProxyAgent({ ...options, ...proxies, requestTls: tls, proxyTls: tls });
}

function readCa(file: string | null, root: string): string | null {
  if (file === null) return null;
  const resolved = path.join(root, file);
  let pem: string;
  try {
    pem = readFileSync(resolved, 'utf8');
  } catch (cause) {
    throw new AgentError('ca_file', `cannot read scim.ca_file ${resolved}`, { cause });
  }
  if (!pem.includes('-----BEGIN CERTIFICATE-----'))
    throw new AgentError('ca_file', `${resolved} holds no certificate`);
  return pem;
}
