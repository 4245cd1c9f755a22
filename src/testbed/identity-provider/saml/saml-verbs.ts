// The SAML page of the application: its Identifier, Reply URL, claims and signing option.
import { UsageError } from '../directory-verbs.ts';
import type { Directory } from '../directory.ts';

type Saml = Directory['application']['saml'];

/** What a claim may be made from: Entra's name of a source, and the attribute here. */
export const SOURCES: readonly (readonly [source: string, attribute: string])[] = [
  ['user.givenname', 'givenName'],
  ['user.surname', 'surname'],
  ['user.mail', 'mail'],
  ['user.userprincipalname', 'userPrincipalName'],
  ['user.displayname', 'displayName'],
];

/** *Signing Option* in the words of the page. */
export const SIGNING_OPTIONS: readonly (readonly [option: Saml['signing'], words: string])[] = [
  ['assertion', 'Sign SAML Assertion'],
  ['response', 'Sign SAML Response'],
  ['both', 'Sign SAML Response and Assertion'],
];

/** `saml [VERB ...]`: changes the page, and shows it. */
export function changeSaml({ application: { saml } }: Directory, args: readonly string[]): string {
  const [verb, value = '', source = ''] = args;
  if (verb === 'identifier') saml.identifier = readUrl(value);
  else if (verb === 'reply-url') saml.reply_url = readUrl(value);
  else if (verb === 'claim') setClaim(saml.claims, value, source);
  else if (verb === 'delete-claim') delete saml.claims[value];
  else if (verb === 'signing') saml.signing = readSigning(value);
  else if (verb !== undefined)
    throw new UsageError('saml identifier, reply-url, claim, delete-claim or signing');
  return (
    `Identifier (Entity ID): ${saml.identifier || 'none'}\nReply URL (ACS URL): ${saml.reply_url || 'none'}\n` +
    `Signing Option: ${saml.signing}\n` +
    Object.entries(saml.claims)
      .map(([name, attribute]) => `claim ${name}: ${nameSource(attribute)}\n`)
      .join('')
  );
}

/** Entra's name of what a claim is made from. */
export function nameSource(attribute: string): string {
  return SOURCES.find(([, known]) => known === attribute)?.[0] ?? attribute;
}

/** A claim's name without its namespace, and the namespace; empty where it has none. */
export function splitClaimName(name: string): { readonly short: string; readonly namespace: string } {
  const at = name.lastIndexOf('/');
  return { short: name.slice(at + 1), namespace: name.slice(0, Math.max(at, 0)) };
}

function readUrl(text: string): string {
  if (!URL.canParse(text)) throw new UsageError(`${text === '' ? 'nothing' : text} is no URL`);
  return text;
}

/** A source has one claim: a new one takes the other's place. */
function setClaim(claims: Record<string, string>, name: string, source: string): void {
  const attribute = SOURCES.find((one) => one.includes(source))?.[1];
  if (name === '' || attribute === undefined) {
    throw new UsageError(`saml claim NAME SOURCE, with one of ${SOURCES.map(([one]) => one).join(', ')}`);
  }
  for (const [other, from] of Object.entries(claims)) if (from === attribute) delete claims[other];
  claims[name] = attribute;
}

function readSigning(text: string): Saml['signing'] {
  const same = (one: string): boolean => one.toLowerCase() === text.toLowerCase();
  const found = SIGNING_OPTIONS.find(([option, words]) => same(option) || same(words));
  if (found !== undefined) return found[0];
  const words = SIGNING_OPTIONS.map(([option, long]) => `${option} (${long})`).join(', ');
  throw new UsageError(`saml signing with one of ${words}`);
}
