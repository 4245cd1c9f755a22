// Every key of the configuration with its type, default and description, from the schema.
import * as z from 'zod';

export interface ConfigKey {
  /** `scim.users.filter`, `access.groups[].name`. */
  readonly path: string;
  readonly type: string;
  /** As one line of YAML; undefined: the key must be set. */
  readonly fallback: string | undefined;
  readonly description: string;
}

type Schema = z.core.JSONSchema.BaseSchema;

/**
 * The keys in the order of the schema, each before the keys inside of it.
 * @throws Error naming a key without a description.
 */
export function listKeys(schema: z.ZodType): ConfigKey[] {
  return listBelow(z.toJSONSchema(schema, { io: 'input' }), '');
}

function listBelow(schema: Schema, prefix: string): ConfigKey[] {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const entry = asSchema(property);
    const path = prefix === '' ? name : `${prefix}.${name}`;
    if (entry.description === undefined) throw new Error(`${path} has no description`);
    const fallback = required.has(name)
      ? undefined
      : entry.default === undefined
        ? 'not set'
        : JSON.stringify(entry.default);
    const own = { path, type: describeType(entry), fallback, description: entry.description };
    const either = (entry.anyOf ?? []).flatMap((shape) => listBelow(asSchema(shape), path));
    return [own, ...listBelow(entry, path), ...either, ...elementKeys(entry, path)];
  });
}

function elementKeys(entry: Schema, path: string): ConfigKey[] {
  if (entry.items === undefined || Array.isArray(entry.items)) return [];
  const element = asSchema(entry.items);
  return [element, ...(element.anyOf ?? []).map(asSchema)].flatMap((shape) => listBelow(shape, `${path}[]`));
}

function describeType(schema: Schema): string {
  if (schema.enum !== undefined) return schema.enum.map(String).join(' or ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.anyOf !== undefined)
    return [...new Set(schema.anyOf.map((shape) => describeType(asSchema(shape))))].join(' or ');
  const bounds = [
    schema.exclusiveMinimum === undefined ? '' : `above ${schema.exclusiveMinimum}`,
    // zod writes the bounds of a safe integer where a schema has none.
    schema.minimum === undefined || schema.minimum === Number.MIN_SAFE_INTEGER
      ? ''
      : `at least ${schema.minimum}`,
    schema.maximum === undefined || schema.maximum === Number.MAX_SAFE_INTEGER
      ? ''
      : `at most ${schema.maximum}`,
  ].filter((bound) => bound !== '');
  const types = [schema.type ?? 'anything'].flat().map((type) => WORDS[type] ?? type);
  return [types.join(' or '), ...bounds].join(', ');
}

const WORDS: Readonly<Record<string, string>> = { object: 'keys', array: 'list', integer: 'whole number' };

function asSchema(schema: Schema | boolean): Schema {
  return typeof schema === 'boolean' ? {} : schema;
}
