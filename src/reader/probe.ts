// Probes the store for `doctor`: is it reached, which tokens does it accept and for what, does it have the groups.
import { randomUUID } from 'node:crypto';
import type { Dispatcher } from 'undici';
import type { Config, TokenSource } from '../config/config.ts';
import { AgentError, describeError } from '../common/errors.ts';
import { parseHttpDate } from '../common/text/timestamp.ts';
import { getProperty, isObject } from '../protocol/attribute-path.ts';
import { decodeBody, readBody } from './http/answer.ts';
import type { GroupQuestion, ProbeAnswer } from '../protocol/messages.ts';
import { explainFault } from './http/explain-fault.ts';
import { readProxySetting } from './http/proxy-setting.ts';
import { locateToken, readTokens } from '../config/tokens.ts';
import { openTransport } from './http/transport.ts';

/** For one request of doctor's, in milliseconds. */
const TIMEOUT_MS = 10_000;
const MAX_BYTES = 4 * 1024 * 1024;
/** Maximum number of groups of one name, in any case, that are listed. */
const MAX_LISTED = 20;

const SCIM = 'application/scim+json';

/** The store's answers as they are; the agent judges them. The probe changes nothing at the store. */
export type ProbeFacts = Omit<ProbeAnswer, 'say' | 'n'>;

interface Reply {
  readonly status: number;
  readonly body: unknown;
  /** Epoch milliseconds. */
  readonly date: number | null;
}

type Ask = (path: string, token: string, write?: 'PATCH') => Promise<Reply>;

/**
 * Tries each token, then asks the rest with the first accepted one. A store that is not reached is part of the result.
 */
export async function probeStore(
  scim: Config['scim'],
  root: string,
  groups: readonly GroupQuestion[],
): Promise<ProbeFacts> {
  const transport = openTransport(scim, root);
  let clock: { server: number; local: number } | null = null;
  let fault: ProbeFacts['fault'] = null;
  const ask: Ask = async (path, token, write) => {
    const reply = await request(transport.dispatcher(), scim, path, token, write);
    if (reply.date !== null) clock ??= { server: reply.date, local: Date.now() };
    return reply;
  };
  try {
    const sources = scim.tokens.map((source) => readSource(source, root));
    // With no token at all a wrong one still shows whether the store is reached.
    const texts = sources.some(({ text }) => text !== null) ? sources : [{ ...EMPTY, text: 'none' }];
    const tokens: ProbeFacts['tokens'] = [];
    let accepted: string | null = null;
    for (const { file, fault: unread, text } of texts) {
      if (text === null) {
        tokens.push({ file, fault: unread, status: null, may_write: null });
        continue;
      }
      try {
        const { status } = await ask('/Users?count=1&startIndex=1', text);
        if (status === 200) accepted ??= text;
        const may_write = status === 200 ? await mayWrite(ask, text) : null;
        tokens.push({ file, fault: null, status, may_write });
      } catch (error) {
        fault = nameFault(error, new URL(scim.base_url));
        tokens.push({ file, fault: null, status: null, may_write: null });
      }
    }
    const known =
      texts === sources ? tokens : sources.map(({ file, fault: unread }) => unreadToken(file, unread));
    const rest = accepted === null ? UNASKED : await askForRest(ask, accepted, scim, groups);
    // Assigned inside of the closure, which the compiler does not follow.
    const seen = clock as { server: number; local: number } | null;
    return {
      fault,
      tokens: known,
      server_time: seen?.server ?? null,
      local_time: seen?.local ?? Date.now(),
      ...rest,
    };
  } finally {
    await transport.close();
  }
}

const EMPTY = { file: '', fault: null };
const UNASKED = { provider_config: null, schemas: null, groups: [] };

function unreadToken(file: string, fault: string | null): ProbeFacts['tokens'][number] {
  return { file, fault, status: null, may_write: null };
}

function readSource(source: TokenSource, root: string) {
  const file = locateToken(source, root, process.env);
  try {
    const [text = null] = readTokens([source], root);
    return { file, fault: null, text };
  } catch (error) {
    return { file, fault: describeError(error).slice(0, 500), text: null };
  }
}

/**
 * Whether a token may write: a PATCH without operations on an unused id is refused with 403 (RFC 7644 section 3.12) if
 * it may not, and with another status if it may. Nothing is changed in either case.
 */
async function mayWrite(ask: Ask, token: string): Promise<boolean | null> {
  const { status } = await ask(`/Users/${randomUUID()}`, token, 'PATCH');
  if (status === 403 || status === 401) return false;
  return status === 400 || status === 404 ? true : null;
}

