// Attribute paths such as `name.givenName` or `urn:...:User:manager.value`, as steps from the resource down.
import { findCorePrefix, findExtension } from './discovery/schemas.ts';

/** The steps of one path: an extension's URN first, if there is one, then attribute, then sub-attribute. */
export type Steps = readonly string[];

const NAME = /^\$?[a-z][a-z0-9_-]*$/i;

/** The characters of which paths are made, for a reader to find where one ends. */
export const PATH_CHARACTERS = /[a-z0-9_$:./%+-]+/iy;

/**
 * Takes an attribute path apart; null if it is none.
 * A URN has dots and colons of its own: what follows its last colon is the attribute, unless the whole text
 * is an extension's URN.
 */
export function splitAttributePath(text: string): Steps | null {
  if (!/^urn:/i.test(text)) return splitNames(text);
  const core = findCorePrefix(text);
  if (core !== null) return splitNames(text.slice(core.length + 1));
  const extension = findExtension(text);
  if (extension !== null) return [extension];
  const colon = text.lastIndexOf(':');
  const names = splitNames(text.slice(colon + 1));
  const urn = text.slice(0, colon);
  if (names === null || urn.length <= 'urn:'.length) return null;
  return [urn, ...names];
}

function splitNames(text: string): string[] | null {
  const names = text.split('.');
  return names.length <= 2 && names.every((name) => NAME.test(name)) ? names : null;
}

/** One lower-case text for a path, for looking it up in the schemas. */
export function foldPath(steps: Steps): string {
  const [first = '', ...rest] = steps;
  return (first + (first.includes(':') ? ':' : '.') + rest.join('.')).replace(/[.:]$/, '').toLowerCase();
}
