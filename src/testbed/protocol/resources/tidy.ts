// A resource as it came to a resource as it is kept: spelling of names, nothing unassigned, `active` as a boolean.
import { isObject, type Json, type JsonObject } from '../json.ts';
import { findExtension, spell } from '../discovery/schemas.ts';
import { ScimError } from '../scim-error.ts';

/** Never kept, whichever client sends it: the service's own (`id`, `meta`), derived (`groups`) or a secret. */
const NOT_KEPT = new Set(['id', 'meta', 'groups', 'password']);

/**
 * Values stay exactly as sent, since Entra patches for ever what comes back otherwise; only `active` is turned
 * into a boolean from Entra's text, and null and empty lists, which mean "unassigned", are left out.
 * `schemas` gains what is there but was not listed: Entra sends the CoreWeave extension so.
 * @throws ScimError 400 for a name given twice, for a bad `active` and a bad `schemas`.
 */
export function tidyResource(content: JsonObject, schema: string): JsonObject {
  const tidy: JsonObject = {};
  for (const [name, value] of Object.entries(content)) {
    const spelt = spell(name);
    if (Object.hasOwn(tidy, spelt)) {
      throw new ScimError(400, 'invalidSyntax', `${spelt} is given twice, in different spelling`);
    }
    const kept = NOT_KEPT.has(spelt) ? null : dropUnassigned(value);
    if (kept !== null) tidy[spelt] = kept;
  }
  if (tidy['active'] !== undefined) tidy['active'] = readActive(tidy['active']);
  readManager(tidy);
  tidy['schemas'] = listSchemas(tidy, schema);
  return tidy;
}

/** Null and lists or objects with nothing in them are "unassigned" (RFC 7643 section 2.5). */
function dropUnassigned(value: Json): Json {
  if (Array.isArray(value)) {
    const kept = value.map(dropUnassigned).filter((item) => item !== null);
    return kept.length === 0 ? null : kept;
  }
  if (!isObject(value)) return value;
  const kept = Object.entries(value)
    .map(([name, member]) => [name, dropUnassigned(member)] as const)
    .filter(([, member]) => member !== null);
  return kept.length === 0 ? null : Object.fromEntries(kept);
}

/** Entra's default form sends the text "False". */
function readActive(value: Json): boolean {
  if (typeof value === 'boolean') return value;
  const text = typeof value === 'string' ? value.toLowerCase() : '';
  if (text === 'true' || text === 'false') return text === 'true';
  throw new ScimError(400, 'invalidValue', `active is ${JSON.stringify(value)}, not true or false`);
}

/** Entra sends the manager as a bare id; the enterprise extension keeps it as `{ value }`. */
function readManager(tidy: JsonObject): void {
  for (const [name, extension] of Object.entries(tidy)) {
    if (findExtension(name) === null || !isObject(extension)) continue;
    const manager = extension['manager'];
    if (typeof manager !== 'string') continue;
    const { manager: _, ...rest } = extension;
    tidy[name] = manager === '' ? rest : { ...rest, manager: { value: manager } };
  }
}

function listSchemas(tidy: JsonObject, schema: string): Json[] {
  const sent = tidy['schemas'] ?? [];
  if (!Array.isArray(sent) || !sent.every((urn) => typeof urn === 'string')) {
    throw new ScimError(400, 'invalidSyntax', 'schemas is not a list of URNs');
  }
  const known = sent.filter(
    (urn) => findExtension(urn) === null && urn.toLowerCase() !== schema.toLowerCase(),
  );
  const present = Object.keys(tidy).filter((name) => name.includes(':') && isObject(tidy[name] ?? null));
  return [...new Set([schema, ...known, ...present])];
}
