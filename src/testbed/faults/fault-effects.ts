// What each fault does to the question before it is answered, and to the answer.
import type { Reply, Request } from '../exchange.ts';
import type { Fault } from './fault.ts';
import type { ActiveFault } from './faults.ts';
import { distortList } from './fault-lists.ts';
import { isObject, type JsonObject } from '../protocol/json.ts';
import { ScimError } from '../protocol/scim-error.ts';
import { replyError, replyJson } from '../exchange.ts';

/** The question as a store with these faults understands it. */
export function distortRequest(request: Request, strikes: readonly ActiveFault[]): Request {
  if (strikes.length === 0) return request;
  const query = new URLSearchParams(request.query);
  for (const { fault } of strikes) {
    if (fault.kind === 'ignored-filter') query.delete('filter');
    const filter = query.get('filter');
    if (fault.kind === 'standing' && filter !== null)
      query.set('filter', filter.replaceAll(/meta\.lastModified/gi, 'meta.created'));
    if (fault.kind === 'short') {
      const asked = Number(query.get('count') ?? fault.most);
      query.set('count', String(Math.min(asked, fault.most)));
    }
    const start = Number(query.get('startIndex') ?? 1);
    if (fault.kind === 'shifted' && start > 1) query.set('startIndex', String(start - fault.by));
  }
  return { ...request, query };
}

/** The answer as a store with these faults gives it. */
export function distortReply(reply: Reply, strikes: readonly ActiveFault[], now: number): Reply {
  let distorted = reply;
  for (const strike of strikes) {
    distorted = replaceReply(strike.fault, distorted, now) ?? distortBody(strike, distorted);
  }
  return distorted;
}

/** Another answer altogether; null if this fault leaves the answer's form alone. */
function replaceReply(fault: Fault, reply: Reply, now: number): Reply | null {
  if (fault.kind === 'status') {
    const refusal = replyError(new ScimError(fault.status, null, 'the fault asked for'));
    const wait = fault.retryAfter === null ? {} : { 'retry-after': writeRetryAfter(fault, now) };
    return { ...refusal, headers: { ...refusal.headers, ...wait, ...fault.headers } };
  }
  if (fault.kind === 'html') {
    return {
      status: fault.status,
      headers: { 'content-type': 'text/html; charset=utf-8' },
      body: '<!doctype html><title>Down</title><p>We will be back soon.</p>',
    };
  }
  if (fault.kind === 'error-200') {
    return { ...replyError(new ScimError(500, null, 'the fault asked for')), status: 200 };
  }
  if (fault.kind === 'not-json') {
    return { ...reply, body: '{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListRes' };
  }
  if (fault.kind === 'media-type') {
    return { ...reply, headers: { ...reply.headers, 'content-type': fault.type } };
  }
  return null;
}

function writeRetryAfter(fault: Extract<Fault, { kind: 'status' }>, now: number): string {
  const seconds = fault.retryAfter ?? 0;
  return fault.retryAfterForm === 'date' ? new Date(now + seconds * 1000).toUTCString() : String(seconds);
}

function distortBody(strike: ActiveFault, reply: Reply): Reply {
  if (reply.body === null || reply.status >= 300) return reply;
  const { fault } = strike;
  if (TRANSPORT_ONLY.has(fault.kind)) return reply;
  const body = JSON.parse(reply.body.toString()) as unknown;
  if (!isObject(body)) return reply;
  const distorted = distortList(fault, strike.struck, body) ?? distortResource(fault, body);
  return distorted === null ? reply : replyJson(reply.status, distorted, reply.headers);
}

/** Faults for which the body need not be taken apart. */
const TRANSPORT_ONLY: ReadonlySet<string> = new Set(
  'delay drip cut reset clock ignored-filter short shifted'.split(' '),
);

/** One resource, or each of a list, changed as the fault says; null if it is not about resources. */
function distortResource(fault: Fault, body: JsonObject): JsonObject | string | null {
  if (fault.kind === 'giant') {
    const text = JSON.stringify(body);
    return `${text.slice(0, -1)},"padding":"${'x'.repeat(Math.max(fault.bytes - text.length, 0))}"}`;
  }
  if (fault.kind === 'deep') {
    return `${JSON.stringify(body).slice(0, -1)},"deep":${'['.repeat(fault.levels)}${']'.repeat(fault.levels)}}`;
  }
  if (!isOfResources(fault)) return null;
  const resources = body['Resources'];
  if (!Array.isArray(resources)) return distortOne(fault, body);
  return { ...body, Resources: resources.map((one) => (isObject(one) ? distortOne(fault, one) : one)) };
}

type ResourceFault = Extract<Fault, { kind: 'members-cut' | 'members-odd' | 'standing' | 'record' }>;

function isOfResources(fault: Fault): fault is ResourceFault {
  return ['members-cut', 'members-odd', 'standing', 'record'].includes(fault.kind);
}

function distortOne(fault: ResourceFault, resource: JsonObject): JsonObject {
  const { members, meta } = resource;
  if (fault.kind === 'members-cut')
    return Array.isArray(members) ? { ...resource, members: members.slice(0, fault.at) } : resource;
  if (fault.kind === 'members-odd')
    return Array.isArray(members)
      ? { ...resource, members: [{ value: null }, ...members, {}, { value: '' }] }
      : resource;
  if (fault.kind === 'standing')
    return isObject(meta)
      ? { ...resource, meta: { ...meta, lastModified: meta['created'] ?? null } }
      : resource;
  const names = [resource['id'], resource['userName'], resource['displayName']];
  if (!names.includes(fault.who)) return resource;
  const overlaid: JsonObject = { ...resource, ...(fault.set as JsonObject) };
  for (const name of fault.unset) delete overlaid[name];
  return overlaid;
}
