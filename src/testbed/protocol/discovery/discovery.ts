// What the service says of itself: ServiceProviderConfig, ResourceTypes and Schemas (RFC 7644 section 4).
import type { JsonObject } from '../json.ts';
import type { PageLimits } from '../list.ts';
import { LIST_SCHEMA } from '../render.ts';
import { SCHEMA_DEFINITIONS } from './schema-definitions.ts';
import {
  COREWEAVE_GROUP_SCHEMA,
  COREWEAVE_USER_SCHEMA,
  ENTERPRISE_SCHEMA,
  GROUP_SCHEMA,
  USER_SCHEMA,
} from './schemas.ts';
import { ScimError } from '../scim-error.ts';
import type { Settings } from '../../settings.ts';
import { EVENT_URIS } from '../event-uris.ts';

const CONFIG_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig';
const RESOURCE_TYPE_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:ResourceType';

export interface Discovery {
  readonly baseUrl: string;
  readonly settings: Settings;
  readonly limits: PageLimits;
}

/**
 * Answers a GET of a discovery endpoint; null if the path is none.
 * @throws ScimError 404 for an unknown schema or type, 403 for a filter (RFC 7644 section 4).
 */
export function describeService(
  discovery: Discovery,
  segments: readonly string[],
  query: URLSearchParams,
): JsonObject | null {
  const [endpoint, id, ...more] = segments;
  if (more.length > 0) return null;
  if (endpoint === 'ServiceProviderConfig' && id === undefined) return describeProvider(discovery);
  const all =
    endpoint === 'ResourceTypes' ? describeTypes() : endpoint === 'Schemas' ? describeSchemas() : null;
  if (all === null) return null;
  const located = all.map((one) => ({
    ...one,
    meta: {
      resourceType: endpoint === 'Schemas' ? 'Schema' : 'ResourceType',
      location: `${discovery.baseUrl}/${endpoint ?? ''}/${idOf(one)}`,
    },
  }));
  if (id !== undefined) {
    const found = located.find((one) => idOf(one).toLowerCase() === id.toLowerCase());
    if (found === undefined) throw new ScimError(404, null, `there is no ${endpoint ?? ''} ${id}`);
    return found;
  }
  if (query.has('filter')) throw new ScimError(403, null, 'this endpoint takes no filter');
  return {
    schemas: [LIST_SCHEMA],
    totalResults: located.length,
    itemsPerPage: located.length,
    startIndex: 1,
    Resources: located,
  };
}

function idOf(described: JsonObject): string {
  return typeof described['id'] === 'string' ? described['id'] : '';
}

function describeProvider({ baseUrl, settings, limits }: Discovery): JsonObject {
  return {
    schemas: [CONFIG_SCHEMA],
    patch: { supported: true },
    bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
    filter: { supported: true, maxResults: limits.maxPageSize },
    changePassword: { supported: false },
    sort: { supported: false },
    etag: { supported: false },
    // RFC 9865 section 4.
    pagination: {
      cursor: settings.cursorPaging,
      index: true,
      defaultPaginationMethod: 'index',
      defaultPageSize: limits.defaultPageSize,
      maxPageSize: limits.maxPageSize,
      cursorTimeout: limits.cursorTimeout,
    },
    // RFC 9967 section 4. It leaves open where to poll (RFC 8936): here, SecurityEvents below the base URL.
    securityEvents: { asyncRequest: 'none', eventUris: settings.events ? [...EVENT_URIS] : [] },
    authenticationSchemes: [
      {
        type: 'oauthbearertoken',
        name: 'Bearer token',
        description: 'A named token of SCIM Configuration',
        specUri: 'https://www.rfc-editor.org/info/rfc6750',
        primary: true,
      },
    ],
    meta: { resourceType: 'ServiceProviderConfig', location: `${baseUrl}/ServiceProviderConfig` },
  };
}

function describeTypes(): JsonObject[] {
  const extend = (schema: string): JsonObject => ({ schema, required: false });
  return [
    {
      schemas: [RESOURCE_TYPE_SCHEMA],
      id: 'User',
      name: 'User',
      endpoint: '/Users',
      description: 'A person',
      schema: USER_SCHEMA,
      schemaExtensions: [extend(ENTERPRISE_SCHEMA), extend(COREWEAVE_USER_SCHEMA)],
    },
    {
      schemas: [RESOURCE_TYPE_SCHEMA],
      id: 'Group',
      name: 'Group',
      endpoint: '/Groups',
      description: 'A group of people',
      schema: GROUP_SCHEMA,
      schemaExtensions: [extend(COREWEAVE_GROUP_SCHEMA)],
    },
  ];
}

function describeSchemas(): JsonObject[] {
  return SCHEMA_DEFINITIONS.map((definition) => ({ ...definition }));
}
