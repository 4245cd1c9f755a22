// Attributes of a resource by name: names compare without case (RFC 7643 section 2.1), and only own members count.
import { isObject, type Json, type JsonObject } from './json.ts';

/** The name under which the object has this attribute, or null. */
export function findName(object: JsonObject, name: string): string | null {
  if (Object.hasOwn(object, name)) return name;
  const lower = name.toLowerCase();
  for (const own of Object.keys(object)) {
    if (own.length === lower.length && own.toLowerCase() === lower) return own;
  }
  return null;
}

/** The attribute's value; null where it is absent, as the two mean the same (RFC 7643 section 2.5). */
export function getAttribute(object: JsonObject, name: string): Json {
  const own = findName(object, name);
  return own === null ? null : (object[own] ?? null);
}

/** All values at the end of a path, lists taken apart on the way; nulls are left out. */
export function getValues(from: Json, steps: readonly string[]): Json[] {
  let values: Json[] = Array.isArray(from) ? from : [from];
  for (const step of steps) {
    const next: Json[] = [];
    for (const value of values) {
      if (!isObject(value)) continue;
      const found = getAttribute(value, step);
      if (Array.isArray(found)) next.push(...found);
      else next.push(found);
    }
    values = next;
  }
  return values.filter((value) => value !== null);
}

/** Whether a value counts as present: not null, not empty, not made of such (RFC 7644 section 3.4.2.2, `pr`). */
export function isPresent(value: Json): boolean {
  if (value === null || value === '') return false;
  if (Array.isArray(value)) return value.some(isPresent);
  if (isObject(value)) return Object.values(value).some(isPresent);
  return true;
}
