// *Attribute Mapping*: what is sent under which path.
import { UsageError } from './directory-verbs.ts';
import type { Directory } from './directory.ts';
import { SSH_KEYS_PATH } from './entra/shapes.ts';

/** What users are matched by: Entra refuses to delete it. */
export const MATCHING = 'userName';

/** `mapping [delete ATTRIBUTE | add ATTRIBUTE [PATH]]` */
export function changeMapping({ application }: Directory, args: readonly string[]): void {
  const { mappings, extension_properties: properties } = application;
  const [verb, attribute = '', path = SSH_KEYS_PATH] = args;
  if (verb === 'delete') {
    if (!Object.hasOwn(mappings, attribute)) throw new UsageError(`${attribute} is not mapped`);
    if (mappings[attribute] === MATCHING) {
      throw new UsageError(`${attribute} stays: users are matched by ${MATCHING}`);
    }
    delete mappings[attribute];
  } else if (verb === 'add') {
    if (attribute.startsWith('extension_') && !properties.includes(attribute)) {
      throw new UsageError(`there is no extension property ${attribute}; graph extension-property names it`);
    }
    mappings[attribute] = path;
  } else if (verb !== undefined) throw new UsageError('mapping, mapping delete or mapping add');
}

/** A line each: attribute here, path there. */
export function writeMappings({ application }: Directory): string {
  return Object.entries(application.mappings)
    .map(([from, to]) => `${from} -> ${to}\n`)
    .join('');
}

/** The same with Entra's columns: Mapping type, *Match objects using this attribute*, *Apply this mapping*. */
export function writeEntraMappings({ application }: Directory): string {
  return Object.entries(application.mappings)
    .map(([from, to]) => `${from} -> ${to} (Direct, Match ${to === MATCHING ? 'Yes' : 'No'}, Always)\n`)
    .join('');
}
