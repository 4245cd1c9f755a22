// An attribute path of the configuration, such as userName, name.familyName or an extension's urn:...:attribute.

export type Getter = (resource: unknown) => unknown;

/**
 * Compiles a path into a getter. A path that begins with `urn:` names an extension first: the extension's URN may hold
 * dots and colons, so it is found among the resource's own keys (RFC 7643 section 3.3). Names compare without case.
 */
export function compilePath(path: string): Getter {
  const wanted = path.toLowerCase();
  if (!wanted.startsWith('urn:')) {
    const steps = wanted.split('.');
    return (resource) => descend(resource, steps);
  }
  return (resource) => {
    if (!isObject(resource)) return undefined;
    for (const key of Object.keys(resource)) {
      const urn = key.toLowerCase();
      if (wanted.startsWith(`${urn}:`)) {
        const found = descend(resource[key], wanted.slice(urn.length + 1).split('.'));
        if (found !== undefined) return found;
      }
    }
    return undefined;
  };
}

function descend(start: unknown, steps: readonly string[]): unknown {
  let value = start;
  for (const step of steps) {
    if (!isObject(value)) return undefined;
    value = getProperty(value, step);
  }
  return value;
}

/** An own property by its name without case; the exact spelling is tried first, since it is the common one. */
export function getProperty(object: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(object, name)) return object[name];
  for (const key of Object.keys(object)) if (key.toLowerCase() === name) return object[key];
  return undefined;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
