// Requests that are read and responses that are made, as the application's SAML page says.
import samlp, { type ParsedRequest } from 'samlp';
import type { Directory, Person } from '../directory.ts';
import type { SigningKey } from './key-pair.ts';

/** Seconds for which an assertion is good. */
const LIFETIME = 300;

/** @throws Error for what is no AuthnRequest. */
export function readRequest(encoded: string): Promise<ParsedRequest> {
  return new Promise((resolve, reject) => {
    samlp.parseRequest({ query: { SAMLRequest: encoded }, method: 'GET' }, {}, (error, parsed) => {
      if (error === null && parsed !== undefined) resolve(parsed);
      else reject(new Error('this is no request for a sign-in', { cause: error }));
    });
  });
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
