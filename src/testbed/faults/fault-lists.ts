// Faults of a ListResponse: pages and totals that are not what they claim to be.
import type { Fault } from './fault.ts';
import type { JsonObject } from '../protocol/json.ts';

/** The list with the fault; null if the body is no list or the fault is not about lists. */
export function distortList(fault: Fault, struck: number, body: JsonObject): JsonObject | null {
  const resources = body['Resources'];
  if (!Array.isArray(resources)) return null;
  const { kind } = fault;
  if (kind === 'missing') {
    return { ...body, Resources: resources.slice(0, Math.max(resources.length - fault.by, 0)) };
  }
  if (kind === 'doubled') {
    return { ...body, itemsPerPage: 2 * resources.length, Resources: [...resources, ...resources] };
  }
  if (kind === 'empty') {
    return { ...without(body, 'nextCursor'), totalResults: 0, itemsPerPage: 0, Resources: [] };
  }
  if (kind === 'cursor-loop') return { ...body, nextCursor: 'again' };
  if (kind === 'lower-case') return { ...without(body, 'Resources'), resources };
  if (kind === 'no-total') return without(body, 'totalResults');
  if (kind === 'page-total') return { ...body, totalResults: resources.length };
  if (kind === 'unstable-total') {
    return { ...body, totalResults: Number(body['totalResults']) + fault.by * struck };
  }
  return null;
}

function without(body: JsonObject, name: string): JsonObject {
  return Object.fromEntries(Object.entries(body).filter(([own]) => own !== name));
}
