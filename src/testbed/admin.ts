// The admin address: what a test or a rehearsal does to the service behind the clients' backs.
import { replyJson, type Reply, type Request } from './exchange.ts';
import type { Console } from './console/console.ts';
import { parseBody, type Json, type JsonObject } from './protocol/json.ts';
import type { RequestLog } from './request-log.ts';
import { ScimError } from './protocol/scim-error.ts';
import { seedOrganisation } from './seed.ts';
import { changeSettings } from './settings.ts';
import type { Workspace } from './workspace.ts';

const DONE: Reply = { status: 204, headers: {}, body: null };

/**
 * Answers a request to the admin address.
 * @param segments the path below it.
 * @throws ScimError for every refusal.
 */
export function answerAdmin(
  context: Workspace,
  makeLink: Console['makeLink'],
  request: Request,
  segments: readonly string[],
): Reply {
  const route = `${request.method} /${segments.join('/')}`;
  switch (route) {
    case 'GET /requests':
      return replyJson(200, { requests: listRequests(context, request.query) });
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
    case 'GET /readers':
      return replyJson(200, { readers: context.readers.list() });
    case 'POST /console-link':
      return replyJson(201, { url: makeLink() });
    case 'GET /policy-groups':
      return replyJson(200, { groups: context.policyGroups.list() });
    case 'POST /policy-groups':
      return createPolicyGroup(context, parseBody(request.body));
    default:
      return answerOne(context, request, segments);
  }
}

function answerOne(context: Workspace, request: Request, segments: readonly string[]): Reply {
  const [kind = '', name = '', part, ...more] = segments;
  const route = `${request.method} /${[kind, '*', ...(part === undefined ? [] : [part]), ...more].join('/')}`;
  switch (route) {
    case 'PUT /users/*/keys':
      return replyJson(200, { keys: setKeys(context, name, parseBody(request.body)) });
    case 'DELETE /policy-groups/*':
      context.policyGroups.remove(name);
      return DONE;
    case 'DELETE /faults/*':
      return confirm(context.faults.clear(Number(name)), `fault ${name}`);
    case 'DELETE /tokens/*':
      return confirm(context.tokens.revoke(name), `token ${name}`);
    default:
      throw new ScimError(404, null, `the admin address has no ${request.method} /${segments.join('/')}`);
  }
}

function confirm(isDone: boolean, what: string): Reply {
  if (!isDone) throw new ScimError(404, null, `there is no ${what}`);
  return DONE;
}

function createPolicyGroup({ policyGroups }: Workspace, { name, policies = [] }: JsonObject): Reply {
  if (typeof name !== 'string' || name === '' || !isTextList(policies)) {
    throw new ScimError(400, 'invalidValue', 'a group has a name and a list of policies');
  }
  return replyJson(201, policyGroups.create(name, policies));
}

/** The keys that a person adds in the console. */
function setKeys({ organisation }: Workspace, id: string, { keys }: JsonObject): readonly string[] {
  if (!isTextList(keys)) throw new ScimError(400, 'invalidValue', 'keys is a list of public keys');
  return organisation.setConsoleKeys(id, keys).consoleKeys;
}

function isTextList(value: Json | undefined): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** The token's text is in this answer and nowhere else. */
function issueToken({ tokens }: Workspace, { name, role }: JsonObject): Reply {
  if (typeof name !== 'string' || name === '' || (role !== 'provisioning' && role !== 'read-only')) {
    throw new ScimError(400, 'invalidValue', 'a token has a name and a role: provisioning or read-only');
  }
  return replyJson(201, { name, role, token: tokens.issue(name, role) });
}

/** `method`, `token`, `failed=true` and `last=N` narrow the record. */
function listRequests({ log }: Workspace, query: URLSearchParams): ReturnType<RequestLog['list']> {
  const last = query.get('last');
  return log.list({
    method: query.get('method'),
    token: query.get('token'),
    isFailed: query.get('failed') === 'true',
    ...(last === null ? {} : { last: readCount(Number(last), 'last', 0) }),
  });
}

function seed({ organisation }: Workspace, body: JsonObject): Reply {
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
