// The service provider's side of a SAML sign-in: the request that goes out, the response that is believed or not.
import { SAML, ValidateInResponseTo } from '@node-saml/node-saml';
import { ScimError } from '../protocol/scim-error.ts';
import { readClaims, type Claims } from './claims.ts';
import type { SamlProvider } from './sso-state.ts';
import { parseXml } from './xml.ts';

export interface ServiceProvider {
  /** The URL at the identity provider to which the browser goes with this request. */
  makeRequest(requestId: string): Promise<string>;
  /**
   * What a response says that answers one of the requests.
   * @param response base64, as it was posted.
   * @param isOpen whether a request of that id waits for its answer.
   * @throws ScimError 403 for anything less than a sound answer, with both parts signed.
   */
  readResponse(
    response: string,
    isOpen: (requestId: string) => boolean,
  ): Promise<{ requestId: string; claims: Claims }>;
}

/** Milliseconds by which the two clocks may differ. */
const CLOCK_SKEW = 60_000;
/** Bytes of a response; one with three claims has a tenth of it. */
const MAX_RESPONSE = 256 * 1024;

/** The library's words for what an administrator has to mend. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [
    /^Invalid document signature/,
    'the response is not signed with a certificate of the Metadata URL; choose "Sign SAML response and assertion"',
  ],
  [
    /^Invalid signature$/,
    'the assertion is not signed with a certificate of the Metadata URL; choose "Sign SAML response and assertion"',
  ],
  [/InResponseTo/, 'it answers no sign-in that waits for an answer, or one that was answered already'],
  [/audience mismatch|AudienceRestriction/i, 'the assertion is for another Entity ID'],
  [/not yet valid/, 'the assertion is not valid yet; compare the clocks'],
  [/expired|No valid subject confirmation/, 'the assertion has expired; compare the clocks'],
  [/^SAML provider returned/, 'the identity provider itself refused the sign-in'],
];

/** @param entityId our own, to which the assertion must be addressed. */
export function createServiceProvider(
  provider: SamlProvider,
  entityId: string,
  acsUrl: string,
): ServiceProvider {
  function open(requestId: string, isOpen: (id: string) => boolean): SAML {
    return new SAML({
      entryPoint: provider.signOnUrl,
      idpCert: [...provider.certificates],
      issuer: entityId,
      audience: entityId,
      callbackUrl: acsUrl,
      identifierFormat: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
      disableRequestedAuthnContext: true,
      wantAuthnResponseSigned: true,
      wantAssertionsSigned: true,
      acceptedClockSkewMs: CLOCK_SKEW,
      validateInResponseTo: ValidateInResponseTo.always,
      generateUniqueId: () => requestId,
      // Which requests are open is our own book: one answer ends a request, whatever the answer contains.
      cacheProvider: {
        saveAsync: (_key, value) => Promise.resolve({ value, createdAt: Date.now() }),
        getAsync: (key) => Promise.resolve(isOpen(key) ? new Date().toISOString() : null),
        removeAsync: (key) => Promise.resolve(key),
      },
    });
  }

  return {
    makeRequest: (requestId) => open(requestId, () => false).getAuthorizeUrlAsync('', undefined, {}),
    async readResponse(response, isOpen) {
      checkEnvelope(response, acsUrl);
      let profile: Awaited<ReturnType<SAML['validatePostResponseAsync']>>['profile'];
      try {
        ({ profile } = await open('', isOpen).validatePostResponseAsync({ SAMLResponse: response }));
      } catch (cause) {
        throw explain(cause);
      }
      const requestId = profile?.['inResponseTo'];
      const assertion = profile?.getAssertionXml?.();
      if (typeof requestId !== 'string' || assertion === undefined) {
        throw new ScimError(403, null, 'The sign-in was refused: the response has no assertion.');
      }
      const claims = readClaims(assertion, { issuer: provider.entityId, acsUrl, requestId });
      return { requestId, claims };
    },
  };
}

/** What the library leaves open: the size, the Destination (SAML bindings section 3.5.5.2), and SHA-1. */
function checkEnvelope(response: string, acsUrl: string): void {
  if (response.length > MAX_RESPONSE) throw new ScimError(413, null, 'The SAML response is too large.');
  const root = parseXml(Buffer.from(response, 'base64').toString('utf8'));
  if (root.getAttribute('Destination') !== acsUrl) {
    throw new ScimError(403, null, `The sign-in was refused: its Destination is not the ACS URL ${acsUrl}.`);
  }
  const algorithms = ['SignatureMethod', 'DigestMethod'].flatMap((name) =>
    [...iterate(root.getElementsByTagNameNS('http://www.w3.org/2000/09/xmldsig#', name))].map(
      (method) => method.getAttribute('Algorithm') ?? '',
    ),
  );
  if (algorithms.some((algorithm) => /sha1|md5|hmac/i.test(algorithm))) {
    throw new ScimError(
      403,
      null,
      'The sign-in was refused: the signing algorithm must be SHA-256 or better.',
    );
  }
}

function* iterate(list: {
  readonly length: number;
  item(index: number): Element | null;
}): Generator<Element> {
  for (let index = 0; index < list.length; index += 1) {
    const element = list.item(index);
    if (element !== null) yield element;
  }
}

function explain(cause: unknown): ScimError {
  const message = cause instanceof Error ? cause.message : String(cause);
  const [, reason = message] = REASONS.find(([pattern]) => pattern.test(message)) ?? [];
  return new ScimError(403, null, `The sign-in was refused: ${reason}.`, { cause });
}
