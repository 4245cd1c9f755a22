// What the service itself puts into a resource: the POSIX id, and the keys that people add in the console.
import { splitAttributePath, type Steps } from '../attribute-path.ts';
import { findName, getAttribute, getValues } from '../attributes.ts';
import type { ResourceKind } from './collection.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import { COREWEAVE_USER_SCHEMA } from '../discovery/schemas.ts';

/** What the service knows of a resource beside what was pushed. */
export interface OwnAttributes {
  readonly kind: ResourceKind;
  readonly id: string;
  /** Path of the POSIX id. */
  readonly idSteps: Steps;
  readonly posixId: number;
  /** Epoch milliseconds. */
  readonly modified: number;
  /** The resource that this one replaces. */
  readonly before: JsonObject | null;
}

/** The pushed content with the service's own attributes. */
export function completeResource(resource: JsonObject, own: OwnAttributes): JsonObject {
  const { kind, id, before } = own;
  // Silence about `active` (a PUT that forgets it, a PATCH that removes it) must not enable a user again.
  if (kind === 'User') resource['active'] ??= getAttribute(before ?? {}, 'active') ?? true;
  const extension = setPosixId(resource, own.idSteps, own.posixId);
  const schemas = Array.isArray(resource['schemas']) ? [...resource['schemas']] : [];
  if (extension !== null && !schemas.includes(extension)) schemas.push(extension);
  const { schemas: _, ...rest } = resource;
  const stamp = new Date(own.modified).toISOString();
  const [created = stamp] = getValues(before, ['meta', 'created']);
  return { schemas, id, ...rest, meta: { resourceType: kind, created, lastModified: stamp } };
}

/** What readers get: the pushed keys and the added ones, as one list. */
export function serveResource(resource: JsonObject, consoleKeys: readonly string[]): JsonObject {
  return consoleKeys.length === 0 ? resource : addKeys(resource, consoleKeys);
}

function addKeys(resource: JsonObject, keys: readonly string[]): JsonObject {
  const extension = resource[COREWEAVE_USER_SCHEMA] ?? null;
  const pushed = getValues(resource, [COREWEAVE_USER_SCHEMA, 'sunkSshKeys']);
  const inner = isObject(extension) ? extension : {};
  return { ...resource, [COREWEAVE_USER_SCHEMA]: { ...inner, sunkSshKeys: [...pushed, ...keys] } };
}

/** @throws Error if the configured path is none. */
export function splitIdPath(path: string): Steps {
  const steps = splitAttributePath(path);
  if (steps === null) throw new Error(`not an attribute path: ${path}`);
  return steps;
}

/**
 * Writes the id at its path, in place of whatever the client put there, in any spelling.
 * Says which extension that path is in.
 */
function setPosixId(resource: JsonObject, steps: Steps, posixId: number): string | null {
  let holder = resource;
  for (const step of steps.slice(0, -1)) {
    const inner = takeAttribute(holder, step);
    const next = isObject(inner) ? { ...inner } : {};
    holder[step] = next;
    holder = next;
  }
  const last = steps.at(-1) ?? '';
  takeAttribute(holder, last);
  holder[last] = posixId;
  const [first = ''] = steps;
  return first.includes(':') ? first : null;
}

/** Removes the attribute, however it is spelt, and gives its value. */
function takeAttribute(holder: JsonObject, name: string): Json {
  const own = findName(holder, name);
  if (own === null) return null;
  const value = holder[own] ?? null;
  delete holder[own];
  return value;
}
