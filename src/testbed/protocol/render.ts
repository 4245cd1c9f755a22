// Resources and pages as they are served: JSON text, made once for as long as the resource stays as it is.
import type { Entry, ResourceKind } from './resources/collection.ts';
import { isObject, type JsonObject } from './json.ts';
import type { Page } from './list.ts';
import { project, type Projection } from './projection.ts';

export const LIST_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';

/** Where each kind lives below the base URL. */
export const ENDPOINTS = { User: 'Users', Group: 'Groups' } as const satisfies Record<ResourceKind, string>;

/** What of a resource is shown: the whole of it, or only what was pushed (values must come back as sent). */
export type View = 'all' | 'pushed';

export interface Renderer {
  locate(kind: ResourceKind, id: string): string;
  resource(kind: ResourceKind, entry: Entry, view: View, projection: Projection): string;
  page(kind: ResourceKind, page: Page, view: View, projection: Projection): string;
}

/** @param baseUrl the SCIM Base URL, without a slash at its end. */
export function createRenderer(baseUrl: string): Renderer {
  const texts = new WeakMap<JsonObject, string>();
  const locate = (kind: ResourceKind, id: string): string => `${baseUrl}/${ENDPOINTS[kind]}/${id}`;

  function complete(kind: ResourceKind, id: string, shown: JsonObject): JsonObject {
    const meta = shown['meta'] ?? null;
    return { ...shown, meta: { ...(isObject(meta) ? meta : {}), location: locate(kind, id) } };
  }

  function resource(kind: ResourceKind, entry: Entry, view: View, projection: Projection): string {
    const shown = view === 'all' ? entry.served : entry.resource;
    if (projection !== null) return JSON.stringify(project(complete(kind, entry.id, shown), projection));
    const known = texts.get(shown);
    if (known !== undefined) return known;
    const text = JSON.stringify(complete(kind, entry.id, shown));
    texts.set(shown, text);
    return text;
  }

  function page(
    kind: ResourceKind,
    { entries, totalResults, startIndex, nextCursor }: Page,
    view: View,
    projection: Projection,
  ): string {
    const head = JSON.stringify({
      schemas: [LIST_SCHEMA],
      totalResults,
      itemsPerPage: entries.length,
      ...(startIndex === null ? {} : { startIndex }),
      ...(nextCursor === null ? {} : { nextCursor }),
    });
    const resources = entries.map((entry) => resource(kind, entry, view, projection));
    return `${head.slice(0, -1)},"Resources":[${resources.join(',')}]}`;
  }

  return { locate, resource, page };
}
