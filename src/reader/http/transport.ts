// The one pool of connections: kept alive from pass to pass, through the proxy of the environment, with our own CAs.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { rootCertificates } from 'node:tls';
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import type { Config } from '../../config/config.ts';
import { AgentError } from '../../common/errors.ts';

export interface Transport {
  /**
   * The pool; another one once `scim.ca_file` has changed.
   * @throws AgentError ca_file
   */
  dispatcher(): Dispatcher;
  close(): Promise<void>;
}

/** Requests at once; one more is held open for events. */
const CONNECTIONS = 6;

/** Longer than the usual interval between two passes. */
const KEEP_ALIVE_MS = 120_000;

export function openTransport(scim: Config['scim'], root: string): Transport {
  let current: { readonly mark: string; readonly pool: Dispatcher } | null = null;

  return {
    dispatcher() {
      const pem = readCa(scim.ca_file, root);
      const mark = pem === null ? '' : createHash('sha256').update(pem).digest('hex');
      if (current?.mark !== mark) {
        // Requests that are under way end on the old pool.
        current?.pool.close().catch(() => {});
        current = { mark, pool: createPool(scim.base_url, pem) };
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
  // Plain http is for this machine alone: through a proxy the token would leave it, readable by all.
  if (baseUrl.startsWith('http:')) return new Agent(options);
  return new EnvHttpProxyAgent({ ...options, requestTls: tls, proxyTls: tls });
}

function readCa(file: string | null, root: string): string | null {
  if (file === null) return null;
  const place = path.join(root, file);
  let pem: string;
  try {
    pem = readFileSync(place, 'utf8');
  } catch (cause) {
    throw new AgentError('ca_file', `cannot read scim.ca_file ${place}`, { cause });
  }
  if (!pem.includes('-----BEGIN CERTIFICATE-----'))
    throw new AgentError('ca_file', `${place} holds no certificate`);
  return pem;
}
