// An answer of the store: its body is read within bounds, and its JSON, of a bounded depth, is parsed only on demand.
import { promisify } from 'node:util';
import { gunzip, inflate, inflateRaw } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { AgentError } from '../../common/errors.ts';
import { makePrintable } from '../../common/text/printable.ts';

/** One answer exceeded a bound: the same question in smaller parts may succeed. */
export class AnswerTooMuch extends AgentError {
  constructor(message: string) {
    super('store_bound', message);
  }
}

export class Answer {
  /** 200, 400 or 404. */
  readonly status: number;
  /** The JSON text; null for another media type, such as a proxy's HTML page. */
  readonly json: Buffer | null;
  readonly #depth: number;

  /** @param depth as `scim.bounds.depth`. */
  constructor(status: number, json: Buffer | null, depth: number) {
    this.status = status;
    this.json = json;
    this.#depth = depth;
  }

  /**
   * The body's value; undefined where its media type is not JSON. Parsed again on each call.
   * @throws AgentError store_answer, AnswerTooMuch
   */
  body(): unknown {
    return this.json === null ? undefined : parseBody(this.json, this.#depth);
  }
}

/**
 * @param limit bytes.
 * @throws AnswerTooMuch
 */
export async function readBody(body: Dispatcher.ResponseData['body'], limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) {
      body.destroy();
      throw new AnswerTooMuch(`an answer of more than scim.bounds.page_bytes (${limit})`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

const gunzipBody = promisify(gunzip);
const inflateBody = promisify(inflate);
const inflateRawBody = promisify(inflateRaw);

/**
 * Undoes the Content-Encoding of a server that compresses without being asked (RFC 9110 section 8.4.1). Stops at the
 * limit, so that no small answer becomes a large one.
 * @param limit bytes, of what comes out.
 * @throws AgentError store_answer, AnswerTooMuch
 */
export async function decodeBody(sent: Buffer, encoding: string, limit: number): Promise<Buffer> {
  const coding = encoding.trim().toLowerCase();
  if (coding === '' || coding === 'identity' || sent.length === 0) return sent;
  const options = { maxOutputLength: limit };
  try {
    if (coding === 'gzip' || coding === 'x-gzip') return await gunzipBody(sent, options);
    // What is called deflate is zlib's format (RFC 1950); some servers send it without the frame (RFC 1951).
    if (coding === 'deflate')
      return await (hasZlibHeader(sent) ? inflateBody(sent, options) : inflateRawBody(sent, options));
  } catch (cause) {
    const isLarge = cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE';
    if (isLarge) throw new AnswerTooMuch(`an answer of more than scim.bounds.page_bytes (${limit})`);
    throw new AgentError('store_answer', `the store sent an answer whose ${coding} is damaged`, { cause });
  }
  const shown = makePrintable(coding, 50);
  throw new AgentError(
    'store_answer',
    `the store sent an answer in the encoding ${shown}, which was not asked for`,
  );
}

/** RFC 1950 section 2.2: method 8, and a check by 31. */
function hasZlibHeader(bytes: Buffer): boolean {
  const [first = 0, second = 0] = bytes;
  return (first & 0x0f) === 8 && (first * 256 + second) % 31 === 0;
}

/**
 * A byte order mark before the text is ignored (RFC 8259 section 8.1).
 * @param depth as `scim.bounds.depth`.
 * @throws AgentError store_answer, AnswerTooMuch
 */
export function parseBody(bytes: Buffer, depth: number): unknown {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8').replace(/^\ufeff/, ''));
  } catch (cause) {
    throw new AgentError('store_answer', 'the store sent an answer that claims to be JSON and is not', {
      cause,
    });
  }
  if (isDeeperThan(value, depth))
    throw new AnswerTooMuch(`an answer nested deeper than scim.bounds.depth (${depth})`);
  return value;
}

/** Recurses at most `limit` levels, so that no answer exhausts the stack; allocates nothing, since it runs on every page. */
function isDeeperThan(value: unknown, limit: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (limit === 0) return true;
  if (Array.isArray(value)) {
    for (const part of value) if (isDeeperThan(part, limit - 1)) return true;
    return false;
  }
  // Objects of JSON.parse inherit no enumerable names.
  for (const name in value)
    if (isDeeperThan((value as Record<string, unknown>)[name], limit - 1)) return true;
  return false;
}
