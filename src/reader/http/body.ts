// The body of an answer: read within its bounds, as JSON of a bounded depth.
import type { Dispatcher } from 'undici';
import { AgentError } from '../../common/errors.ts';

/** One answer exceeded a bound: the same question in smaller parts may succeed. */
export class AnswerTooMuch extends AgentError {
  constructor(message: string) {
    super('store_bound', message);
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

/**
 * @param depth as `scim.bounds.depth`.
 * @throws AgentError store_answer, AnswerTooMuch
 */
export function parseBody(bytes: Buffer, depth: number): unknown {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
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
