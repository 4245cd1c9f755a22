// The proxy of the environment, as its setting says: with or without a scheme, as curl(1) takes it.
import { AgentError } from '../../common/errors.ts';

export interface ProxySetting {
  /** The variable: HTTPS_PROXY, https_proxy ... */
  readonly name: string;
  readonly url: URL;
}

/**
 * The proxy for a store behind https.
 * @returns null: the environment names none.
 * @throws AgentError store_unreachable, naming the variable.
 */
export function readProxySetting(environment: NodeJS.ProcessEnv = process.env): ProxySetting | null {
  // The order of undici's EnvHttpProxyAgent, which falls back to the proxy for http.
  for (const name of ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY']) {
    const value = environment[name]?.trim() ?? '';
    if (value === '') continue;
    const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
    const url = URL.canParse(text) ? new URL(text) : null;
    if (url !== null && /^https?:$/.test(url.protocol) && url.hostname !== '') return { name, url };
    // Its value may hold a password, so it is not repeated.
    throw new AgentError('store_unreachable', `${name} names no proxy that can be used`, {
      hint: `set ${name} to http://HOST:PORT, or unset it`,
    });
  }
  return null;
}
