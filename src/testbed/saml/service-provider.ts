// The service provider's side of a SAML sign-in: the request that is sent, and the response, believed or refused.
import { SAML, ValidateInResponseTo } from '@node-saml/node-saml';
import { ScimError } from '../protocol/scim-error.ts';
import { readClaims, type Assertion } from './claims.ts';
import type { SamlProvider } from './sso-state.ts';
import { MAX_RESPONSE, parseXml } from './xml.ts';

export interface ServiceProvider {
  /** The URL at the identity provider to which the browser goes with this request. */
  makeRequest(requestId: string): Promise<string>;
  /**
   * What a response says that answers one of the requests.
   * @param response base64, as it was posted.
   * @param isOpen whether a request of that id waits for its answer.
   * @param isUnsolicitedAllowed whether one is believed that no request asked for.
   * @throws SignInRefusal for anything less than a sound answer, with both parts signed.
   */
  readResponse(
    response: string,
    isOpen: (requestId: string) => boolean,
    isUnsolicitedAllowed: boolean,
  ): Promise<{ readonly requestId: string | null; readonly assertion: Assertion }>;
}

/** Why a response was refused. */
export class SignInRefusal extends ScimError {
  /** No certificate that is known made the signature: newer metadata may have the one that did. */
  readonly isSignature: boolean;

  constructor(why: string, isSignature: boolean, options?: ErrorOptions) {
    super(403, null, `The sign-in was refused: ${why}.`, options);
    this.isSignature = isSignature;
  }
}

/** Milliseconds by which the two clocks may differ. */
const CLOCK_SKEW = 60_000;

/** The library's words for what an administrator has to fix. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [
    /^Invalid document signature/,
    'the response is not signed with a certificate of the Metadata URL; choose "Sign SAML response and assertion"',
  ],
  [
    /^Invalid signature$/,
    'the assertion is not signed with a certificate of the Metadata URL; choose "Sign SAML response and assertion"',
  ],
  [
    /InResponseTo/,
    'it answers no sign-in that waits for an answer, or one that was answered already; begin the sign-in again. One that begins at the identity provider needs Deploy SSO first',
  ],
  [
    /audience mismatch|AudienceRestriction/i,
    'the assertion is for another Entity ID; copy the Entity ID of SAML SSO into Basic SAML Configuration',
  ],
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
  function open(requestId: string, isOpen: (id: string) => boolean, isUnsolicitedAllowed = false): SAML {
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
      validateInResponseTo: isUnsolicitedAllowed
        ? ValidateInResponseTo.ifPresent
        : ValidateInResponseTo.always,
      generateUniqueId: () => requestId,
      // Which requests are open is kept in open-requests.ts: one answer ends a request, whatever the answer contains.
      cacheProvider: {
        saveAsync: (_key, value) => Promise.resolve({ value, createdAt: Date.now() }),
        getAsync: (key) => Promise.resolve(isOpen(key) ? new Date().toISOString() : null),
        removeAsync: (key) => Promise.resolve(key),
      },
    });
  }

  return {
    makeRequest: (requestId) => open(requestId, () => false).getAuthorizeUrlAsync('', undefined, {}),
    async readResponse(response, isOpen, isUnsolicitedAllowed) {
      checkEnvelope(response, acsUrl);
      let profile: Awaited<ReturnType<SAML['validatePostResponseAsync']>>['profile'];
      try {
        const saml = open('', isOpen, isUnsolicitedAllowed);
        ({ profile } = await saml.validatePostResponseAsync({ SAMLResponse: response }));
      } catch (cause) {
        throw explain(cause);
      }
      const inResponseTo = profile?.['inResponseTo'];
      const xml = profile?.getAssertionXml?.();
      if (xml === undefined) throw new SignInRefusal('the response has no assertion', false);
      const requestId = typeof inResponseTo === 'string' ? inResponseTo : null;
      if (requestId === null && !isUnsolicitedAllowed)
        throw new SignInRefusal('it answers no sign-in that waits for an answer', false);
      const assertion = readClaims(xml, { issuer: provider.entityId, acsUrl, requestId });
      return { requestId, assertion };
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

function explain(cause: unknown): SignInRefusal {
  const message = cause instanceof Error ? cause.message : String(cause);
  const [, reason = message] = REASONS.find(([pattern]) => pattern.test(message)) ?? [];
  return new SignInRefusal(reason, /^Invalid (document )?signature/.test(message), { cause });
}
