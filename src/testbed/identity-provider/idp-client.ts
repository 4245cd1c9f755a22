// How an identity provider speaks to a SCIM service, and its provisioning log: each step with its outcome.
import { isObject, type Json, type JsonObject } from '../protocol/json.ts';

/** One line of the provisioning log. */
export interface LogLine {
  /** A userPrincipalName, a group's name, or the object id of what is gone here. */
  readonly object: string;
  readonly action: string;
  readonly outcome: 'success' | 'failure' | 'skipped';
  readonly status: number | null;
  /** The service's `detail`, or why nothing was done. */
  readonly detail: string;
  /** A membership failed, not the object: such failures lead to no quarantine. */
  readonly isMemberFailure: boolean;
}

export interface ScimAnswer {
  readonly status: number;
  readonly body: JsonObject;
}

export interface IdpClient {
  /** @throws Error only if there was no answer at all. */
  send(method: string, path: string, body?: JsonObject): Promise<ScimAnswer>;
}

/** A request that was refused; the cycle notes it at its object and goes on with the next. */
export class ProvisioningError extends Error {
  readonly status: number;

  constructor(answer: ScimAnswer) {
    const { detail } = answer.body;
    super(typeof detail === 'string' ? detail : `status ${answer.status}`);
    this.name = 'ProvisioningError';
    this.status = answer.status;
  }
}

/** A membership that was refused. */
export class MemberError extends ProvisioningError {}

/** @param baseUrl the SCIM Base URL, without a query. */
export function createIdpClient(baseUrl: string, token: string, userAgent: string): IdpClient {
  return {
    async send(method, path, body) {
      const response = await reach(baseUrl + path, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/scim+json',
          'user-agent': userAgent,
          ...(body === undefined ? {} : { 'content-type': 'application/scim+json; charset=utf-8' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: readBody(await response.text()) };
    },
  };
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    const { cause = error } = error instanceof Error ? error : { cause: error };
    const why = cause instanceof Error ? cause.message : String(cause);
    const hint = 'compare the Tenant URL with the SCIM Base URL, and see that the service runs';
    throw new Error(`no answer from ${url}: ${why}; ${hint}`, { cause: error });
  }
}

function readBody(text: string): JsonObject {
  try {
    const value = JSON.parse(text) as Json;
    return isObject(value) ? value : {};
  } catch {
    return { detail: text.slice(0, 200) };
  }
}

/**
 * Sends and insists on success.
 * @throws ProvisioningError with the service's own words.
 */
export async function insist(
  client: IdpClient,
  method: string,
  path: string,
  body?: JsonObject,
): Promise<JsonObject> {
  const answer = await client.send(method, path, body);
  if (answer.status >= 200 && answer.status < 300) return answer.body;
  throw new ProvisioningError(answer);
}

/** The first resource that a filter finds, or null. A service that ignores the filter must not be believed. */
export async function find(
  client: IdpClient,
  path: string,
  attribute: string,
  value: string,
): Promise<JsonObject | null> {
  const filter = encodeURIComponent(`${attribute} eq ${JSON.stringify(value)}`).replaceAll('%20', '+');
  const list = await insist(client, 'GET', `${path}${path.includes('?') ? '&' : '?'}filter=${filter}`);
  const resources = Array.isArray(list['Resources']) ? list['Resources'].filter(isObject) : [];
  const same = resources.filter((one) => sameText(one[attribute] ?? null, value));
  return same[0] ?? null;
}

function sameText(one: Json, other: string): boolean {
  return typeof one === 'string' && one.toLowerCase() === other.toLowerCase();
}

/** Does one object's work; what was done, or why it failed, becomes a line of the log. null: there was nothing to do. */
export async function noteOutcome(
  log: LogLine[],
  object: string,
  work: () => Promise<string | null>,
): Promise<void> {
  try {
    const action = await work();
    if (action !== null)
      log.push({ object, action, outcome: 'success', status: null, detail: '', isMemberFailure: false });
  } catch (error) {
    const status = error instanceof ProvisioningError ? error.status : null;
    const detail = error instanceof Error ? error.message : String(error);
    const isMemberFailure = error instanceof MemberError;
    log.push({ object, action: 'export', outcome: 'failure', status, detail, isMemberFailure });
  }
}

/** DELETE; what is gone already is as good. */
export async function removeResource(client: IdpClient, path: string): Promise<void> {
  const answer = await client.send('DELETE', path);
  if (answer.status !== 404 && answer.status >= 300) throw new ProvisioningError(answer);
}

export function readId(resource: JsonObject): string {
  if (typeof resource['id'] === 'string') return resource['id'];
  throw new Error('the service answered a resource without an id');
}
