// The testbed as a whole: an HTTP server on loopback with the SCIM service and its admin address.
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { answerAdmin } from './admin.ts';
import { readRequest, replyError, sendReply, SCIM_TYPE, type Reply, type Request } from './exchange.ts';
import { createOrganisation, type OrganisationOptions } from './organisation.ts';
import { createRenderer } from './render.ts';
import { createRequestLog } from './request-log.ts';
import { answerScim } from './scim-routes.ts';
import { ScimError, renderError } from './scim-error.ts';
import { seedOrganisation } from './seed.ts';
import { createTokens, type Token, type Tokens } from './tokens.ts';

export interface TestbedOptions extends OrganisationOptions {
  /** Port on 127.0.0.1; 0, the default, takes a free one. */
  readonly port?: number;
  /** Organisation id in the base URL. */
  readonly org?: string;
  /** Text of the provisioning token; made up by default. */
  readonly token?: string;
  readonly defaultPageSize?: number;
  readonly maxPageSize?: number;
  /** Seconds for which a cursor is good. */
  readonly cursorTimeout?: number;
  readonly seedUsers?: number;
  readonly seedGroups?: number;
}

export interface Testbed {
  /** `http://127.0.0.1:PORT/scim/ORG` */
  readonly baseUrl: string;
  /** May read and write. */
  readonly token: string;
  /** May only read: what a login node gets. */
  readonly readToken: string;
  /** Faults, seeds and the record of requests; whoever knows the address may use it. */
  readonly adminUrl: string;
  close(): Promise<void>;
}

/**
 * Starts the service and resolves once it listens.
 * @throws the system's error if the port is taken.
 */
export async function startTestbed(options: TestbedOptions = {}): Promise<Testbed> {
  const org = options.org ?? 'ab1cd2';
  const now = options.now ?? Date.now;
  const secret = randomBytes(12).toString('hex');
  const tokens = createTokens(now);
  const token = tokens.issue('provisioning', 'provisioning', options.token);
  const readToken = tokens.issue('login-nodes', 'read-only');
  const organisation = createOrganisation(options);
  const server = createServer({ maxHeaderSize: 64 * 1024, keepAliveTimeout: 65_000 });
  server.on('clientError', refuseBrokenRequest);
  const origin = await listen(server, options.port ?? 0);
  const baseUrl = `${origin}/scim/${org}`;
  const log = createRequestLog(now);
  const limits = {
    defaultPageSize: options.defaultPageSize ?? 100,
    maxPageSize: options.maxPageSize ?? 1000,
    cursorTimeout: options.cursorTimeout ?? 3600,
  };
  const scim = { organisation, renderer: createRenderer(baseUrl), limits, now };
  if (options.seedUsers !== undefined || options.seedGroups !== undefined) {
    seedOrganisation(organisation, { users: options.seedUsers ?? 0, groups: options.seedGroups ?? 0 });
  }

  function answer(request: Request): Reply {
    const [root, first, ...segments] = request.segments;
    if (root === 'admin' && first === secret)
      return answerAdmin({ organisation, tokens, log }, request, segments);
    if (root !== 'scim' || first !== org) {
      throw new ScimError(404, null, `the SCIM Base URL of this service is ${baseUrl}`);
    }
    const bearer = authorise(tokens, request);
    try {
      const reply = answerScim(scim, request, segments);
      log.add(request, bearer, reply);
      return reply;
    } catch (error) {
      log.add(request, bearer, replyError(error));
      throw error;
    }
  }

  async function handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    let reply: Reply;
    try {
      reply = answer(await readRequest(message));
    } catch (error) {
      reply = replyError(error);
    }
    sendReply(response, reply, message.method ?? 'GET');
  }
  server.on('request', (message, response) => void handle(message, response));

  return {
    baseUrl,
    token,
    readToken,
    adminUrl: `${origin}/admin/${secret}`,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function listen(server: Server, port: number): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function authorise(tokens: Tokens, { method, headers }: Request): Token {
  const [, text] = /^bearer +([^ ]+) *$/i.exec(headers.authorization ?? '') ?? [];
  const token = text === undefined ? null : tokens.recognise(text);
  if (token === null) throw new ScimError(401, null, 'no bearer token of this organisation');
  if (token.role === 'read-only' && method !== 'GET' && method !== 'HEAD') {
    throw new ScimError(403, null, `the token ${token.name} may only read`);
  }
  return token;
}

/** What node:http cannot even read (a giant header, broken framing) gets a SCIM error as well. */
function refuseBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable) return;
  const isTooLarge = error.code === 'HPE_HEADER_OVERFLOW';
  const refusal = new ScimError(
    isTooLarge ? 431 : 400,
    null,
    isTooLarge ? 'the headers are too large' : 'not HTTP',
  );
  const body = JSON.stringify(renderError(refusal));
  socket.end(
    `HTTP/1.1 ${refusal.status} Refused\r\ncontent-type: ${SCIM_TYPE}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
