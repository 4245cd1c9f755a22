// The SCIM endpoints: which request does what, and what comes back (RFC 7644 section 3).
import { getValues } from './attributes.ts';
import type { Entry, ResourceKind } from './resources/collection.ts';
import { replyJson, type Reply, type Request } from '../exchange.ts';
import { parseBody } from './json.ts';
import { cutPage, type PageLimits } from './list.ts';
import type { Organisation } from './resources/organisation.ts';
import type { PreparedPages } from './prepared-pages.ts';
import { parseProjection, type Projection } from './projection.ts';
import { ENDPOINTS, type Renderer, type View } from './render.ts';
import { ScimError } from './scim-error.ts';

export interface ScimContext {
  readonly organisation: Organisation;
  readonly renderer: Renderer;
  readonly limits: PageLimits;
  readonly pages: PreparedPages;
  /** What this client is shown. */
  readonly view: View;
  readonly now: () => number;
}

/**
 * Answers an authenticated request.
 * @param segments the path below the base URL.
 * @throws ScimError for every refusal.
 */
export function answerScim(context: ScimContext, request: Request, segments: readonly string[]): Reply {
  const [endpoint = '', id, ...more] = segments;
  const kind = findKind(endpoint);
  if (kind === null || more.length > 0) throw unknownEndpoint(segments);
  checkMediaType(request);
  return id === undefined ? answerCollection(context, kind, request) : answerOne(context, kind, id, request);
}

function findKind(endpoint: string): ResourceKind | null {
  if (endpoint === ENDPOINTS.User) return 'User';
  return endpoint === ENDPOINTS.Group ? 'Group' : null;
}

function unknownEndpoint(segments: readonly string[]): ScimError {
  const [first] = segments;
  if (first === 'Bulk' || first === 'Me') return new ScimError(501, null, `/${first} is not offered`);
  const hint = first === 'v2' ? '; the SCIM Base URL has no /v2' : '';
  return new ScimError(404, null, `there is nothing at /${segments.join('/')}${hint}`);
}

function checkMediaType({ method, headers }: Request): void {
  if (method === 'GET' || method === 'HEAD' || method === 'DELETE') return;
  const type = (headers['content-type'] ?? '').split(';', 1).join('').trim().toLowerCase();
  if (type === '' || type === 'application/scim+json' || type === 'application/json') return;
  throw new ScimError(415, null, `${type} is not taken; send application/scim+json`);
}

function answerCollection(context: ScimContext, kind: ResourceKind, request: Request): Reply {
  switch (request.method) {
    case 'HEAD':
    case 'GET': {
      const projection = readProjection(request.query);
      const collection = context.organisation[collectionOf(kind)];
      const now = context.now();
      const make = (): string =>
        context.renderer.page(
          kind,
          cutPage(
            collection,
            request.query,
            context.limits,
            now,
            limitToGroups(context, kind, request.query),
          ),
          context.view,
          projection,
        );
      return replyJson(200, context.pages.take(collection, context.view, request.query, now, make));
    }
    case 'POST': {
      const projection = readProjection(request.query);
      const entry = context.organisation.create(kind, parseBody(request.body));
      return replyOne(context, 201, kind, entry, projection);
    }
    default:
      throw notAllowed(request, 'GET, POST');
  }
}

/**
 * `groups=NAME,...` of a login node: only members of these pushed groups, by displayName. No RFC has it; CoreWeave's own
 * example for nsscache sends it. The identity provider's unknown parameters are passed over, as Entra needs it.
 */
function limitToGroups(
  { organisation: { groups }, view }: ScimContext,
  kind: ResourceKind,
  query: URLSearchParams,
): ReadonlySet<string> | null {
  const names = query.get('groups');
  if (names === null || kind !== 'User' || view !== 'all') return null;
  const found = names.split(',').flatMap((name) => groups.find('displayname', name.trim()) ?? []);
  const ids = found.flatMap(({ resource }) => getValues(resource, ['members', 'value']));
  return new Set(ids.filter((id) => typeof id === 'string'));
}

function answerOne(context: ScimContext, kind: ResourceKind, id: string, request: Request): Reply {
  const { organisation } = context;
  const projection = readProjection(request.query);
  switch (request.method) {
    case 'HEAD':
    case 'GET':
      return replyOne(context, 200, kind, organisation.read(kind, id), projection);
    case 'PUT':
      organisation.read(kind, id);
      return replyOne(
        context,
        200,
        kind,
        organisation.replace(kind, id, parseBody(request.body)),
        projection,
      );
    case 'PATCH': {
      organisation.read(kind, id);
      const entry = organisation.patch(kind, id, parseBody(request.body));
      // A large group is not sent back for each member that comes or goes.
      if (kind === 'Group' && projection === null) return { status: 204, headers: {}, body: null };
      return replyOne(context, 200, kind, entry, projection);
    }
    case 'DELETE':
      organisation.remove(kind, id);
      return { status: 204, headers: {}, body: null };
    default:
      throw notAllowed(request, 'GET, PUT, PATCH, DELETE');
  }
}

function notAllowed({ method }: Request, allowed: string): ScimError {
  return new ScimError(405, null, `${method} is not allowed here, only ${allowed}`);
}

function collectionOf(kind: ResourceKind): 'users' | 'groups' {
  return kind === 'User' ? 'users' : 'groups';
}

function readProjection(query: URLSearchParams): Projection {
  return parseProjection(query.get('attributes'), query.get('excludedAttributes'));
}

function replyOne(
  { renderer, view }: ScimContext,
  status: number,
  kind: ResourceKind,
  entry: Entry,
  projection: Projection,
): Reply {
  const location = renderer.locate(kind, entry.id);
  const headers = status === 201 ? { location } : { 'content-location': location };
  return replyJson(status, renderer.resource(kind, entry, view, projection), headers);
}
