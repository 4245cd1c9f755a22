// The metadata of an identity provider: who it is, where it signs people in, with which certificates it signs.
import { X509Certificate } from 'node:crypto';
import { ScimError } from '../protocol/scim-error.ts';
import type { SamlProvider } from './sso-state.ts';
import { childrenOf, parseXml } from './xml.ts';

const METADATA = 'urn:oasis:names:tc:SAML:2.0:metadata';
const SIGNATURE = 'http://www.w3.org/2000/09/xmldsig#';
const REDIRECT = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect';

/**
 * Reads an EntityDescriptor (SAML metadata 2.0 section 2.3.2).
 * @throws ScimError 400 that says what it lacks.
 */
export function parseMetadata(text: string): SamlProvider {
  const root = parseXml(text);
  if (root.namespaceURI !== METADATA || root.localName !== 'EntityDescriptor') {
    throw refuse('it is no EntityDescriptor');
  }
  const entityId = root.getAttribute('entityID') ?? '';
  const [role] = childrenOf(root, METADATA, 'IDPSSODescriptor');
  if (entityId === '' || role === undefined) throw refuse('it describes no identity provider');
  const signOn = childrenOf(role, METADATA, 'SingleSignOnService').find(
    (service) => service.getAttribute('Binding') === REDIRECT,
  );
  const signOnUrl = signOn?.getAttribute('Location') ?? '';
  if (!isAcceptableUrl(signOnUrl))
    throw refuse('it has no SingleSignOnService with HTTP-Redirect at an https URL');
  const certificates = childrenOf(role, METADATA, 'KeyDescriptor')
    .filter((key) => key.getAttribute('use') !== 'encryption')
    .flatMap((key) => childrenOf(key, SIGNATURE, 'KeyInfo'))
    .flatMap((info) => childrenOf(info, SIGNATURE, 'X509Data'))
    .flatMap((data) => childrenOf(data, SIGNATURE, 'X509Certificate'))
    .map((certificate) => (certificate.textContent ?? '').replaceAll(/\s/g, ''));
  if (certificates.length === 0) throw refuse('it has no certificate for signing');
  if (!certificates.every(isCertificate)) throw refuse('one of its certificates cannot be read');
  return { entityId, signOnUrl, certificates };
}

/** The days of each signing certificate, in the order of the metadata. */
export function readValidity(provider: SamlProvider): readonly { readonly from: Date; readonly to: Date }[] {
  return provider.certificates.map((base64) => {
    const { validFromDate, validToDate } = new X509Certificate(Buffer.from(base64, 'base64'));
    return { from: validFromDate, to: validToDate };
  });
}

/** An https URL; on loopback http will do. */
export function isAcceptableUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return (
    protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname))
  );
}

function isCertificate(base64: string): boolean {
  try {
    return new X509Certificate(Buffer.from(base64, 'base64')).publicKey.type === 'public';
  } catch {
    return false;
  }
}

function refuse(why: string): ScimError {
  return new ScimError(
    400,
    'invalidValue',
    `This is not the metadata of an identity provider: ${why}. Copy the App Federation Metadata URL.`,
  );
}
