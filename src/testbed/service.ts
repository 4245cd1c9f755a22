// The testbed as a whole: an HTTP server on loopback with the SCIM service, its console and its admin address.
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerAdmin } from './admin.ts';
import { createConsole, type Console } from './console/console.ts';
import { readRequest, replyError, sendReply, type Request } from './exchange.ts';
import { sendWithFaults } from './faults/fault-transport.ts';
import { listen, stopListening } from './listen.ts';
import { ScimError } from './protocol/scim-error.ts';
import { createScimService, type ScimService, type ScimServiceOptions } from './scim-service.ts';
import { openStateFile, readStateFile, type StateFile } from './state-file.ts';
import { createWorkspace, dumpWorkspace, type Workspace, type WorkspaceOptions } from './workspace.ts';

export interface TestbedOptions extends WorkspaceOptions, ScimServiceOptions {
  /** Port on 127.0.0.1; 0, the default, takes a free one. */
  readonly port?: number;
  /** Organisation id in the base URL. */
  readonly org?: string;
  /** A file that keeps the workspace over a restart; by default nothing is kept. */
  readonly stateFile?: string;
  /** Is given each further link to the console, made when the local administrator signs out. */
  readonly announceLink?: (url: string) => void;
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

/** What a request may reach. */
interface Running {
  readonly workspace: Workspace;
  readonly org: string;
  readonly baseUrl: string;
  /** Part of the admin address. */
  readonly secret: string;
  readonly scim: ScimService;
  readonly console: Console;
  readonly state: StateFile | null;
  readonly now: () => number;
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
  const state =
    stateFile === undefined ? null : openStateFile(stateFile, () => dumpWorkspace(workspace, org));
  const announceLink = options.announceLink ?? ((): void => {});
  const console = createConsole({ workspace, origin, baseUrl, now, announceLink });
  const scim = createScimService(workspace, baseUrl, options, now);
  const running = { workspace, org, baseUrl, secret, scim, console, state, now };
  server.on('request', (message, response) => void handle(running, message, response));
  return {
    baseUrl,
    ...first,
    adminUrl: `${origin}/admin/${secret}`,
    consoleUrl: console.makeLink(),
    async close() {
      await stopListening(server);
      state?.flush();
    },
  };
}

async function handle(running: Running, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const method = message.method ?? 'GET';
  try {
    await answer(running, await readRequest(message), response);
  } catch (error) {
    if (!response.headersSent) sendReply(response, replyError(error), method);
  } finally {
    if (method !== 'GET' && method !== 'HEAD') running.state?.touch();
  }
}

async function answer(running: Running, request: Request, response: ServerResponse): Promise<void> {
  const { workspace, scim, console, now } = running;
  const { method, target } = request;
  const [root, first, ...segments] = request.segments;
  if (root === 'admin' && first === running.secret) {
    sendReply(response, answerAdmin(workspace, console.makeLink, request, segments), method);
  } else if (root === 'scim' && first === running.org) {
    const strikes = workspace.faults.strike(method, target);
    const reply = await scim.answer(request, segments, strikes);
    await sendWithFaults(response, reply, method, strikes, now());
  } else if (root === 'console') {
    sendReply(response, await console.answer(request), method);
  } else {
    const reply = replyError(
      new ScimError(
        404,
        null,
        `the SCIM Base URL of this service is ${running.baseUrl}: enter that as Tenant URL`,
      ),
    );
    // A client with a wrong Tenant URL must not look for its requests in vain; a browser asks for an icon.
    if (request.headers.authorization !== undefined) workspace.log.add(request, null, reply);
    sendReply(response, reply, method);
  }
}
