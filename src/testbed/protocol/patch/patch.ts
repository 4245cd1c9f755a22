// PATCH as the clients send it (RFC 7644 section 3.5.2; Entra in both forms, Okta): a resource and operations to a new resource.
import { findName, getAttribute } from '../attributes.ts';
import { isObject, isSame, type Json, type JsonObject } from '../json.ts';
import { foldPatchPath, parsePath, type PatchPath } from './path.ts';
import { addToValues, removeFromValues, replaceValues } from './patch-values.ts';
import { MULTI_VALUED, findExtension, spell } from '../discovery/schemas.ts';
import { ScimError } from '../scim-error.ts';

export type Verb = 'add' | 'replace' | 'remove';

const MAX_OPERATIONS = 10_000;

/** What only the service may write; as lower-case paths without sub-attributes. */
export type ReadOnly = ReadonlySet<string>;

/**
 * Applies every operation to a copy, so that an error leaves nothing half done.
 * Read-only attributes are refused where a path names them and passed over where a value only carries them,
 * as Okta sends back the `id` that it read.
 * @param resource stays as it is.
 * @param body the PatchOp message.
 * @throws ScimError 400 with the keyword of RFC 7644 table 9.
 */
export function applyPatch(resource: JsonObject, body: JsonObject, readOnly: ReadOnly): JsonObject {
  const operations = getAttribute(body, 'Operations');
  if (!Array.isArray(operations) || operations.length === 0) {
    throw new ScimError(400, 'invalidSyntax', 'a PATCH needs a list "Operations"');
  }
  if (operations.length > MAX_OPERATIONS) {
    throw new ScimError(400, 'tooMany', `more than ${MAX_OPERATIONS} operations`);
  }
  const copy = structuredClone(resource);
  for (const operation of operations) {
    if (!isObject(operation)) throw new ScimError(400, 'invalidSyntax', 'an operation is not an object');
    applyOperation(copy, operation, readOnly);
  }
  return copy;
}

function applyOperation(resource: JsonObject, operation: JsonObject, readOnly: ReadOnly): void {
  const verb = readVerb(getAttribute(operation, 'op'));
  const path = getAttribute(operation, 'path');
  const value = getAttribute(operation, 'value');
  if (path !== null && typeof path !== 'string')
    throw new ScimError(400, 'invalidPath', 'a path is not text');
  if (path !== null && path !== '') {
    const target = parsePath(path);
    if (isReadOnly(target, readOnly)) throw new ScimError(400, 'mutability', `${path} is read-only`);
    applyAt(resource, verb, target, value);
    return;
  }
  if (verb === 'remove') throw new ScimError(400, 'noTarget', 'a remove needs a path');
  if (!isObject(value)) throw new ScimError(400, 'invalidValue', `${verb} without a path needs an object`);
  for (const [name, member] of Object.entries(value)) {
    const extension = findExtension(name);
    if (extension !== null && isObject(member)) {
      for (const [inner, content] of Object.entries(member)) {
        applyMember(resource, verb, `${extension}:${inner}`, content, readOnly);
      }
    } else {
      applyMember(resource, verb, name, member, readOnly);
    }
  }
}

/** One member of a value without a path: its name may itself be a path (`name.givenName`). */
function applyMember(resource: JsonObject, verb: Verb, name: string, value: Json, readOnly: ReadOnly): void {
  const target = parsePath(name);
  if (!isReadOnly(target, readOnly)) applyAt(resource, verb, target, value);
}

function isReadOnly(path: PatchPath, readOnly: ReadOnly): boolean {
  const folded = foldPatchPath(path);
  return readOnly.has(folded) || readOnly.has(path.steps[0]?.toLowerCase() ?? '');
}

function readVerb(op: Json): Verb {
  const verb = typeof op === 'string' ? op.toLowerCase() : '';
  if (verb === 'add' || verb === 'replace' || verb === 'remove') return verb;
  throw new ScimError(400, 'invalidSyntax', `"op" is ${JSON.stringify(op)}, not add, replace or remove`);
}

function applyAt(resource: JsonObject, verb: Verb, path: PatchPath, value: Json): void {
  const [first = '', ...rest] = path.steps;
  applySteps(resource, verb, [spell(first), ...rest], path, value);
}

