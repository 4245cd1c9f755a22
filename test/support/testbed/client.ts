// A bare SCIM client for the tests of the service: one request, its answer as it came.
import { afterEach } from 'vitest';
import { startTestbed, type Testbed, type TestbedOptions } from '../../../src/testbed/service.ts';

export const USER_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const GROUP_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:Group';
export const COREWEAVE = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON, of whatever shape the test expects; null if it is none. */
  readonly body: ReturnType<typeof JSON.parse>;
}

export interface Client {
  readonly testbed: Testbed;
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  admin(method: string, path: string, body?: unknown): Promise<Answer>;
}

const running: Testbed[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((testbed) => testbed.close()));
});

/** Starts a testbed that ends with the test. */
export async function connect(options: TestbedOptions = {}): Promise<Client> {
  const testbed = await startTestbed(options);
  running.push(testbed);
  return {
    testbed,
    send: (method, path, body, headers) =>
      request(`${testbed.baseUrl}${path}`, method, body, {
        authorization: `Bearer ${testbed.token}`,
        'content-type': 'application/scim+json',
        ...headers,
      }),
    admin: (method, path, body) => request(`${testbed.adminUrl}${path}`, method, body, {}),
  };
}

async function request(
  url: string,
  method: string,
  body: unknown,
  headers: Record<string, string>,
): Promise<Answer> {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array || body === undefined;
  const response = await fetch(url, {
    headers,
    method,
    ...(body === undefined
      ? {}
      : { body: isRaw ? (body as string | Uint8Array<ArrayBuffer>) : JSON.stringify(body) }),
  });
  const text = await response.text();
  let parsed: unknown = null;
  try {
    parsed = JSON.parse(text);
  } catch {
    // Not every answer is JSON: `text` has it.
  }
  return { status: response.status, headers: response.headers, text, body: parsed };
}
