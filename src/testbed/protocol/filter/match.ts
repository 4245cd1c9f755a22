// Whether a resource fulfils a filter: the meaning of each operator, with the schema's rules on case and time.
import { foldPath, type Steps } from '../attribute-path.ts';
import { getAttribute, getValues, isPresent } from '../attributes.ts';
import type { Comparison, Filter, Operand } from './filter.ts';
import { isObject, type Json } from '../json.ts';
import { CASE_EXACT, DATE_TIMES } from '../discovery/schemas.ts';

export type Predicate = (resource: Json) => boolean;

/**
 * Turns a filter into a function that is cheap to ask often.
 * @param within the path of the values that the filter is about; empty for whole resources.
 */
export function compileFilter(filter: Filter, within: Steps = []): Predicate {
  if (filter.kind === 'compare') return compileComparison(filter.path, filter.op, filter.value, within);
  if (filter.kind === 'present') return (resource) => getValues(resource, filter.path).some(isPresent);
  if (filter.kind === 'not') {
    const term = compileFilter(filter.term, within);
    return (resource) => !term(resource);
  }
  if (filter.kind === 'values') {
    const fulfils = compileFilter(filter.filter, [...within, ...filter.path]);
    return (resource) => getValues(resource, filter.path).some((value) => fulfils(asComplex(value)));
  }
  const terms = filter.terms.map((term) => compileFilter(term, within));
  return filter.kind === 'and'
    ? (resource) => terms.every((fulfils) => fulfils(resource))
    : (resource) => terms.some((fulfils) => fulfils(resource));
}

/** A plain value in a list is the `value` of it (RFC 7643 section 2.4). */
function asComplex(value: Json): Json {
  return isObject(value) ? value : { value };
}

function compileComparison(path: Steps, op: Comparison, operand: Operand, within: Steps): Predicate {
  const folded = foldPath([...within, ...path]);
  const holds = compileTest(folded, op, operand);
  const isOfAbsence = (op === 'eq' && operand === null) || (op === 'ne' && operand !== null);
  return (resource) => {
    const values = getValues(resource, path);
    if (values.length === 0) return isOfAbsence;
    return values.some((value) => holds(isObject(value) ? getAttribute(value, 'value') : value));
  };
}

function compileTest(path: string, op: Comparison, operand: Operand): (value: Json) => boolean {
  if (typeof operand === 'string' && DATE_TIMES.has(path)) {
    const moment = Date.parse(operand);
    if (!Number.isNaN(moment) && !['co', 'sw', 'ew'].includes(op)) {
      return (value) => typeof value === 'string' && holds(op, Date.parse(value), moment);
    }
  }
  if (typeof operand === 'string') {
    const fold = CASE_EXACT.has(path) ? (text: string) => text : (text: string) => text.toLowerCase();
    const wanted = fold(operand);
    return (value) => {
      if (typeof value === 'boolean') return holdsForBoolean(op, value, operand);
      return typeof value === 'string' ? holdsForText(op, fold(value), wanted) : op === 'ne';
    };
  }
  if (typeof operand === 'number') {
    return (value) => (typeof value === 'number' ? holds(op, value, operand) : op === 'ne');
  }
  return (value) => (value === operand) === (op === 'eq');
}

/**
 * CoreWeave's own example for nsscache asks `active eq "true"`, as if the attribute were text. RFC 7644 section 3.4.2.2
 * compares a boolean with the JSON literal only; here its text in either case counts as the literal, for `eq` and `ne`.
 */
function holdsForBoolean(op: Comparison, value: boolean, operand: string): boolean {
  const isSame = operand.toLowerCase() === String(value);
  return op === 'eq' ? isSame : op === 'ne' && !isSame;
}

function holdsForText(op: Comparison, value: string, wanted: string): boolean {
  if (op === 'co') return value.includes(wanted);
  if (op === 'sw') return value.startsWith(wanted);
  if (op === 'ew') return value.endsWith(wanted);
  return holds(op, value, wanted);
}

function holds<T extends string | number>(op: Comparison, value: T, wanted: T): boolean {
  if (op === 'eq') return value === wanted;
  if (op === 'ne') return value !== wanted;
  if (op === 'gt') return value > wanted;
  if (op === 'ge') return value >= wanted;
  if (op === 'lt') return value < wanted;
  return op === 'le' && value <= wanted;
}
