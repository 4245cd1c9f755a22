// `attributes` and `excludedAttributes`: a resource reduced to what was asked for (RFC 7644 section 3.9).
import { splitAttributePath, type Steps } from './attribute-path.ts';
import { findName } from './attributes.ts';
import { isObject, type Json, type JsonObject } from './json.ts';
import { ScimError } from './scim-error.ts';

/** What to leave of a resource; null: all of it. */
export type Projection = { readonly only: boolean; readonly paths: readonly Steps[] } | null;

/** Returned whatever was asked (RFC 7643 section 7, `returned: always`). */
const ALWAYS = new Set(['schemas', 'id']);

/**
 * Reads both parameters.
 * @throws ScimError 400 if both are given (RFC 7644 section 3.4.2.5), or one is no list of attribute paths.
 */
export function parseProjection(attributes: string | null, excluded: string | null): Projection {
  const only = splitList(attributes);
  const without = splitList(excluded);
  if (only !== null && without !== null) {
    throw new ScimError(400, 'invalidSyntax', 'either attributes or excludedAttributes, not both');
  }
  if (only !== null) return { only: true, paths: only };
  return without === null ? null : { only: false, paths: without };
}

function splitList(text: string | null): Steps[] | null {
  if (text === null || text.trim() === '') return null;
  return text.split(',').map((item) => {
    const steps = splitAttributePath(item.trim());
    if (steps === null) throw new ScimError(400, 'invalidSyntax', `"${item.trim()}" is not an attribute`);
    return steps;
  });
}

/** Applies a projection; names that the resource does not have are passed over. */
export function project(resource: JsonObject, projection: Projection): JsonObject {
  if (projection === null) return resource;
  const kept = projection.only ? keepOnly(resource, projection.paths) : leaveOut(resource, projection.paths);
  const always = Object.fromEntries(Object.entries(resource).filter(([name]) => ALWAYS.has(name)));
  return { ...always, ...kept };
}

function keepOnly(holder: JsonObject, paths: readonly Steps[]): JsonObject {
  const kept: JsonObject = {};
  for (const [name, deeper] of groupByFirst(holder, paths)) {
    const value = holder[name] ?? null;
    if (deeper.some((rest) => rest.length === 0)) kept[name] = value;
    else {
      const inner = mapObjects(value, (object) => keepOnly(object, deeper));
      if (inner !== null) kept[name] = inner;
    }
  }
  return kept;
}

function leaveOut(holder: JsonObject, paths: readonly Steps[]): JsonObject {
  const kept = { ...holder };
  for (const [name, deeper] of groupByFirst(holder, paths)) {
    if (deeper.some((rest) => rest.length === 0)) delete kept[name];
    else {
      const value = holder[name] ?? null;
      kept[name] = mapObjects(value, (object) => leaveOut(object, deeper)) ?? value;
    }
  }
  return kept;
}

/** The paths by the own member that their first step means. */
function groupByFirst(holder: JsonObject, paths: readonly Steps[]): Map<string, Steps[]> {
  const grouped = new Map<string, Steps[]>();
  for (const [first = '', ...rest] of paths) {
    const name = findName(holder, first);
    if (name !== null) grouped.set(name, [...(grouped.get(name) ?? []), rest]);
  }
  return grouped;
}

/** The object, or each object of a list, changed; null if there is none. */
function mapObjects(value: Json, change: (object: JsonObject) => JsonObject): Json {
  if (isObject(value)) return change(value);
  if (!Array.isArray(value)) return null;
  const changed = value.filter(isObject).map(change);
  return changed.length === 0 ? null : changed;
}
