// The record of the last requests with their answers, for the admin address and the provisioning log.
import { SCIM_TYPE, type Reply, type Request } from './exchange.ts';
import type { Token } from './tokens.ts';

export interface LoggedRequest {
  /** ISO time. */
  readonly at: string;
  readonly method: string;
  readonly target: string;
  readonly status: number;
  /** Name of the token; null if it was none of ours. */
  readonly token: string | null;
  readonly userAgent: string | null;
  /** The refusal's `detail`, or null. */
  readonly detail: string | null;
}

export interface RequestLog {
  add(request: Request, token: Token | null, reply: Reply): void;
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
        token: token?.name ?? null,
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
  if (typeof reply.body !== 'string' || reply.headers['content-type'] !== SCIM_TYPE) return null;
  const [, detail] = /"detail":("(?:[^"\\]|\\.)*")/.exec(reply.body) ?? [];
  return detail === undefined ? null : (JSON.parse(detail) as string);
}
