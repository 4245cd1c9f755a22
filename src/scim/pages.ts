// Reads one list to its end, and claims completeness only where every page adds up.
import type { Config } from '../config.ts';
import { AgentError } from '../errors.ts';
import { getProperty, isObject } from './attribute-path.ts';
import type { Answer, ScimClient } from './client.ts';
import type { Finding, ResourceKind } from './resources.ts';

const LIST_RESPONSE = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';
const PAGE = 1000;

export interface ListEnd {
  readonly isComplete: boolean;
  readonly problems: readonly Finding[];
}

/** Each page goes to `onPage` as it comes; whether they were all is known at the end. */
export async function readList(
  client: ScimClient,
  kind: ResourceKind,
  scim: Config['scim'],
  onAnswer: (answer: Answer) => void,
  onPage: (resources: readonly unknown[]) => Promise<void>,
): Promise<ListEnd> {
  const { filter, parameters } = kind === 'User' ? scim.users : scim.groups;
  const seen = new Set<string>();
  let total: number | null = null;
  for (let page = 0, came = 0; ; page += 1) {
    if (page >= scim.bounds.pages)
      throw new AgentError('store_bound', `more pages than scim.bounds.pages (${scim.bounds.pages})`);
    const query: Record<string, string> = {
      ...parameters,
      startIndex: String(came + 1),
      count: String(PAGE),
    };
    if (filter !== null) query['filter'] = filter;
    const answer = await client.get(`/${kind}s`, query);
    onAnswer(answer);
    const list = openList(answer, kind);
    if (total === null) total = list.total;
    else if (total !== list.total)
      return partial('total-changed', `the number of ${kind}s changed while they were read`);
    for (const resource of list.resources) {
      const id = isObject(resource) ? getProperty(resource, 'id') : undefined;
      if (typeof id !== 'string') continue;
      if (seen.has(id)) return partial('id-twice', `${kind} ${id} was listed twice`);
      seen.add(id);
    }
    await onPage(list.resources);
    came += list.resources.length;
    if (came === total) return { isComplete: true, problems: [] };
    if (list.resources.length === 0 || came > total) {
      return partial('count-differs', `${came} ${kind}s came of ${total} that the store announced`);
    }
  }
}

function partial(code: string, detail: string): ListEnd {
  return { isComplete: false, problems: [{ code, detail }] };
}

function openList(answer: Answer, kind: ResourceKind): { total: number; resources: readonly unknown[] } {
  const { body, status } = answer;
  if (status !== 200 || !isObject(body))
    throw new AgentError('store_answer', `/${kind}s answered ${status} without a list`);
  const schemas = getProperty(body, 'schemas');
  const total = getProperty(body, 'totalresults');
  const resources = getProperty(body, 'resources') ?? [];
  if (
    !Array.isArray(schemas) ||
    !schemas.some((urn) => String(urn).toLowerCase() === LIST_RESPONSE.toLowerCase())
  ) {
    throw new AgentError('store_answer', `/${kind}s answered something that is not a ListResponse`);
  }
  if (!Array.isArray(resources))
    throw new AgentError('store_answer', `/${kind}s answered a list without resources`);
  if (typeof total !== 'number' || !Number.isInteger(total) || total < 0) {
    throw new AgentError('store_answer', `/${kind}s answered a list without totalResults`);
  }
  return { total, resources };
}
