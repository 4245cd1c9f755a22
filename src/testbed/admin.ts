// The admin address: what a test or a rehearsal does to the service behind the clients' backs.
import { replyJson, type Reply, type Request } from './exchange.ts';
import { parseBody, type Json, type JsonObject } from './json.ts';
import type { Organisation } from './organisation.ts';
import type { RequestLog } from './request-log.ts';
import { ScimError } from './scim-error.ts';
import { seedOrganisation } from './seed.ts';
import type { Tokens } from './tokens.ts';

export interface AdminContext {
  readonly organisation: Organisation;
  readonly tokens: Tokens;
  readonly log: RequestLog;
}

const DONE: Reply = { status: 204, headers: {}, body: null };

/**
 * Answers a request to the admin address.
 * @param segments the path below it.
 * @throws ScimError for every refusal.
 */
export function answerAdmin(context: AdminContext, request: Request, segments: readonly string[]): Reply {
  const route = `${request.method} /${segments.join('/')}`;
  switch (route) {
    case 'GET /requests':
      return replyJson(200, { requests: context.log.list() });
    case 'DELETE /requests':
      context.log.clear();
      return DONE;
    case 'POST /seed':
      return seed(context, parseBody(request.body));
    default:
      throw new ScimError(404, null, `the admin address has no ${route}`);
  }
}

function seed({ organisation }: AdminContext, body: JsonObject): Reply {
  const started = performance.now();
  seedOrganisation(organisation, {
    users: readCount(body['users'], 'users', 0),
    groups: readCount(body['groups'], 'groups', 0),
    membersPerGroup: readCount(body['membersPerGroup'], 'membersPerGroup', 100),
  });
  return replyJson(200, {
    users: organisation.users.size(),
    groups: organisation.groups.size(),
    seconds: Number(((performance.now() - started) / 1000).toFixed(3)),
  });
}

function readCount(value: Json | undefined, name: string, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 1_000_000) return value;
  throw new ScimError(400, 'invalidValue', `${name} must be a count up to a million`);
}
