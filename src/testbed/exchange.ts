// One HTTP exchange reduced to data: a request that was read within bounds, a reply to be sent.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ScimError, renderError } from './protocol/scim-error.ts';

export const SCIM_TYPE = 'application/scim+json';

export interface Request {
  readonly method: string;
  /** Decoded path segments, without empty ones. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  /** The request's target as it came. */
  readonly target: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** null: none, as with 204. */
  readonly body: string | Buffer | null;
}

/** Bytes of a body that are kept; what is beyond is read and thrown away, so that the refusal gets through. */
const MAX_BODY = 8 * 1024 * 1024;
const MAX_THROWN_AWAY = 64 * 1024 * 1024;

/**
 * Reads the whole request.
 * @throws ScimError 413 for a body beyond 8 MiB, 404 for a path that is not percent-encoded UTF-8.
 */
export async function readRequest(message: IncomingMessage): Promise<Request> {
  const target = message.url ?? '/';
  const [path, query] = splitOnce(target, '?');
  const body = await readBody(message);
  let segments: string[];
  try {
    segments = path.split('/').filter(Boolean).map(decodeURIComponent);
  } catch (cause) {
    throw new ScimError(404, null, 'the path is not percent-encoded UTF-8', { cause });
  }
  return {
    method: message.method ?? 'GET',
    segments,
    query: new URLSearchParams(query),
    target,
    headers: message.headers,
    body,
  };
}

async function readBody(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY) chunks.push(chunk);
    else if (size > MAX_THROWN_AWAY) break;
  }
  if (size > MAX_BODY) throw new ScimError(413, null, `the body is larger than ${MAX_BODY} bytes`);
  return Buffer.concat(chunks);
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** A reply with a SCIM message for its body; text is taken to be JSON already. */
export function replyJson(
  status: number,
  body: object | string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  const isReady = typeof body === 'string' || Buffer.isBuffer(body);
  return {
    status,
    headers: { 'content-type': SCIM_TYPE, ...headers },
    body: isReady ? body : JSON.stringify(body),
  };
}

/** Any failure as a reply; what is not a refusal is a defect of the service and answered 500. */
export function replyError(error: unknown): Reply {
  const refusal =
    error instanceof ScimError
      ? error
      : new ScimError(
          500,
          null,
          `the service failed: ${error instanceof Error ? error.message : String(error)}`,
        );
  return replyJson(
    refusal.status,
    renderError(refusal),
    refusal.status === 401 ? { 'www-authenticate': 'Bearer realm="scim"' } : {},
  );
}

/** Sends a reply; HEAD gets the headers alone. */
export function sendReply(response: ServerResponse, reply: Reply, method: string): void {
  const length = reply.body === null ? 0 : Buffer.byteLength(reply.body);
  response.writeHead(reply.status, {
    ...reply.headers,
    ...(reply.status === 204 ? {} : { 'content-length': String(length) }),
  });
  if (reply.body === null || method === 'HEAD') response.end();
  else response.end(reply.body);
}
