// The testbed as a whole: an HTTP server on loopback with the SCIM service, its console and its admin address.
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerAdmin } from './admin.ts';
import { createConsole } from './console/console.ts';
import { describeService } from './protocol/discovery/discovery.ts';
import { authorise, checkRole } from './auth.ts';
import { createEvents } from './protocol/events.ts';
import { readRequest, replyError, replyJson, sendReply, type Reply, type Request } from './exchange.ts';
import { distortReply, distortRequest } from './faults/fault-effects.ts';
import { sendWithFaults } from './faults/fault-transport.ts';
import type { ActiveFault } from './faults/faults.ts';
import { parseBody } from './protocol/json.ts';
import { listen, stopListening } from './listen.ts';
import { createPreparedPages } from './protocol/prepared-pages.ts';
import { createRenderer } from './protocol/render.ts';
import { answerScim } from './protocol/scim-routes.ts';
import { ScimError } from './protocol/scim-error.ts';
import { checkSwitches } from './settings.ts';
import { openStateFile, readStateFile } from './state-file.ts';
import type { Token } from './tokens.ts';
import { createWorkspace, dumpWorkspace, type WorkspaceOptions } from './workspace.ts';

export interface TestbedOptions extends WorkspaceOptions {
  /** Port on 127.0.0.1; 0, the default, takes a free one. */
  readonly port?: number;
  /** Organisation id in the base URL. */
  readonly org?: string;
  readonly defaultPageSize?: number;
  readonly maxPageSize?: number;
  /** Seconds for which a cursor is good. */
  readonly cursorTimeout?: number;
  /** Milliseconds for which a poll for events is held open. */
  readonly pollWait?: number;
  /** A file that keeps the workspace over a restart; by default nothing is kept. */
  readonly stateFile?: string;
}

export interface Testbed {
  /** `http://127.0.0.1:PORT/scim/ORG` */
  readonly baseUrl: string;
  /** May read and write; empty where there is none whose text is known. */
  readonly token: string;
  /** May only read: what a login node gets; empty like the other. */
  readonly readToken: string;
  /** Faults, seeds, switches and the record of requests; every client that knows the address may use it. */
  readonly adminUrl: string;
  /** Makes the first visitor an administrator of the console. */
  readonly consoleUrl: string;
  close(): Promise<void>;
}

/**
 * Starts the service and resolves once it listens.
 * @throws the system's error if the port is taken.
 */
export async function startTestbed(options: TestbedOptions = {}): Promise<Testbed> {
  const org = options.org ?? 'ab1cd2';
  const now = options.now ?? Date.now;
  const { stateFile } = options;
  const saved = stateFile === undefined ? null : readStateFile(stateFile, org);
  const { server, origin } = await listen(options.port ?? 0);
  const secret = randomBytes(12).toString('hex');
  const baseUrl = `${origin}/scim/${org}`;
  const { workspace, first } = createWorkspace(options, `${origin}/console`, saved);
  const { organisation, tokens, readers, log } = workspace;
  const state =
    stateFile === undefined ? null : openStateFile(stateFile, () => dumpWorkspace(workspace, org));
  const consoleOf = createConsole(workspace, origin, baseUrl, now);
  const renderer = createRenderer(baseUrl);
  const cursorTimeout = options.cursorTimeout ?? 3600;
  const limits = {
    defaultPageSize: options.defaultPageSize ?? 100,
    maxPageSize: options.maxPageSize ?? 1000,
    cursorTimeout,
  };
  const pages = createPreparedPages(cursorTimeout / 2);
  const events = createEvents(baseUrl, options.pollWait ?? 30_000, now);
  organisation.onChange((change) => events.publish(change));

  /** The true answer to an authenticated request. */
  async function answer(request: Request, bearer: Token, segments: readonly string[]): Promise<Reply> {
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
    const view = bearer.role === 'read-only' ? 'all' : 'pushed';
    return answerScim({ organisation, renderer, pages, view, now, limits: offer }, request, segments);
  }

  /** The answer as it goes out: faults bend the question and the answer, and the record has what was sent. */
  async function answerBent(
    request: Request,
    segments: readonly string[],
    strikes: readonly ActiveFault[],
  ): Promise<Reply> {
    let bearer: Token | null = null;
    let reply: Reply;
    try {
      bearer = authorise(tokens, request);
      reply = await answer(distortRequest(request, strikes), bearer, segments);
    } catch (error) {
      reply = replyError(error);
    }
    const bent = distortReply(reply, strikes, now());
    log.add(request, bearer, bent);
    if (bearer?.role === 'read-only') readers.note(request, bearer, bent.status);
    return bent;
  }

  async function handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = message.method ?? 'GET';
    try {
      const request = await readRequest(message);
      const [root, first, ...segments] = request.segments;
      if (root === 'admin' && first === secret) {
        sendReply(response, answerAdmin(workspace, consoleOf.makeLink, request, segments), method);
      } else if (root === 'scim' && first === org) {
        const strikes = workspace.faults.strike(method, request.target);
        const reply = await answerBent(request, segments, strikes);
        await sendWithFaults(response, reply, method, strikes, now());
      } else if (root === 'console') {
        sendReply(response, await consoleOf.answer(request), method);
      } else {
        throw new ScimError(404, null, `the SCIM Base URL of this service is ${baseUrl}`);
      }
    } catch (error) {
      if (!response.headersSent) sendReply(response, replyError(error), method);
    } finally {
      if (method !== 'GET' && method !== 'HEAD') state?.touch();
    }
  }
  server.on('request', (message, response) => void handle(message, response));

  return {
    baseUrl,
    ...first,
    adminUrl: `${origin}/admin/${secret}`,
    consoleUrl: consoleOf.makeLink(),
    async close() {
      await stopListening(server);
      state?.flush();
    },
  };
}
