// JSON values as they come over the wire, and the one function that reads a body.
import { ScimError } from './scim-error.ts';

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [name: string]: Json;
}

/** Deepest nesting that a body may have; a SCIM resource needs five. */
const MAX_DEPTH = 32;

/** Whether a value is a JSON object (not null, not an array). */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Parses a request body.
 * @throws ScimError 400 invalidSyntax for bad UTF-8, bad JSON, nesting beyond 32, a member named `__proto__`, and
 *   members of one object that differ in case alone: they are one attribute with two values.
 */
export function parseBody(bytes: Uint8Array): JsonObject {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ScimError(400, 'invalidSyntax', 'the body is not UTF-8');
  }
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (cause) {
    throw new ScimError(400, 'invalidSyntax', 'the body is not JSON', { cause });
  }
  if (!isObject(value)) throw new ScimError(400, 'invalidSyntax', 'the body is not a JSON object');
  refuseHostile(value, 1);
  return value;
}

function refuseHostile(value: Json, depth: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth > MAX_DEPTH) {
    throw new ScimError(400, 'invalidSyntax', `the body is nested deeper than ${MAX_DEPTH} levels`);
  }
  const isList = Array.isArray(value);
  const seen = new Set<string>();
  for (const [name, member] of Object.entries(value)) {
    if (!isList && seen.size === seen.add(name.toLowerCase()).size) {
      throw new ScimError(400, 'invalidSyntax', `"${name.slice(0, 100)}" is given twice, in different case`);
    }
    // Assigned later by name, this one would replace a prototype instead of adding a member.
    if (name === '__proto__') {
      throw new ScimError(400, 'invalidSyntax', 'an attribute may not be named "__proto__"');
    }
    refuseHostile(member, depth + 1);
  }
}

/** Whether two JSON values are the same; the order of members does not matter. */
export function isSame(one: Json, other: Json): boolean {
  if (one === other) return true;
  if (Array.isArray(one)) {
    if (!Array.isArray(other) || one.length !== other.length) return false;
    return one.every((item, index) => isSame(item, other[index] ?? null));
  }
  if (!isObject(one) || !isObject(other)) return false;
  const names = Object.keys(one);
  if (names.length !== Object.keys(other).length) return false;
  return names.every((name) => Object.hasOwn(other, name) && isSame(one[name] ?? null, other[name] ?? null));
}
