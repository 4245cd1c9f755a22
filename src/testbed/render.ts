// Resources and pages as they are served: JSON text, made once for as long as the resource stays as it is.
import type { Entry, ResourceKind } from './collection.ts';
import { isObject, type JsonObject } from './json.ts';
import type { Page } from './list.ts';
import { project, type Projection } from './projection.ts';

export const LIST_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';

/** Where each kind lives below the base URL. */
export const ENDPOINTS = { User: 'Users', Group: 'Groups' } as const satisfies Record<ResourceKind, string>;

export interface Renderer {
  locate(kind: ResourceKind, id: string): string;
  /** The resource as an object, `meta.location` included. */
  complete(kind: ResourceKind, entry: Entry): JsonObject;
  resource(kind: ResourceKind, entry: Entry, projection: Projection): string;
  page(kind: ResourceKind, page: Page, projection: Projection): string;
}

/** @param baseUrl the SCIM Base URL, without a slash at its end. */
export function createRenderer(baseUrl: string): Renderer {
  const texts = new WeakMap<Entry, string>();
  const locate = (kind: ResourceKind, id: string): string => `${baseUrl}/${ENDPOINTS[kind]}/${id}`;

  function complete(kind: ResourceKind, entry: Entry): JsonObject {
    const meta = isObject(entry.resource['meta'] ?? null) ? entry.resource['meta'] : {};
    return { ...entry.resource, meta: { ...(meta as JsonObject), location: locate(kind, entry.id) } };
  }

  function resource(kind: ResourceKind, entry: Entry, projection: Projection): string {
    if (projection !== null) return JSON.stringify(project(complete(kind, entry), projection));
    const known = texts.get(entry);
    if (known !== undefined) return known;
    const text = JSON.stringify(complete(kind, entry));
    texts.set(entry, text);
    return text;
  }

  function page(
    kind: ResourceKind,
    { entries, totalResults, startIndex, nextCursor }: Page,
    projection: Projection,
  ): string {
    const head = JSON.stringify({
      schemas: [LIST_SCHEMA],
      totalResults,
      itemsPerPage: entries.length,
      ...(startIndex === null ? {} : { startIndex }),
      ...(nextCursor === null ? {} : { nextCursor }),
    });
    const resources = entries.map((entry) => resource(kind, entry, projection));
    return `${head.slice(0, -1)},"Resources":[${resources.join(',')}]}`;
  }

  return { locate, complete, resource, page };
}
