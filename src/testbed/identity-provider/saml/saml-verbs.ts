// The SAML page of the application: its Identifier, Reply URL, claims and signing option.
import { UsageError } from '../directory-verbs.ts';
import type { Directory } from '../directory.ts';

/** What a claim may be made from. */
const ATTRIBUTES = ['givenName', 'surname', 'mail', 'userPrincipalName', 'displayName'];

/** `saml [VERB ...]`: changes the page, and shows it. */
export function changeSaml({ application: { saml } }: Directory, args: readonly string[]): string {
  const [verb, value = '', attribute = ''] = args;
  if (verb === 'identifier') saml.identifier = readUrl(value);
  else if (verb === 'reply-url') saml.reply_url = readUrl(value);
  else if (verb === 'claim') setClaim(saml.claims, value, attribute);
  else if (verb === 'signing') saml.signing = readSigning(value);
  else if (verb !== undefined) throw new UsageError('saml identifier, reply-url, claim or signing');
  return (
    `Identifier (Entity ID): ${saml.identifier || 'none'}\nReply URL (ACS URL): ${saml.reply_url || 'none'}\n` +
    `Signing Option: ${saml.signing}\n` +
    Object.entries(saml.claims)
      .map(([name, from]) => `claim ${name}: ${from}\n`)
      .join('')
  );
}

function readUrl(text: string): string {
  if (!URL.canParse(text)) throw new UsageError(`${text === '' ? 'nothing' : text} is no URL`);
  return text;
}

function setClaim(claims: Record<string, string>, name: string, attribute: string): void {
  if (name === '' || !ATTRIBUTES.includes(attribute)) {
    throw new UsageError(`saml claim NAME ATTRIBUTE, with one of ${ATTRIBUTES.join(', ')}`);
  }
  for (const [other, from] of Object.entries(claims)) if (from === attribute) delete claims[other];
  claims[name] = attribute;
}

function readSigning(text: string): Directory['application']['saml']['signing'] {
  if (text === 'assertion' || text === 'response' || text === 'both') return text;
  throw new UsageError('saml signing assertion, response or both');
}
