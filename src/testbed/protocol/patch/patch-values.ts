// The part of PATCH that selects values by a filter: `emails[type eq "work"].value`.
import { findName, getAttribute } from '../attributes.ts';
import type { Filter } from '../filter/filter.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import { compileFilter } from '../filter/match.ts';
import type { Steps } from '../attribute-path.ts';
import { ScimError } from '../scim-error.ts';

/** Which values of a list, and which sub-attribute of theirs (null: the values themselves). */
export interface Selection {
  readonly steps: Steps;
  readonly filter: Filter;
  readonly sub: string | null;
}

/** Adds to what the filter selects; where it selects nothing, makes the value that it describes (as Entra expects). */
export function addToValues(list: readonly Json[], selection: Selection, value: Json): Json[] {
  if (value === null) return [...list];
  const { selects, sub } = open(selection);
  const changed = list.map((item) => (selects(item) ? write(item, sub, value) : item));
  if (list.some(selects)) return settlePrimary(changed, selects, sub, value);
  const made: JsonObject = {};
  describe(selection.filter, made);
  return settlePrimary([...changed, write(made, sub, value)], selects, sub, value);
}

/**
 * Replaces what the filter selects.
 * @throws ScimError 400 noTarget if it selects nothing (RFC 7644 section 3.5.2.3).
 */
export function replaceValues(list: readonly Json[], selection: Selection, value: Json): Json[] {
  const { selects, sub } = open(selection);
  if (!list.some(selects)) {
    throw new ScimError(400, 'noTarget', `no value of ${selection.steps.join('.')} fulfils the filter`);
  }
  if (value === null) return removeFromValues(list, selection);
  const changed = list.map((item) => {
    if (!selects(item)) return item;
    return sub === null ? value : write(item, sub, value);
  });
  return settlePrimary(changed, selects, sub, value);
}

/** Removes what the filter selects; nothing to remove is no error, so that a retry succeeds. */
export function removeFromValues(list: readonly Json[], selection: Selection): Json[] {
  const { selects, sub } = open(selection);
  if (sub === null) return list.filter((item) => !selects(item));
  return list
    .map((item) => {
      if (!selects(item) || !isObject(item)) return item;
      const name = findName(item, sub);
      return Object.fromEntries(Object.entries(item).filter(([own]) => own !== name));
    })
    .filter((item) => !isObject(item) || Object.keys(item).length > 0);
}

function open(selection: Selection): { selects: (item: Json) => boolean; sub: string | null } {
  const fulfils = compileFilter(selection.filter, selection.steps);
  return { selects: (item) => fulfils(isObject(item) ? item : { value: item }), sub: selection.sub };
}

function write(item: Json, sub: string | null, value: Json): Json {
  const base: JsonObject = isObject(item) ? { ...item } : { value: item };
  if (sub !== null) {
    base[findName(base, sub) ?? sub] = value;
    return base;
  }
  if (!isObject(value)) return { ...base, value };
  for (const [name, member] of Object.entries(value)) base[findName(base, name) ?? name] = member;
  return base;
}

/** What a value must have to fulfil the filter, as far as the filter says so with `eq` and `and`. */
function describe(filter: Filter, made: JsonObject): void {
  if (filter.kind === 'and') for (const term of filter.terms) describe(term, made);
  const [name, ...deeper] = filter.kind === 'compare' ? filter.path : [];
  if (filter.kind !== 'compare' || filter.op !== 'eq' || name === undefined || deeper.length > 0) return;
  made[name] = filter.value;
}

/** A value that becomes primary takes that from the others (RFC 7644 section 3.5.2). */
function settlePrimary(
  list: Json[],
  selects: (item: Json) => boolean,
  sub: string | null,
  value: Json,
): Json[] {
  const isMadePrimary =
    sub === null
      ? isObject(value) && getAttribute(value, 'primary') === true
      : /^primary$/i.test(sub) && value === true;
  if (!isMadePrimary) return list;
  return list.map((item) =>
    isObject(item) && !selects(item) && getAttribute(item, 'primary') === true
      ? { ...item, primary: false }
      : item,
  );
}
