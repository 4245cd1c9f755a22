import { deflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { readRequest } from '../../../../src/testbed/identity-provider/saml/sign-in-response.ts';

const request = (inside = '', attributes = 'ID="_1"') =>
  `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ${attributes} AssertionConsumerServiceURL="https://a.example/acs"><saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://a.example</saml:Issuer>${inside}</samlp:AuthnRequest>`;
const deflated = (text: string) => deflateRawSync(text).toString('base64');

test('a request is read deflated, and as it is', async () => {
  const wanted = {
    id: '_1',
    issuer: 'https://a.example',
    assertionConsumerServiceURL: 'https://a.example/acs',
  };
  expect(await readRequest(deflated(request()))).toEqual(wanted);
  expect(await readRequest(Buffer.from(request()).toString('base64'))).toEqual(wanted);
  expect(await readRequest(deflated('<AuthnRequest xmlns="urn:oasis:names:tc:SAML:2.0:protocol"/>'))).toEqual(
    { id: '', issuer: '', assertionConsumerServiceURL: '' },
  );
});

const HOSTILE: Record<string, string> = {
  nothing: '',
  'no base64': '%%%',
  'no deflate': Buffer.from('hello').toString('base64'),
  'deflate that is cut': deflated(request()).slice(0, 40),
  'no XML': deflated('hello'),
  'two roots': deflated(`${request()}${request()}`),
  'an attribute twice': deflated(request('', 'ID="_1" ID="_2"')),
  'an element that is not closed': deflated(request('<x>')),
  'a document type': deflated(`<!DOCTYPE a [<!ENTITY e "e">]>${request('&e;')}`),
  'an entity that is not declared': deflated(request('&e;')),
  'another element': deflated(request().replaceAll('AuthnRequest', 'LogoutRequest')),
  'another namespace': deflated(request().replace('SAML:2.0:protocol', 'SAML:1.0:protocol')),
  'what inflates to 100 MB': deflated(' '.repeat(100_000_000)),
  'a thousand levels more than fit': Buffer.from(request('<x>'.repeat(100_000))).toString('base64'),
};

test.each(Object.keys(HOSTILE))('a request of %s is refused at once', async (what) => {
  const started = performance.now();
  const before = process.memoryUsage.rss();
  await expect(readRequest(HOSTILE[what] ?? '')).rejects.toThrow('this is no request for a sign-in');
  expect(performance.now() - started).toBeLessThan(2000);
  expect(process.memoryUsage.rss() - before).toBeLessThan(100 * 1024 * 1024);
});

test('levels that fit are read without a deep stack', async () => {
  const deep = 5000;
  expect(await readRequest(deflated(request('<x>'.repeat(deep) + '</x>'.repeat(deep))))).toMatchObject({
    id: '_1',
  });
});
