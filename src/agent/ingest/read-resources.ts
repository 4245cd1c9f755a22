// Reads resources one by one, a few at a time, and stops when the store does not answer.
import type { ReadAnswer } from '../../protocol/messages.ts';
import type { Reader } from '../reader-client/reader-client.ts';
import type { NamedResource } from './sync-request.ts';

const AT_ONCE = 4;

/** After these, no other resource can be asked for either. */
const HOPELESS: ReadonlySet<string> = new Set([
  'store_unreachable',
  'store_busy',
  'store_refused_token',
  'store_bound',
  'token_missing',
  'ca_file',
]);

/** The answers that came; those who are not among them could not be asked. */
export async function readResources(
  reader: Reader,
  resources: readonly NamedResource[],
): Promise<ReadAnswer[]> {
  const answers: ReadAnswer[] = [];
  for (let from = 0; from < resources.length; from += AT_ONCE) {
    const some = resources.slice(from, from + AT_ONCE);
    const came = await Promise.all(some.map(({ kind, id }) => reader.read(kind, id)));
    answers.push(...came);
    if (came.some(({ problem }) => problem !== null && HOPELESS.has(problem.code))) break;
  }
  return answers;
}
