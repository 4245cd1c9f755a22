// The admin address: what a test or a rehearsal does to the service behind the clients' backs.
import { replyJson, type Reply, type Request } from './exchange.ts';
import { parseBody, type Json, type JsonObject } from './json.ts';
import type { Faults } from './faults.ts';
import type { Organisation } from './organisation.ts';
import type { RequestLog } from './request-log.ts';
import { ScimError } from './scim-error.ts';
import { seedOrganisation } from './seed.ts';
import { changeSettings, type Settings } from './settings.ts';
import type { Tokens } from './tokens.ts';

export interface AdminContext {
  readonly organisation: Organisation;
  readonly tokens: Tokens;
  readonly log: RequestLog;
  readonly faults: Faults;
  settings: Settings;
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
    case 'GET /faults':
      return replyJson(200, { faults: context.faults.list() });
    case 'POST /faults':
      return replyJson(201, context.faults.add(parseBody(request.body)));
    case 'DELETE /faults':
      context.faults.clear();
      return DONE;
    case 'GET /settings':
      return replyJson(200, context.settings);
    case 'PATCH /settings':
      context.settings = changeSettings(context.settings, parseBody(request.body));
      return replyJson(200, context.settings);
    case 'GET /tokens':
      return replyJson(200, { tokens: context.tokens.list() });
    case 'POST /tokens':
      return issueToken(context, parseBody(request.body));
    default:
      return answerOne(context, request.method, segments);
  }
}

function answerOne(context: AdminContext, method: string, segments: readonly string[]): Reply {
  const [kind, name = ''] = segments;
  const isKnown =
    method === 'DELETE' &&
    segments.length === 2 &&
    ((kind === 'faults' && context.faults.clear(Number(name))) ||
      (kind === 'tokens' && context.tokens.revoke(name)));
  if (isKnown) return DONE;
  throw new ScimError(404, null, `the admin address has no ${method} /${segments.join('/')}`);
}

/** The token's text is in this answer and nowhere else. */
function issueToken({ tokens }: AdminContext, { name, role }: JsonObject): Reply {
  if (typeof name !== 'string' || name === '' || (role !== 'provisioning' && role !== 'read-only')) {
    throw new ScimError(400, 'invalidValue', 'a token has a name and a role: provisioning or read-only');
  }
  if (tokens.list().some((token) => token.name === name)) {
    throw new ScimError(409, 'uniqueness', `there is a token named ${name}; revoke it first`);
  }
  return replyJson(201, { name, role, token: tokens.issue(name, role) });
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
