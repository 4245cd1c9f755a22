// Why the store was not reached, and which setting decides about it: the proxy, TLS, DNS or the address.
import { isObject } from '../../protocol/attribute-path.ts';
import type { ProxySetting } from './proxy-setting.ts';

export interface Fault {
  /** An errno(3) or a TLS code; EPROXY where the proxy refused. */
  readonly code: string;
  /** A phrase, without what Node advises. */
  readonly detail: string;
  /** What to do, naming the setting. */
  readonly hint: string;
  readonly isOfProxy: boolean;
}

const UNTRUSTED = /^(?:UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|CERT_UNTRUSTED|INVALID_CA|ERR_TLS_CERT_SIGNATURE)/;
const EXPIRED = /^CERT_(?:HAS_EXPIRED|NOT_YET_VALID)/;
const NO_TLS = /^(?:EPROTO|ERR_SSL|ERR_TLS_)/;

/**
 * @param error what undici threw.
 * @param store the address of the store.
 * @param proxy null: none is set.
 */
export function explainFault(error: unknown, store: URL, proxy: ProxySetting | null): Fault {
  const cause = findCause(error);
  const text = readText(cause, 'message');
  const isOfProxy = proxy !== null && concernsProxy(cause, text, store, proxy.url);
  const hasRefused = isOfProxy && text.startsWith('Proxy response');
  const code = hasRefused ? 'EPROXY' : readText(cause, 'code') || 'unknown';
  const [, status = ''] = /^Proxy response \((\d+)\)/.exec(text) ?? [];
  const detail = hasRefused ? `the proxy answered ${status} instead of a tunnel` : cleanText(text);
  const hint = isOfProxy ? hintOfProxy(code, proxy) : hintOf(code);
  return { code, detail, hint, isOfProxy };
}

function hintOfProxy(code: string, { name, url }: ProxySetting): string {
  if (code === 'EPROXY') return `check ${name}, its user and password, and what the proxy allows`;
  if (isDns(code))
    return `the name of the proxy does not resolve: check ${name} (${url.host}) and the DNS of this node`;
  return `the proxy does not answer: check ${name} (${url.host})`;
}

function hintOf(code: string): string {
  if (UNTRUSTED.test(code)) return 'set scim.ca_file to the authority that signed the certificate';
  if (EXPIRED.test(code)) return 'renew the certificate of the store, or correct the clock of this node';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return 'the certificate is for another name: check scim.base_url';
  if (NO_TLS.test(code))
    return 'what answers there does not speak TLS: check scheme and port of scim.base_url';
  if (isDns(code)) return 'check scim.base_url and the DNS of this node';
  return 'check scim.base_url, DNS, the route and the firewall';
}

function isDns(code: string): boolean {
  return code === 'ENOTFOUND' || code === 'EAI_AGAIN';
}

/** The innermost error that has a code: the attempts at several addresses are one. */
function findCause(error: unknown): unknown {
  let found = error;
  for (let layer: unknown = error, depth = 0; isObject(layer) && depth < 5; depth += 1) {
    if (readText(layer, 'code') !== '') found = layer;
    const { errors, cause } = layer as { errors?: unknown; cause?: unknown };
    layer = Array.isArray(errors) && errors.length > 0 ? (errors[0] as unknown) : cause;
  }
  return found;
}

/** What connects to the proxy fails with the proxy's name, address or port; the store's own have precedence. */
function concernsProxy(cause: unknown, text: string, store: URL, proxy: URL): boolean {
  if (text.startsWith('Proxy response')) return true;
  const [hostname, address, port] = ['hostname', 'address', 'port'].map((name) => readText(cause, name));
  if (hostname === store.hostname || address === store.hostname)
    return port === portOf(proxy) && port !== portOf(store);
  return (
    hostname === proxy.hostname ||
    address === proxy.hostname ||
    port === portOf(proxy) ||
    text.includes(proxy.host)
  );
}

function portOf({ port, protocol }: URL): string {
  return port !== '' ? port : protocol === 'https:' ? '443' : '80';
}

function readText(value: unknown, name: string): string {
  const found =
    isObject(value) || value instanceof Error ? (value as unknown as Record<string, unknown>)[name] : '';
  return typeof found === 'string' || typeof found === 'number' ? String(found) : '';
}

/** Node advises options of its own command line, which no operator of this program can give. */
function cleanText(text: string): string {
  return text
    .replace(/[;,.]?\s*(?:if the root CA is installed locally, )?try running Node\.js with \S+/gi, '')
    .trim();
}
