// The parts of SAML SSO by themselves: claims of a sound assertion, metadata of an identity provider, its key.
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeSigningKey, openSigningKey } from '../../../../src/testbed/identity-provider/saml/key-pair.ts';
import {
  startSamlProvider,
  type SamlProvider,
} from '../../../../src/testbed/identity-provider/saml/provider.ts';
import { readClaims } from '../../../../src/testbed/saml/claims.ts';
import { parseMetadata } from '../../../../src/testbed/saml/idp-metadata.ts';

const STRANGER = makeSigningKey();

let scratch: string;
let provider: SamlProvider;

beforeAll(async () => {
  scratch = mkdtempSync(path.join(tmpdir(), 'saml-parts-'));
  provider = await startSamlProvider({ file: path.join(scratch, 'directory.yaml') });
});
afterAll(async () => {
  await provider.close();
  rmSync(scratch, { recursive: true });
});

describe('an assertion whose signature is sound', () => {
  const expected = { issuer: 'https://idp.example/', acsUrl: 'https://sp.example/acs', requestId: '_1' };
  const data = 'Recipient="https://sp.example/acs" InResponseTo="_1" NotOnOrAfter="2026-01-01T00:00:00Z"';
  const claim = (name: string, ...values: string[]): string =>
    `<Attribute Name="${name}">${values.map((value) => `<AttributeValue>${value}</AttributeValue>`).join('')}</Attribute>`;
  const sound =
    '<Assertion ID="_a" xmlns="urn:oasis:names:tc:SAML:2.0:assertion"><Issuer>https://idp.example/</Issuer>' +
    `<Subject><SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><SubjectConfirmationData ${data}/>` +
    '</SubjectConfirmation></Subject><Conditions NotOnOrAfter="2026-01-01T00:00:00Z"/><AttributeStatement>' +
    `${claim('first_name', 'A')}${claim('last_name', 'B')}${claim('email', 'a@example.com')}</AttributeStatement></Assertion>`;

  it('gives its three claims', () => {
    expect(readClaims(sound, expected)).toEqual({
      id: '_a',
      expires: Date.parse('2026-01-01T00:00:00Z'),
      claims: { firstName: 'A', lastName: 'B', email: 'a@example.com' },
    });
  });

  it.each([
    ['never expires', '<Conditions NotOnOrAfter="2026-01-01T00:00:00Z"/>', '<Conditions/>', /never expires/],
    ['has no conditions', /<Conditions[^>]*>/, '', /never expires/],
    [
      'confirms a subject without end',
      'NotOnOrAfter="2026-01-01T00:00:00Z"/></Sub',
      '/></Sub',
      /not for the ACS URL/,
    ],
    ['is for another recipient', 'sp.example', 'other.example', /not for the ACS URL/],
    ['answers another request', '"_1"', '"_2"', /not for the ACS URL/],
    ['answers none', 'InResponseTo="_1"', '', /not for the ACS URL/],
    ['is no bearer assertion', 'cm:bearer', 'cm:sender-vouches', /not for the ACS URL/],
    ['has another issuer', '<Issuer>https://idp.example/', '<Issuer>https://idp.example/x', /issuer/],
    ['has no ID', ' ID="_a"', '', /no ID/],
    ['has no issuer', /<Issuer>.*<\/Issuer>/, '', /issuer/],
    [
      'has two addresses',
      '</AttributeStatement>',
      `${claim('email', 'b@x')}</AttributeStatement>`,
      /several values/,
    ],
    ['has an empty address', 'a@example.com', ' ', /no claim email/],
    [
      'has a claim in a namespace that is not of claims',
      'Name="email"',
      'Name="http://schemas.example/email"',
      /no claim email/,
    ],
  ] as const)('is refused when it %s', (_what, from, to, sentence) => {
    const changed = sound.replace(from, to);
    expect(changed).not.toBe(sound);
    expect(() => readClaims(changed, expected)).toThrow(sentence);
  });
});

describe('the metadata of an identity provider', () => {
  const metadata = async (): Promise<string> => (await fetch(provider.metadataUrl)).text();

  it('is read, with every signing certificate', async () => {
    const parsed = parseMetadata(await metadata());
    expect(parsed).toMatchObject({
      entityId: provider.issuer,
      signOnUrl: expect.stringContaining('/sign-in'),
    });
    expect(parsed.certificates).toHaveLength(1);
  });

  it.each([
    ['no XML', (text: string) => `${text}<`, /not well-formed/],
    ['a DOCTYPE', (text: string) => text.replace('?>', '?><!DOCTYPE x>'), /DOCTYPE/],
    [
      'a service provider',
      (text: string) => text.replaceAll('IDPSSODescriptor', 'SPSSODescriptor'),
      /no identity provider/,
    ],
    [
      'no certificate',
      (text: string) => text.replace(/<KeyDescriptor[^]*<\/KeyDescriptor>/, ''),
      /no certificate/,
    ],
    ['a broken certificate', (text: string) => text.replace('MII', 'XXX'), /cannot be read/],
    [
      'a certificate for encryption only',
      (text: string) => text.replace('use="signing"', 'use="encryption"'),
      /no certificate/,
    ],
    [
      'a sign-on page without TLS',
      (text: string) => text.replaceAll('http://127.0.0.1', 'http://idp.example'),
      /https URL/,
    ],
    [
      'a sign-on page that is a script',
      (text: string) => text.replace(/Location="[^"]+"/, 'Location="javascript:alert(1)"'),
      /https URL/,
    ],
  ])('is refused with %s', async (_what, change, sentence) => {
    const text = await metadata();
    expect(() => parseMetadata(change(text))).toThrow(sentence);
  });
});

describe('the key of the rehearsal identity provider', () => {
  it('is kept in a file that no one else reads, and taken from it again', () => {
    const file = path.join(scratch, 'key.pem');
    const made = openSigningKey(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(openSigningKey(file)).toEqual(made);
    writeFileSync(file, STRANGER.key + made.certificate);
    expect(() => openSigningKey(file)).toThrow('not that of the key');
    writeFileSync(file, 'nonsense');
    expect(() => openSigningKey(file)).toThrow('no private key');
  });
});
