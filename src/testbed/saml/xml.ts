// XML from strangers: parsed without a document type, and asked for children by namespace and name.
import { DOMParser } from '@xmldom/xmldom';
import { ScimError } from '../protocol/scim-error.ts';

/** Characters of a response; one with three claims has a tenth of it. */
export const MAX_RESPONSE = 256 * 1024;

/**
 * The root element.
 * @throws ScimError 400 for what is not well-formed, and for a DOCTYPE: SAML has none, and entities hide in it.
 */
export function parseXml(text: string): Element {
  const faults: string[] = [];
  const note = (fault: unknown): void => void faults.push(String(fault));
  if (/<!DOCTYPE/i.test(text))
    throw new ScimError(400, 'invalidSyntax', 'the XML has a DOCTYPE, which is refused');
  const parser = new DOMParser({ errorHandler: { warning: note, error: note, fatalError: note } });
  let root: Element | null = null;
  try {
    root = parser.parseFromString(text, 'text/xml')?.documentElement ?? null;
  } catch (error) {
    note(error);
  }
  if (root === null || faults.length > 0)
    throw new ScimError(400, 'invalidSyntax', 'the XML is not well-formed');
  return root;
}

/** Direct children of this namespace and local name, in order. */
export function childrenOf(parent: Element, namespace: string, name: string): Element[] {
  const found: Element[] = [];
  for (let node = parent.firstChild; node !== null; node = node.nextSibling) {
    if (node.nodeType !== 1) continue;
    const element = node as Element;
    if (element.namespaceURI === namespace && element.localName === name) found.push(element);
  }
  return found;
}

/** What a response says about itself before anything of it is verified: enough to choose who verifies it. */
export function readEnvelope(response: string): {
  readonly issuer: string;
  readonly inResponseTo: string | null;
} {
  if (response.length > MAX_RESPONSE) return { issuer: '', inResponseTo: null };
  try {
    const root = parseXml(Buffer.from(response, 'base64').toString('utf8'));
    const [issuer] = childrenOf(root, 'urn:oasis:names:tc:SAML:2.0:assertion', 'Issuer');
    const inResponseTo = root.getAttribute('InResponseTo') ?? '';
    return {
      issuer: (issuer?.textContent ?? '').trim(),
      inResponseTo: inResponseTo === '' ? null : inResponseTo,
    };
  } catch {
    return { issuer: '', inResponseTo: null };
  }
}
