// The record of the last requests with their answers, for the admin address and the provisioning log.
import type { Reply, Request } from './exchange.ts';
import type { Token } from './tokens.ts';

export interface LoggedRequest {
  /** ISO time. */
  readonly at: string;
  readonly method: string;
  readonly target: string;
  readonly status: number;
  /** Name of the token. */
  readonly token: string;
  readonly userAgent: string | null;
  /** The refusal's `detail`, or null. */
  readonly detail: string | null;
}

export interface RequestLog {
  add(request: Request, token: Token, reply: Reply): void;
  list(): readonly LoggedRequest[];
  clear(): void;
}

const KEPT = 2000;

/** @param now epoch milliseconds. */
export function createRequestLog(now: () => number): RequestLog {
  let lines: LoggedRequest[] = [];
  return {
    add(request, token, reply) {
      lines.push({
        at: new Date(now()).toISOString(),
        method: request.method,
        target: request.target,
        status: reply.status,
        token: token.name,
        userAgent: request.headers['user-agent'] ?? null,
        detail: reply.status >= 400 ? readDetail(reply) : null,
      });
      if (lines.length > 2 * KEPT) lines = lines.slice(-KEPT);
    },
    list: () => lines.slice(-KEPT),
    clear() {
      lines = [];
    },
  };
}

function readDetail(reply: Reply): string | null {
  if (typeof reply.body !== 'string' || !reply.body.startsWith('{')) return null;
  const { detail } = JSON.parse(reply.body) as { detail?: unknown };
  return typeof detail === 'string' ? detail : null;
}
