// One pushed group: its policies, and its members, to be read only.
import { html } from '../../pages/html.ts';
import { cutList, table } from '../../pages/parts.ts';
import { form } from '../layout.ts';
import { addressesOf, membersOf, nameOf, textOf } from '../people.ts';
import type { Done, Page, Visit } from '../visit.ts';
import { readPolicies, renderPolicies } from './policies.ts';

/** @throws ScimError 404 */
export function showGroup(visit: Visit, [id = '']: readonly string[], query: URLSearchParams): Page {
  const { organisation, policyGroups } = visit.workspace;
  const group = organisation.read('Group', id);
  return {
    title: textOf(group.resource, 'displayName'),
    section: 'groups',
    body: html`<section class="card" aria-labelledby="policies">
        <h2 id="policies">Policies</h2>
        ${form(
          visit,
          `/groups/${id}/policies`,
          html`${renderPolicies('pushed', policyGroups.policiesOf(id))}<button>Attach policies</button>`,
          'stack',
        )}
        <p class="note">
          Members of a group with <code>admin-policy</code> are administrators of this console.
        </p>
      </section>
      ${renderMembers(visit, id, query)}`,
  };
}

function renderMembers({ workspace }: Visit, id: string, query: URLSearchParams): ReturnType<typeof html> {
  const { organisation } = workspace;
  const text = (query.get('q') ?? '').trim().toLowerCase();
  const all = membersOf(organisation.read('Group', id));
  const found = all
    .flatMap((member) => organisation.users.get(member) ?? [])
    .filter((user) => [...addressesOf(user), nameOf(user).toLowerCase()].some((one) => one.includes(text)));
  const { shown, pager } = cutList(found, `/console/groups/${id}`, query);
  return html`<section class="card" aria-labelledby="members">
    <h2 id="members">Members</h2>
    <p class="note">Read-only: they come from the identity provider.</p>
    <form method="get" action="/console/groups/${id}" role="search" class="bar">
      <label for="q">Search</label>
      <input id="q" name="q" type="search" value="${text}" placeholder="name, user name or e-mail" />
      <button>Search</button>
      <span class="count">${found.length} of ${all.length}</span>
    </form>
    ${table(
      'Members',
      ['Name', 'User name'],
      shown.map((user) => [
        html`<a href="/console/users/${user.id}">${nameOf(user)}</a>`,
        textOf(user.resource, 'userName'),
      ]),
      text === '' ? 'No members.' : 'No member has such a name or address.',
    )}
    ${pager}
  </section>`;
}

export function attachPolicies(
  { workspace }: Visit,
  [id = '']: readonly string[],
  fields: URLSearchParams,
): Done {
  const group = workspace.organisation.read('Group', id);
  const policies = readPolicies(fields);
  workspace.policyGroups.attach(id, policies);
  const what = policies.length === 0 ? 'no policy' : policies.join(', ');
  return { notice: `${textOf(group.resource, 'displayName')} has ${what}.`, to: `/groups/${id}` };
}
