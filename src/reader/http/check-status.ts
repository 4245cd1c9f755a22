// Maps a status code to an answer, or to an error with the status, the address and the store's own detail.
import { AgentError } from '../../common/errors.ts';
import type { Answer } from './answer.ts';
import { getProperty, isObject } from '../../protocol/attribute-path.ts';

/**
 * Accepts 200 with JSON, 400 and 404.
 * @param tokens the configured tokens: a store may repeat one in its detail, and no log may hold it.
 * @throws AgentError store_refused_token, store_forbidden, store_answer
 */
export function checkStatus(answer: Answer, url: URL, tokens: readonly string[]): Answer {
  const { status } = answer;
  const where = `${url.origin}${url.pathname}`;
  const detail = status === 200 ? '' : detailOf(answer.body(), tokens);
  if (status === 401) {
    const refused = tokens.length === 1 ? 'the token' : `each of ${tokens.length} tokens`;
    throw new AgentError('store_refused_token', `${where} refused ${refused}${detail}`);
  }
  if (status === 403) throw new AgentError('store_forbidden', `${where} forbids it${detail}`);
  if (status >= 300 && status < 400)
    throw new AgentError('store_answer', `${where} redirects elsewhere, which is not followed`);
  if (status !== 200 && status !== 400 && status !== 404)
    throw new AgentError('store_answer', `${where} answered ${status}${detail}`);
  if (status === 200 && answer.json === null)
    throw new AgentError('store_answer', `${where} answered something that is not JSON`);
  return answer;
}

/** The detail of an error (RFC 7644 section 3.12) as `: text`, without control characters and tokens, at most 200 characters. */
export function detailOf(body: unknown, tokens: readonly string[]): string {
  const detail = isObject(body) ? getProperty(body, 'detail') : undefined;
  if (typeof detail !== 'string') return '';
  let text = detail;
  for (const token of tokens) text = text.replaceAll(token, '(token)');
  return `: ${text.replace(/\p{Cc}/gu, ' ').slice(0, 200)}`;
}
