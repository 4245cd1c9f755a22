// PATCH paths in words to parts: attribute, filter in brackets, sub-attribute (RFC 7644 section 3.5.2).
import { foldPath, type Steps } from '../attribute-path.ts';
import { createReader, fail, readBracketed, readPath, type Filter } from '../filter/filter.ts';

/** `steps` lead to the attribute; with a filter they lead to the list, and `sub` goes on from its values. */
export interface PatchPath {
  readonly steps: Steps;
  readonly filter: Filter | null;
  readonly sub: string | null;
}

/**
 * Reads a path such as `name.givenName` or `emails[type eq "work"].value`.
 * @throws ScimError 400 invalidPath that names the place.
 */
export function parsePath(text: string): PatchPath {
  const reader = createReader(text, 'invalidPath');
  const steps = readPath(reader);
  if (text[reader.at] !== '[') {
    if (reader.at < text.length) fail(reader, 'the end');
    return { steps, filter: null, sub: null };
  }
  const filter = readBracketed(reader);
  const [rest = '', sub] = /^\.(\$?[a-z][a-z0-9_-]*)$/i.exec(text.slice(reader.at)) ?? [];
  reader.at += rest.length;
  if (reader.at < text.length) fail(reader, 'a sub-attribute or the end');
  return { steps, filter, sub: sub ?? null };
}

/** The attribute that a path leads to, brackets left out, as one lower-case text. */
export function foldPatchPath(path: PatchPath): string {
  return foldPath(path.sub === null ? path.steps : [...path.steps, path.sub]);
}
