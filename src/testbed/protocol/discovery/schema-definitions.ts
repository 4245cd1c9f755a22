// The definitions that /Schemas serves (RFC 7643 section 7): the attributes that the service knows something about.
import type { JsonObject } from '../json.ts';
import {
  COREWEAVE_GROUP_SCHEMA,
  COREWEAVE_USER_SCHEMA,
  ENTERPRISE_SCHEMA,
  GROUP_SCHEMA,
  USER_SCHEMA,
} from './schemas.ts';

interface Traits {
  readonly type?: 'string' | 'boolean' | 'integer' | 'reference' | 'complex';
  readonly multiValued?: boolean;
  readonly required?: boolean;
  readonly caseExact?: boolean;
  readonly mutability?: 'readWrite' | 'readOnly' | 'writeOnly' | 'immutable';
  readonly returned?: 'always' | 'default' | 'never';
  readonly uniqueness?: 'none' | 'server';
  readonly subAttributes?: readonly JsonObject[];
}

function define(name: string, description: string, traits: Traits = {}): JsonObject {
  return {
    name,
    description,
    type: traits.type ?? (traits.subAttributes === undefined ? 'string' : 'complex'),
    multiValued: traits.multiValued ?? false,
    required: traits.required ?? false,
    caseExact: traits.caseExact ?? false,
    mutability: traits.mutability ?? 'readWrite',
    returned: traits.returned ?? 'default',
    uniqueness: traits.uniqueness ?? 'none',
    ...(traits.subAttributes === undefined ? {} : { subAttributes: [...traits.subAttributes] }),
  };
}

/** A list of values with a type and one that is primary (RFC 7643 section 2.4). */
function defineList(name: string, description: string, parts: readonly JsonObject[] = []): JsonObject {
  return define(name, description, {
    multiValued: true,
    subAttributes: [
      define('value', 'The value'),
      define('display', 'The value for people'),
      define('type', 'What it is used for, such as work'),
      define('primary', 'Whether it is the preferred one', { type: 'boolean' }),
      ...parts,
    ],
  });
}

const NAME_PARTS = [
  'formatted',
  'familyName',
  'givenName',
  'middleName',
  'honorificPrefix',
  'honorificSuffix',
];
const ADDRESS_PARTS = ['formatted', 'streetAddress', 'locality', 'region', 'postalCode', 'country'];

const USER_ATTRIBUTES = [
  define('userName', 'The name by which the identity provider knows the person', {
    required: true,
    uniqueness: 'server',
  }),
  define('name', 'The parts of the name', { subAttributes: NAME_PARTS.map((part) => define(part, part)) }),
  ...['displayName', 'nickName', 'title', 'userType', 'preferredLanguage', 'locale', 'timezone'].map((name) =>
    define(name, name),
  ),
  define('profileUrl', 'A page about the person', { type: 'reference', caseExact: true }),
  define('active', 'Whether the person may use anything', { type: 'boolean' }),
  define('password', 'Taken and thrown away', { mutability: 'writeOnly', returned: 'never' }),
  ...['emails', 'phoneNumbers', 'ims', 'photos', 'entitlements', 'roles', 'x509Certificates'].map((name) =>
    defineList(name, name),
  ),
  defineList(
    'addresses',
    'addresses',
    ADDRESS_PARTS.map((part) => define(part, part)),
  ),
];

const ENTERPRISE_ATTRIBUTES = [
  ...['employeeNumber', 'costCenter', 'organization', 'division', 'department'].map((name) =>
    define(name, name),
  ),
  define('manager', 'Who leads the person', {
    subAttributes: [
      define('value', 'The id of that user', { caseExact: true }),
      define('displayName', 'The name of that user', { mutability: 'readOnly' }),
    ],
  }),
];

const GROUP_ATTRIBUTES = [
  define('displayName', 'The name of the group', { required: true }),
  define('members', 'The users in it; groups are refused', {
    multiValued: true,
    subAttributes: [
      define('value', 'The id of the user', { caseExact: true, mutability: 'immutable' }),
      define('type', 'User', { mutability: 'immutable' }),
    ],
  }),
];

function describe(
  id: string,
  name: string,
  description: string,
  attributes: readonly JsonObject[],
): JsonObject {
  return {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:Schema'],
    id,
    name,
    description,
    attributes: [...attributes],
  };
}

export const SCHEMA_DEFINITIONS: readonly JsonObject[] = [
  describe(USER_SCHEMA, 'User', 'A person', USER_ATTRIBUTES),
  describe(GROUP_SCHEMA, 'Group', 'A group of people', GROUP_ATTRIBUTES),
  describe(ENTERPRISE_SCHEMA, 'EnterpriseUser', 'A person at work', ENTERPRISE_ATTRIBUTES),
  describe(COREWEAVE_USER_SCHEMA, 'CoreWeaveUser', 'A person on the cluster', [
    define('sunkSshKeys', 'SSH public keys, as the identity provider sends them', { caseExact: true }),
    define('uid', 'The numeric user id, assigned once', { type: 'integer', mutability: 'readOnly' }),
  ]),
  describe(COREWEAVE_GROUP_SCHEMA, 'CoreWeaveGroup', 'A group on the cluster', [
    define('gid', 'The numeric group id, assigned once', { type: 'integer', mutability: 'readOnly' }),
  ]),
];
