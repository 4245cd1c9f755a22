// What a status code means for us: an answer, or an error that says which, where and what the store said of it.
import { AgentError } from '../../common/errors.ts';
import type { Answer } from './answer.ts';
import { getProperty, isObject } from '../../protocol/attribute-path.ts';

/**
 * Lets 200 with JSON, 400 and 404 pass.
 * @param tokens ours, which a store may repeat in what it says and nobody else may read.
 * @throws AgentError store_refused_token, store_forbidden, store_answer
 */
export function checkStatus(answer: Answer, url: URL, tokens: readonly string[]): Answer {
  const { status } = answer;
  const where = `${url.origin}${url.pathname}`;
  const said = status === 200 ? '' : detailOf(answer.body(), tokens);
  if (status === 401) {
    const whom = tokens.length === 1 ? 'the token' : `each of ${tokens.length} tokens`;
    throw new AgentError('store_refused_token', `${where} refused ${whom}${said}`);
  }
  if (status === 403) throw new AgentError('store_forbidden', `${where} forbids it${said}`);
  if (status >= 300 && status < 400)
    throw new AgentError('store_answer', `${where} redirects elsewhere, which is not followed`);
  if (status !== 200 && status !== 400 && status !== 404)
    throw new AgentError('store_answer', `${where} answered ${status}${said}`);
  if (status === 200 && answer.json === null)
    throw new AgentError('store_answer', `${where} answered something that is not JSON`);
  return answer;
}

/** What the store says of it (RFC 7644 section 3.12), without control characters and tokens, and never long. */
export function detailOf(body: unknown, tokens: readonly string[]): string {
  const detail = isObject(body) ? getProperty(body, 'detail') : undefined;
  if (typeof detail !== 'string') return '';
  let text = detail;
  for (const token of tokens) text = text.replaceAll(token, '(token)');
  return `: ${text.replace(/\p{Cc}/gu, ' ').slice(0, 200)}`;
}
