// Requests that are read and responses that are made, as the application's SAML page says.
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import samlp from 'samlp';
import { childrenOf, parseXml } from '../../saml/xml.ts';
import type { Directory, Person } from '../directory.ts';
import type { SigningKey } from './key-pair.ts';

const inflate = promisify(inflateRaw);

/** Seconds for which an assertion is good. */
const LIFETIME = 300;

/** Bytes of an AuthnRequest, inflated; a usual one has a hundredth of it. */
const MAX_REQUEST = 64 * 1024;
const PROTOCOL = 'urn:oasis:names:tc:SAML:2.0:protocol';
const ASSERTION = 'urn:oasis:names:tc:SAML:2.0:assertion';

export interface SignInRequest {
  readonly id: string;
  readonly issuer: string;
  readonly assertionConsumerServiceURL: string;
}

/**
 * Reads an AuthnRequest of the HTTP-Redirect binding (SAML Bindings 3.4.4.1: deflated, then base64), or one that is base64
 * alone. Anyone may send one, and samlp would inflate it without a bound and parse it with an xmldom of 2015.
 * @param encoded `SAMLRequest`; an attribute that is missing is read as empty.
 * @throws Error for what is no AuthnRequest.
 */
export async function readRequest(encoded: string): Promise<SignInRequest> {
  try {
    const bytes = Buffer.from(encoded, 'base64');
    const isPlain = bytes[0] === '<'.charCodeAt(0);
    const text = isPlain ? bytes : await inflate(bytes, { maxOutputLength: MAX_REQUEST });
    if (text.length > MAX_REQUEST) throw new Error(`more than ${MAX_REQUEST} bytes`);
    const root = parseXml(text.toString('utf8'));
    if (root.namespaceURI !== PROTOCOL || root.localName !== 'AuthnRequest')
      throw new Error(`the element is ${root.nodeName}`);
    return {
      id: root.getAttribute('ID') ?? '',
      issuer: childrenOf(root, ASSERTION, 'Issuer')[0]?.textContent ?? '',
      assertionConsumerServiceURL: root.getAttribute('AssertionConsumerServiceURL') ?? '',
    };
  } catch (cause) {
    throw new Error('this is no request for a sign-in', { cause });
  }
}

/**
 * The response for one person, as XML.
 * @param requestId what it answers; null: no application asked (an unsolicited response).
 * @param changes what a test wants otherwise.
 */
export function makeResponse(
  saml: Directory['application']['saml'],
  person: Person,
  requestId: string | null,
  issuer: string,
  { key, certificate }: SigningKey,
  changes: Partial<Parameters<typeof samlp.getSamlResponse>[0]> = {},
): Promise<string> {
  const claims = Object.fromEntries(
    Object.entries(saml.claims).map(([name, attribute]) => [name, readAttribute(person, attribute)]),
  );
  return new Promise((resolve, reject) => {
    samlp.getSamlResponse(
      {
        issuer,
        cert: certificate,
        key,
        audience: saml.identifier,
        destination: saml.reply_url,
        recipient: saml.reply_url,
        ...(requestId === null ? {} : { inResponseTo: requestId }),
        signResponse: saml.signing !== 'assertion',
        signAssertion: saml.signing !== 'response',
        signatureAlgorithm: 'rsa-sha256',
        digestAlgorithm: 'sha256',
        lifetimeInSeconds: LIFETIME,
        nameIdentifierFormat: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
        authnContextClassRef: 'urn:oasis:names:tc:SAML:2.0:ac:classes:Password',
        profileMapper: () => ({
          getClaims: () => claims,
          getNameIdentifier: () => ({ nameIdentifier: person.userPrincipalName }),
        }),
        ...changes,
      },
      {},
      (error, response) => {
        if (error === null) resolve(response);
        else reject(error);
      },
    );
  });
}

function readAttribute(person: Person, attribute: string): string {
  const value: unknown = Object.entries(person).find(([name]) => name === attribute)?.[1];
  return typeof value === 'string' ? value : '';
}
