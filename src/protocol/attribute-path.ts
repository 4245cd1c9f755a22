// An attribute path of the configuration, such as userName, name.familyName or an extension's urn:...:attribute.

export type Getter = (resource: unknown) => unknown;

/**
 * Compiles a path into a getter. A path that begins with `urn:` names an extension first: the extension's URN may hold
 * dots and colons, so it is found among the resource's own keys (RFC 7643 section 3.3). Names compare without case.
 */
export function compilePath(path: string): Getter {
  if (!isUrn(path)) {
    const steps = path.split('.');
    return (resource) => descend(resource, steps);
  }
  // Each extension that the path may name, and the steps below it: one for each colon.
  const below = new Map<number, { readonly urn: string; readonly steps: readonly string[] }>();
  for (let colon = path.indexOf(':'); colon >= 0; colon = path.indexOf(':', colon + 1)) {
    below.set(colon, { urn: path.slice(0, colon), steps: path.slice(colon + 1).split('.') });
  }
  // Usually an attribute is directly below its extension, in the same spelling: the fast path.
  const usual = below.get(path.lastIndexOf(':'));
  return (resource) => {
    if (!isObject(resource)) return undefined;
    if (usual !== undefined && Object.hasOwn(resource, usual.urn)) {
      const found = descend(resource[usual.urn], usual.steps);
      if (found !== undefined) return found;
    }
    for (const key of Object.keys(resource)) {
      const extension = isUrn(key) ? below.get(key.length) : undefined;
      if (extension === undefined || !isSameName(key, extension.urn)) continue;
      const found = descend(resource[key], extension.steps);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

/** Compares without case; the same spelling is the common case. */
function isSameName(one: string, other: string): boolean {
  return one === other || one.toLowerCase() === other.toLowerCase();
}

function descend(start: unknown, steps: readonly string[]): unknown {
  let value = start;
  for (const step of steps) {
    if (!isObject(value)) return undefined;
    value = getProperty(value, step);
  }
  return value;
}

function isUrn(text: string): boolean {
  return text[3] === ':' && text.slice(0, 3).toLowerCase() === 'urn';
}

/** An own property by its name without case; the exact spelling is tried first, since it is the common one. */
export function getProperty(object: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(object, name)) return object[name];
  const folded = name.toLowerCase();
  for (const key in object) {
    if (key.length === name.length && key.toLowerCase() === folded && Object.hasOwn(object, key))
      return object[key];
  }
  return undefined;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
