// Each failure to reach the store names the setting that decides about it.
import { describe, expect, test } from 'vitest';
import { explainFault } from '../../../../src/reader/http/explain-fault.ts';
import { readProxySetting } from '../../../../src/reader/http/proxy-setting.ts';

const STORE = new URL('https://store.example/scim/ab');
const PROXY = { name: 'HTTPS_PROXY', url: new URL('http://proxy.example:3128') };
const fault = (more: object, message = 'it failed') => Object.assign(new Error(message), more);
const hintOf = (error: unknown, proxy: typeof PROXY | null = null) => explainFault(error, STORE, proxy).hint;

test.each([
  [{ code: 'SELF_SIGNED_CERT_IN_CHAIN' }, /scim\.ca_file/],
  [{ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }, /scim\.ca_file/],
  [{ code: 'CERT_HAS_EXPIRED' }, /renew the certificate/],
  [{ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }, /another name: check scim\.base_url/],
  [{ code: 'ERR_SSL_WRONG_VERSION_NUMBER' }, /does not speak TLS/],
  [{ code: 'ENOTFOUND', hostname: 'store.example' }, /DNS of this node/],
  [{ code: 'ECONNREFUSED', address: '192.0.2.1', port: 443 }, /scim\.base_url, DNS, the route/],
])('%j names its setting', (more, hint) => {
  expect(hintOf(fault(more))).toMatch(hint);
  expect(hintOf(new Error('wrapped', { cause: fault(more) }))).toMatch(hint);
  // A proxy that is set and did its part is not blamed.
  expect(hintOf(fault(more), PROXY)).toMatch(hint);
});

test.each([
  [
    fault({ code: 'ENOTFOUND', hostname: 'proxy.example' }),
    /name of the proxy does not resolve: check HTTPS_PROXY/,
  ],
  [
    fault({ code: 'ECONNREFUSED', address: '192.0.2.9', port: 3128 }),
    /proxy does not answer: check HTTPS_PROXY/,
  ],
  [
    new AggregateError([fault({ code: 'ECONNREFUSED', address: '192.0.2.9', port: 3128 })], ''),
    /proxy does not answer: check HTTPS_PROXY \(proxy\.example:3128\)/,
  ],
  [
    fault({ code: 'UND_ERR_ABORTED' }, 'Proxy response (407) !== 200 when HTTP Tunneling'),
    /user and password/,
  ],
])('a proxy that fails is named: %o', (error, hint) => {
  expect(hintOf(error, PROXY)).toMatch(hint);
  expect(explainFault(error, STORE, PROXY).isOfProxy).toBe(true);
});

test('what Node advises is left out', () => {
  const advice =
    'unable to get local issuer certificate; if the root CA is installed locally, try running Node.js with --use-system-ca';
  const { detail } = explainFault(fault({ code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' }, advice), STORE, null);
  expect(detail).toBe('unable to get local issuer certificate');
});

describe('the proxy of the environment', () => {
  test.each([
    ['http://proxy.example:3128', 'http://proxy.example:3128/'],
    ['proxy.example:3128', 'http://proxy.example:3128/'],
    ['user:pass@proxy.example:3128', 'http://user:pass@proxy.example:3128/'],
    [' https://proxy.example ', 'https://proxy.example/'],
    ['192.0.2.1', 'http://192.0.2.1/'],
  ])('%j is %s', (value, url) => {
    expect(readProxySetting({ HTTPS_PROXY: value })).toMatchObject({ name: 'HTTPS_PROXY' });
    expect(readProxySetting({ HTTPS_PROXY: value })?.url.href).toBe(url);
  });

  test.each(['socks5://proxy.example', 'http://', 'http://a b', 'proxy.example:port'])(
    '%j is none, and the error names the variable and not its value',
    (value) => {
      expect(() => readProxySetting({ https_proxy: value })).toThrow(/^https_proxy names no proxy/);
    },
  );

  test('is that of the first variable that has a value', () => {
    expect(readProxySetting({})).toBeNull();
    expect(readProxySetting({ HTTPS_PROXY: '', http_proxy: 'p:1' })?.name).toBe('http_proxy');
  });
});
