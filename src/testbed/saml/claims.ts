// What a verified assertion says: the checks beyond its signature, and the three claims.
import { ScimError } from '../protocol/scim-error.ts';
import { childrenOf, parseXml } from './xml.ts';

const ASSERTION = 'urn:oasis:names:tc:SAML:2.0:assertion';

export interface Claims {
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
}

/** What the assertion must have been made for. */
export interface Expected {
  /** entityID of the identity provider. */
  readonly issuer: string;
  readonly acsUrl: string;
  /** Id of the request that it answers; null: no one asked, the sign-in was begun at the identity provider. */
  readonly requestId: string | null;
}

/** The claims, and what tells this assertion from any other: it is good for one sign-in only. */
export interface Assertion {
  readonly id: string;
  /** Epoch milliseconds at which it has expired. */
  readonly expires: number;
  readonly claims: Claims;
}

/**
 * Reads the assertion out of the very bytes that were signed.
 * The library leaves the issuer, the recipient and the request to its caller (SAML profiles section 4.1.4.3).
 * @throws ScimError 403 that says which part is not as it must be.
 */
export function readClaims(signedAssertion: string, expected: Expected): Assertion {
  const assertion = parseXml(signedAssertion);
  const [issuer] = childrenOf(assertion, ASSERTION, 'Issuer');
  if (textOf(issuer) !== expected.issuer) {
    throw refuse(`the issuer is ${textOf(issuer)}, not ${expected.issuer}`);
  }
  checkRecipient(assertion, expected);
  const [conditions] = childrenOf(assertion, ASSERTION, 'Conditions');
  const expires = Date.parse(conditions?.getAttribute('NotOnOrAfter') ?? '');
  if (Number.isNaN(expires)) throw refuse('the assertion never expires');
  const id = assertion.getAttribute('ID') ?? '';
  if (id === '') throw refuse('the assertion has no ID');
  const claims = {
    firstName: readClaim(assertion, 'first_name'),
    lastName: readClaim(assertion, 'last_name'),
    email: readClaim(assertion, 'email'),
  };
  return { id, expires, claims };
}

function checkRecipient(assertion: Element, { acsUrl, requestId }: Expected): void {
  const confirmations = childrenOf(assertion, ASSERTION, 'Subject')
    .flatMap((subject) => childrenOf(subject, ASSERTION, 'SubjectConfirmation'))
    .filter((one) => one.getAttribute('Method') === 'urn:oasis:names:tc:SAML:2.0:cm:bearer')
    .flatMap((one) => childrenOf(one, ASSERTION, 'SubjectConfirmationData'));
  const isForUs = confirmations.some(
    (data) =>
      data.getAttribute('Recipient') === acsUrl &&
      (data.getAttribute('InResponseTo') ?? '') === (requestId ?? '') &&
      (data.getAttribute('NotOnOrAfter') ?? '') !== '',
  );
  if (!isForUs) throw refuse(`the assertion is not for the ACS URL ${acsUrl} in answer to this sign-in`);
}

function readClaim(assertion: Element, name: string): string {
  const values = childrenOf(assertion, ASSERTION, 'AttributeStatement')
    .flatMap((statement) => childrenOf(statement, ASSERTION, 'Attribute'))
    .filter((attribute) => isNamed(attribute, name))
    .flatMap((attribute) => childrenOf(attribute, ASSERTION, 'AttributeValue'))
    .map((value) => textOf(value).trim())
    .filter((value) => value !== '');
  const [value] = values;
  if (value === undefined || values.length > 1) {
    const lack = value === undefined ? 'no claim' : 'several values for the claim';
    throw refuse(
      `the assertion has ${lack} ${name}; under Attributes and Claims name the claims first_name, last_name and email, and see that the user has a value for each`,
    );
  }
  return value;
}

/** Entra puts a new claim into a namespace unless it is cleared: the name is then the last part of a URI. */
function isNamed(attribute: Element, name: string): boolean {
  const given = attribute.getAttribute('Name') ?? '';
  return given === name || (/^https?:/.test(given) && given.endsWith(`/claims/${name}`));
}

function textOf(element: Element | undefined): string {
  return element?.textContent ?? '';
}

function refuse(why: string): ScimError {
  return new ScimError(403, null, `The sign-in was refused: ${why}.`);
}
