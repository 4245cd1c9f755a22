// Answers a read of one resource: present, absent, or unknown.
import { AgentError } from '../common/errors.ts';
import { getProperty, isObject } from '../protocol/attribute-path.ts';
import { startMeter } from './http/meter.ts';
import type { ReadAnswer, ReadAsk } from '../protocol/messages.ts';
import type { Finding } from '../protocol/records.ts';
import type { Store } from './store.ts';

const ERROR_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:error';

/** A failure of the store makes the answer `unknown`; it does not fail the sync. */
export async function answerRead({ n, kind, id }: ReadAsk, store: Store): Promise<ReadAnswer> {
  const meter = startMeter(store.config.scim.bounds);
  let found: ReadAnswer['found'] = 'unknown';
  let body: unknown = null;
  let problem: Finding | null = null;
  try {
    const answer = await store.client.get(`/${kind}s/${encodeURIComponent(id)}`, {}, meter);
    body = answer.body();
    found = judgePresence(answer.status, body, id);
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    problem = { code: error.code, detail: error.message.slice(0, 2000) };
  }
  return {
    say: 'resource',
    n,
    kind,
    id,
    found,
    resource: found === 'present' ? body : null,
    problem,
    server_time: meter.clock?.serverTime ?? null,
    local_time: meter.clock?.localTime ?? Date.now(),
  };
}

/** Only a 404 with a SCIM error body is an absence: a proxy or a wrong address also answers 404. */
function judgePresence(status: number, body: unknown, id: string): ReadAnswer['found'] {
  if (!isObject(body)) return 'unknown';
  if (status === 200) return getProperty(body, 'id') === id ? 'present' : 'unknown';
  const schemas = getProperty(body, 'schemas');
  const isScimError =
    Array.isArray(schemas) && schemas.some((urn) => String(urn).toLowerCase() === ERROR_SCHEMA);
  const inBody = getProperty(body, 'status');
  return status === 404 && isScimError && [undefined, '404', 404].includes(inBody as string)
    ? 'absent'
    : 'unknown';
}