async function askForRest(ask: Ask, token: string, scim: Config['scim'], groups: readonly GroupQuestion[]) {
  const safely = async (path: string): Promise<Reply | null> => ask(path, token).catch(() => null);
  const [config, schemas, ...found] = await Promise.all([
    safely('/ServiceProviderConfig'),
    safely('/Schemas'),
    ...groups.map((group) => probeGroup(safely, scim, group)),
  ]);
  return {
    provider_config: config?.status ?? null,
    schemas: schemas?.status === 200 ? readSchemaIds(schemas.body) : null,
    groups: found,
  };
}

/** Looks a group up by its name, and by its id where it is pinned. */
async function probeGroup(
  safely: (path: string) => Promise<Reply | null>,
  scim: Config['scim'],
  { name, id }: GroupQuestion,
): Promise<ProbeFacts['groups'][number]> {
  const attribute = scim.attributes.group_name;
  const filter = `${attribute} eq "${name.replace(/["\\]/g, '\\$&')}"`;
  const query = new URLSearchParams({ filter, excludedAttributes: 'members', count: '100' });
  const [list, single] = await Promise.all([
    safely(`/Groups?${query.toString()}`),
    id === null ? null : safely(`/Groups/${encodeURIComponent(id)}?excludedAttributes=members`),
  ]);
  const resources = isObject(list?.body) ? getProperty(list.body, 'resources') : null;
  const folded = name.toLowerCase();
  const listed = (Array.isArray(resources) ? resources : [])
    .flatMap((resource) => readGroup(resource, attribute))
    // A store that ignores the filter lists every group.
    .filter((group) => group.name.toLowerCase() === folded)
    .slice(0, MAX_LISTED);
  return {
    name,
    id,
    pinned: single === null ? null : (readGroup(single.body, attribute)[0] ?? null),
    status: list?.status ?? null,
    listed,
  };
}

function readGroup(resource: unknown, attribute: string): { id: string; name: string }[] {
  if (!isObject(resource)) return [];
  const [id, name] = [resource['id'], getProperty(resource, attribute.toLowerCase())];
  return typeof id === 'string' && typeof name === 'string'
    ? [{ id: id.slice(0, 500), name: name.slice(0, 500) }]
    : [];
}

function readSchemaIds(body: unknown): string[] {
  const resources = isObject(body) ? getProperty(body, 'resources') : null;
  return (Array.isArray(resources) ? resources : [])
    .flatMap((schema) =>
      isObject(schema) && typeof schema['id'] === 'string' ? [schema['id'].slice(0, 500)] : [],
    )
    .slice(0, 200);
}

async function request(
  pool: Dispatcher,
  scim: Config['scim'],
  path: string,
  token: string,
  write?: 'PATCH',
): Promise<Reply> {
  const url = new URL(scim.base_url + path);
  const response = await pool.request({
    origin: url.origin,
    path: url.pathname + url.search,
    method: write ?? 'GET',
    signal: AbortSignal.timeout(TIMEOUT_MS),
    headers: {
      authorization: `Bearer ${token}`,
      accept: `${SCIM}, application/json`,
      'accept-encoding': 'identity',
      ...(write === undefined ? {} : { 'content-type': SCIM }),
    },
    body: write === undefined ? null : EMPTY_PATCH,
  });
  const sent = await readBody(response.body, MAX_BYTES);
  const encoding = String(response.headers['content-encoding'] ?? '');
  const text = (await decodeBody(sent, encoding, MAX_BYTES)).toString('utf8');
  const date = parseHttpDate(String(response.headers['date'] ?? ''));
  return { status: response.statusCode, body: parse(text), date };
}

const EMPTY_PATCH = JSON.stringify({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
  Operations: [],
});

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The code of the system or of the TLS library, and a phrase. */
function nameFault(error: unknown, store: URL): { code: string; detail: string } {
  if (error instanceof AgentError) return { code: error.code, detail: describeError(error).slice(0, 500) };
  const proxy = store.protocol === 'http:' ? null : readProxySetting();
  const { code, detail, hint, isOfProxy } = explainFault(error, store, proxy);
  const isLate = error instanceof Error && error.name === 'TimeoutError';
  if (isOfProxy) return { code: 'EPROXY', detail: `${detail} (${hint})`.slice(0, 500) };
  return { code: isLate ? 'ETIMEDOUT' : code.slice(0, 100), detail: detail.slice(0, 500) };
}
