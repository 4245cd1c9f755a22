// The SCIM service below its base URL: who may do what, the true answer, and the faults that were asked for.
import { authorise, checkRole } from './auth.ts';
import { replyError, replyJson, type Reply, type Request } from './exchange.ts';
import { distortReply, distortRequest } from './faults/fault-effects.ts';
import type { ActiveFault } from './faults/faults.ts';
import { getValues } from './protocol/attributes.ts';
import { describeService } from './protocol/discovery/discovery.ts';
import { createEvents } from './protocol/events.ts';
import { parseBody } from './protocol/json.ts';
import { createPreparedPages } from './protocol/prepared-pages.ts';
import { createRenderer } from './protocol/render.ts';
import type { Organisation } from './protocol/resources/organisation.ts';
import { answerScim } from './protocol/scim-routes.ts';
import { checkSwitches } from './settings.ts';
import type { Token } from './tokens.ts';
import type { Workspace } from './workspace.ts';

export interface ScimServiceOptions {
  readonly defaultPageSize?: number;
  readonly maxPageSize?: number;
  /** Seconds for which a cursor is good. */
  readonly cursorTimeout?: number;
  /** Milliseconds for which a poll for events is held open. */
  readonly pollWait?: number;
}

export interface ScimService {
  /**
   * The answer as it is sent: faults bend the question and the answer, and the log has what was sent.
   * @param segments of the path below the base URL.
   */
  answer(request: Request, segments: readonly string[], strikes: readonly ActiveFault[]): Promise<Reply>;
}

/** @param now epoch milliseconds. */
export function createScimService(
  workspace: Workspace,
  baseUrl: string,
  options: ScimServiceOptions,
  now: () => number,
): ScimService {
  const { organisation, tokens, readers, log } = workspace;
  const cursorTimeout = options.cursorTimeout ?? 3600;
  const limits = {
    defaultPageSize: options.defaultPageSize ?? 100,
    maxPageSize: options.maxPageSize ?? 1000,
    cursorTimeout,
  };
  const renderer = createRenderer(baseUrl, () =>
    workspace.settings.memberNames ? nameUsers(organisation) : null,
  );
  const prepared = createPreparedPages(cursorTimeout / 2);
  // With their names, members change without a change of the group.
  const fresh: typeof prepared = { take: (_collection, _view, _query, _now, make) => make() };
  const events = createEvents(baseUrl, options.pollWait ?? 30_000, now);
  organisation.onChange((change) => events.publish(change));

  /** The true answer to an authenticated request. */
  async function answerTruly(request: Request, bearer: Token, segments: readonly string[]): Promise<Reply> {
    const { settings } = workspace;
    checkSwitches(settings, bearer.role);
    const [endpoint, receiver = bearer.name] = segments;
    if (endpoint === 'SecurityEvents' && request.method === 'POST' && settings.events) {
      const sets = await events.poll(receiver, parseBody(request.body));
      return replyJson(200, sets, { 'content-type': 'application/json' });
    }
    checkRole(bearer, request);
    const offer = { ...limits, cursorPaging: settings.cursorPaging };
    const described =
      request.method === 'GET'
        ? describeService({ baseUrl, settings, limits: offer }, segments, request.query)
        : null;
    if (described !== null) return replyJson(200, described);
    const pages = settings.memberNames ? fresh : prepared;
    const view = bearer.role === 'read-only' ? 'all' : 'pushed';
    return answerScim({ organisation, renderer, pages, view, now, limits: offer }, request, segments);
  }

  return {
    async answer(request, segments, strikes) {
      let bearer: Token | null = null;
      let reply: Reply;
      try {
        bearer = authorise(tokens, request);
        reply = await answerTruly(distortRequest(request, strikes), bearer, segments);
      } catch (error) {
        reply = replyError(error);
      }
      const bent = distortReply(reply, strikes, now());
      log.add(request, bearer, bent);
      if (bearer?.role === 'read-only') readers.note(request, bearer, bent.status);
      return bent;
    },
  };
}

/** The userName of a user by id. */
function nameUsers({ users }: Organisation): (id: string) => string | null {
  return (id) => {
    const [name] = getValues(users.get(id)?.resource ?? null, ['userName']);
    return typeof name === 'string' ? name : null;
  };
}