/** Walks down to the object that holds the attribute, making what is missing unless something is removed. */
function applySteps(
  holder: JsonObject,
  verb: Verb,
  steps: readonly string[],
  path: PatchPath,
  value: Json,
): void {
  const [step = '', ...rest] = steps;
  const name = findName(holder, step) ?? step;
  if (rest.length === 0) {
    applyHere(holder, verb, name, path, value);
    return;
  }
  const inner = getAttribute(holder, name);
  if (Array.isArray(inner) || (inner === null && MULTI_VALUED.has(name.toLowerCase()))) {
    applyToAll(holder, verb, name, rest, path, value);
    return;
  }
  if (!isObject(inner)) {
    if (verb === 'remove') return;
    holder[name] = {};
  }
  const next = getAttribute(holder, name);
  if (isObject(next)) {
    applySteps(next, verb, rest, path, value);
    if (Object.keys(next).length === 0) delete holder[name];
  }
}

/** `emails.value`: the same sub-attribute of each value. */
function applyToAll(
  holder: JsonObject,
  verb: Verb,
  name: string,
  rest: readonly string[],
  path: PatchPath,
  value: Json,
): void {
  const present = getAttribute(holder, name);
  const list = Array.isArray(present) ? present : [];
  if (list.length === 0 && verb !== 'remove') list.push({});
  for (const item of list) if (isObject(item)) applySteps(item, verb, rest, path, value);
  setList(holder, name, list);
}

function applyHere(holder: JsonObject, verb: Verb, name: string, path: PatchPath, value: Json): void {
  const present = getAttribute(holder, name);
  if (path.filter !== null) {
    if (present !== null && !Array.isArray(present)) {
      throw new ScimError(400, 'invalidPath', `${name} has one value; there is nothing to select`);
    }
    const list = present ?? [];
    const target = { steps: path.steps, filter: path.filter, sub: path.sub };
    if (verb === 'add') setList(holder, name, addToValues(list, target, value));
    else if (verb === 'replace') setList(holder, name, replaceValues(list, target, value));
    else setList(holder, name, removeFromValues(list, target));
    return;
  }
  if (verb === 'remove') removeHere(holder, name, present, value);
  else writeHere(holder, verb, name, present, value);
}

/** A value with a remove selects what goes: Entra removes members so. */
function removeHere(holder: JsonObject, name: string, present: Json, value: Json): void {
  if (!Array.isArray(present) || value === null) {
    delete holder[name];
    return;
  }
  const going = (Array.isArray(value) ? value : [value]).map(identify);
  setList(
    holder,
    name,
    present.filter((item) => !going.some((one) => isSame(one, identify(item)))),
  );
}

/** What a value is known by: its `value` where it has one. */
function identify(item: Json): Json {
  return isObject(item) ? (getAttribute(item, 'value') ?? item) : item;
}

function writeHere(holder: JsonObject, verb: Verb, name: string, present: Json, value: Json): void {
  if (value === null) {
    if (verb === 'replace') delete holder[name];
    return;
  }
  const isList = Array.isArray(present) || MULTI_VALUED.has(name.toLowerCase());
  if (isList) {
    const incoming = Array.isArray(value) ? value : [value];
    setList(holder, name, verb === 'add' && Array.isArray(present) ? append(present, incoming) : incoming);
  } else if (isObject(present) && isObject(value)) {
    for (const [sub, content] of Object.entries(value)) {
      writeHere(present, verb, findName(present, sub) ?? sub, getAttribute(present, sub), content);
    }
  } else {
    holder[name] = value;
  }
}

/** Adds what is not there yet: adding a value twice changes nothing (RFC 7644 section 3.5.2.1). */
function append(present: readonly Json[], incoming: readonly Json[]): Json[] {
  const known = new Set(present.map((item) => JSON.stringify(identify(item))));
  const fresh = incoming.filter((item) => {
    const key = JSON.stringify(identify(item));
    if (known.has(key)) return false;
    known.add(key);
    return true;
  });
  // Only one value is primary: the newest (RFC 7644 section 3.5.2).
  const isPrimaryGiven = fresh.some((item) => isObject(item) && getAttribute(item, 'primary') === true);
  const kept = isPrimaryGiven
    ? present.map((item) => (isObject(item) && item['primary'] === true ? { ...item, primary: false } : item))
    : present;
  return [...kept, ...fresh];
}

function setList(holder: JsonObject, name: string, list: Json[]): void {
  if (list.length === 0) delete holder[name];
  else holder[name] = list;
}
