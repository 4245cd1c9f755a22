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

/**
 * @param baseUrl the SCIM Base URL, without a slash at its end.
 * @param nameMember for login nodes the name of a member by id; null: members are shown by id alone.
 */
export function createRenderer(
  baseUrl: string,
  nameMember: () => ((id: string) => string | null) | null = () => null,
): Renderer {
  const texts = new WeakMap<JsonObject, string>();
  const locate = (kind: ResourceKind, id: string): string => `${baseUrl}/${ENDPOINTS[kind]}/${id}`;

  function complete(kind: ResourceKind, id: string, shown: JsonObject): JsonObject {
    const meta = shown['meta'] ?? null;
    return { ...shown, meta: { ...(isObject(meta) ? meta : {}), location: locate(kind, id) } };
  }

  function resource(kind: ResourceKind, entry: Entry, view: View, projection: Projection): string {
    const shown = view === 'all' ? entry.served : entry.resource;
    const nameOf = kind === 'Group' && view === 'all' ? nameMember() : null;
    if (nameOf !== null) {
      // Not kept: a member may get another name without a change of the group.
      const named = complete(kind, entry.id, nameMembers(shown, nameOf));
      return JSON.stringify(projection === null ? named : project(named, projection));
    }
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

/**
 * Members with `display` (RFC 7643 section 4.2 leaves it to the service) and with `userName`, which the RFC does not
 * have: nsscache asks for it with `scim_path_username = members/userName`.
 */
function nameMembers(group: JsonObject, nameOf: (id: string) => string | null): JsonObject {
  const { members } = group;
  if (!Array.isArray(members)) return group;
  const named = members.map((member) => {
    const id = isObject(member) ? member['value'] : null;
    const name = typeof id === 'string' ? nameOf(id) : null;
    return isObject(member) && name !== null ? { ...member, display: name, userName: name } : member;
  });
  return { ...group, members: named };
}
