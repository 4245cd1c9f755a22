// The metadata of an identity provider: who it is, where it signs people in, with which certificates it signs.
import { X509Certificate } from 'node:crypto';
import { ScimError } from '../protocol/scim-error.ts';
import type { SamlProvider } from './sso-state.ts';
import { childrenOf, parseXml } from './xml.ts';

const METADATA = 'urn:oasis:names:tc:SAML:2.0:metadata';
const SIGNATURE = 'http://www.w3.org/2000/09/xmldsig#';
const REDIRECT = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect';
const MAX_BYTES = 1024 * 1024;

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
  if (!isAcceptable(signOnUrl))
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

/**
 * Fetches and reads the metadata.
 * @throws ScimError 400 for an address that is not https (loopback may do without), 502 for no usable answer.
 */
export async function fetchMetadata(url: string): Promise<SamlProvider> {
  if (!isAcceptable(url)) {
    throw new ScimError(
      400,
      'invalidValue',
      'the Metadata URL must be an https URL; on loopback http will do',
    );
  }
  let text: string;
  try {
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(10_000) });
    text = await readBounded(response);
    if (!response.ok) throw new Error(`it answered ${response.status}`);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ScimError(502, null, `the Metadata URL ${url} cannot be read: ${why}`, { cause });
  }
  return parseMetadata(text);
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new Error(`more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function isAcceptable(text: string): boolean {
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
  return new ScimError(400, 'invalidValue', `this is not the metadata of an identity provider: ${why}`);
}
