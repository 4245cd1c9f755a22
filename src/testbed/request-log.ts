// The provisioning log: the last requests with what was sent and what was answered, for the admin address.
import { SCIM_TYPE, type Reply, type Request } from './exchange.ts';
import { redactPrivateKeys } from './keys/private-keys.ts';
import type { Role, Token } from './tokens.ts';

export interface LoggedRequest {
  /** ISO time. */
  readonly at: string;
  readonly method: string;
  readonly target: string;
  readonly status: number;
  /** Name of the token; null if it was none of this organisation. */
  readonly token: string | null;
  readonly role: Role | null;
  readonly userAgent: string | null;
  /** The refusal's `detail`, or null. */
  readonly detail: string | null;
  /** The start of both bodies, passwords left out; what was read by a GET is not kept. */
  readonly sent: string | null;
  readonly answered: string | null;
}

/** Which lines are wanted; null: any. */
export interface LogQuery {
  readonly method: string | null;
  readonly token: string | null;
  /** Only refusals and failures. */
  readonly isFailed: boolean;
  /** So many of the latest. */
  readonly last: number;
}

export interface RequestLog {
  add(request: Request, token: Token | null, reply: Reply): void;
  /** Oldest first. */
  list(query?: Partial<LogQuery>): readonly LoggedRequest[];
  clear(): void;
}

const KEPT = 2000;
const KEPT_CHARACTERS = 2000;

/** @param now epoch milliseconds. */
export function createRequestLog(now: () => number): RequestLog {
  let lines: LoggedRequest[] = [];
  return {
    add(request, token, reply) {
      const isRead = request.method === 'GET' && reply.status < 300;
      lines.push({
        at: new Date(now()).toISOString(),
        method: request.method,
        target: request.target,
        status: reply.status,
        token: token?.name ?? null,
        role: token?.role ?? null,
        userAgent: request.headers['user-agent'] ?? null,
        detail: reply.status >= 400 ? readDetail(reply) : null,
        sent: quote(request.body),
        answered: isRead ? null : quote(reply.body),
      });
      if (lines.length > 2 * KEPT) lines = lines.slice(-KEPT);
    },
    list({ method = null, token = null, isFailed = false, last = KEPT } = {}) {
      const wanted = lines
        .slice(-KEPT)
        .filter(
          (line) =>
            (method === null || line.method === method) &&
            (token === null || line.token === token) &&
            (!isFailed || line.status >= 400),
        );
      return last <= 0 ? [] : wanted.slice(-last);
    },
    clear() {
      lines = [];
    },
  };
}

function quote(body: string | Buffer | null): string | null {
  if (body === null || body.length === 0) return null;
  const text = spellOut(body.toString('utf8'));
  const start = redactPrivateKeys(text).slice(0, KEPT_CHARACTERS);
  return start.replaceAll(/("password"\s*:\s*)"(?:[^"\\]|\\.)*"?/gi, '$1"(left out)"');
}

/** A secret could be written in JSON's escapes, and not be found. */
function spellOut(text: string): string {
  if (!text.includes('\\u')) return text;
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}

function readDetail(reply: Reply): string | null {
  if (typeof reply.body !== 'string' || reply.headers['content-type'] !== SCIM_TYPE) return null;
  const [, detail] = /"detail":("(?:[^"\\]|\\.)*")/.exec(reply.body) ?? [];
  return detail === undefined ? null : (JSON.parse(detail) as string);
}
