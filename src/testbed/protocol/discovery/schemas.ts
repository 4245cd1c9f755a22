// The schema URNs that the service knows, and what it must know of their attributes.

export const USER_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const GROUP_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:Group';
export const ENTERPRISE_SCHEMA = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
export const COREWEAVE_USER_SCHEMA =
  'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser';
export const COREWEAVE_GROUP_SCHEMA =
  'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveGroup';

const CORE_SCHEMAS = [USER_SCHEMA, GROUP_SCHEMA];
const EXTENSION_SCHEMAS = [ENTERPRISE_SCHEMA, COREWEAVE_USER_SCHEMA, COREWEAVE_GROUP_SCHEMA];

/** The core schema's prefix of an attribute path, without the colon, or null; URNs compare without case. */
export function findCorePrefix(text: string): string | null {
  const lower = text.toLowerCase();
  return CORE_SCHEMAS.find((urn) => lower.startsWith(`${urn.toLowerCase()}:`)) ?? null;
}

/** The extension whose URN this is, in its own spelling, or null. */
export function findExtension(text: string): string | null {
  const lower = text.toLowerCase();
  return EXTENSION_SCHEMAS.find((urn) => urn.toLowerCase() === lower) ?? null;
}

/** Attributes whose strings compare with case (RFC 7643 `caseExact`), as lower-case paths. */
export const CASE_EXACT: ReadonlySet<string> = new Set([
  'id',
  'externalid',
  'schemas',
  'meta.location',
  'meta.resourcetype',
  'meta.version',
  'members',
  'members.value',
  'members.$ref',
  'x509certificates.value',
  'photos.value',
  'profileurl',
  `${ENTERPRISE_SCHEMA}:manager.value`.toLowerCase(),
  `${COREWEAVE_USER_SCHEMA}:sunkSshKeys`.toLowerCase(),
]);

/** Attributes that are points in time: they compare as such, not as text. */
export const DATE_TIMES: ReadonlySet<string> = new Set(['meta.created', 'meta.lastmodified']);

/** Attributes with several values, by lower-case name: a single value given for one becomes a list. */
export const MULTI_VALUED: ReadonlySet<string> = new Set([
  'emails',
  'phonenumbers',
  'ims',
  'photos',
  'addresses',
  'groups',
  'entitlements',
  'roles',
  'x509certificates',
  'members',
]);

/** How the attributes at the top of a resource are spelt. */
const TOP_LEVEL =
  'schemas id externalId meta userName name displayName nickName profileUrl title userType preferredLanguage ' +
  'locale timezone active password emails phoneNumbers ims photos addresses groups entitlements roles ' +
  'x509Certificates members';
const SPELLINGS = new Map(
  [...EXTENSION_SCHEMAS, ...TOP_LEVEL.split(' ')].map((name) => [name.toLowerCase(), name]),
);

/** A top-level attribute's name as the schema spells it; unknown names stay as they are. */
export function spell(name: string): string {
  return SPELLINGS.get(name.toLowerCase()) ?? name;
}
