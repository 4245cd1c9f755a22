// *Groups*: the pushed ones, and those of the organisation itself, with the policies that each carries.
import { html, type Html, type HtmlValue } from '../../pages/html.ts';
import { cutList, table } from '../../pages/parts.ts';
import type { PolicyGroup } from '../../policy-groups.ts';
import type { Entry } from '../../protocol/resources/collection.ts';
import { ScimError } from '../../protocol/scim-error.ts';
import { askFirst, confirmationPage, form } from '../layout.ts';
import { membersOf, textOf } from '../people.ts';
import type { Done, Page, Visit } from '../visit.ts';
import { readPolicies, renderPolicies, renderTags } from './policies.ts';

export function showGroups(visit: Visit, _ids: readonly string[], query: URLSearchParams): Page {
  return {
    title: 'Groups',
    section: 'groups',
    body: html`${renderAllPushed(visit, query)} ${renderAllOwn(visit)}`,
  };
}

function renderAllPushed(visit: Visit, query: URLSearchParams): Html {
  const text = (query.get('q') ?? '').trim().toLowerCase();
  const found = visit.workspace.organisation.groups
    .list()
    .filter((group) => textOf(group.resource, 'displayName').toLowerCase().includes(text));
  const { shown, pager } = cutList(found, '/console/groups', query);
  return html`<section aria-labelledby="pushed">
    <h2 id="pushed">Pushed by the identity provider</h2>
    <form method="get" action="/console/groups" role="search" class="bar">
      <label for="q">Search</label>
      <input id="q" name="q" type="search" value="${text}" placeholder="name of a group" />
      <button>Search</button>
      <span class="count">${found.length} ${found.length === 1 ? 'group' : 'groups'}</span>
    </form>
    ${table(
      'Pushed groups',
      ['Name', 'Members', 'POSIX gid', 'Policies'],
      shown.map((group) => renderPushed(visit, group)),
      text === '' ? 'No group was pushed yet.' : 'No group has such a name.',
    )}
    ${pager}
  </section>`;
}

function renderAllOwn(visit: Visit): Html {
  const { policyGroups, settings } = visit.workspace;
  const own = policyGroups.list().filter(({ isDefault }) => !isDefault || settings.legacyDefaultGroups);
  return html`<section aria-labelledby="own">
    <h2 id="own">Of this organisation</h2>
    ${table(
      'Groups of this organisation',
      ['Name', 'Policies', 'Action'],
      own.map((group, index) => renderOwn(visit, group, index)),
      'None.',
    )}
    ${
      settings.legacyDefaultGroups &&
      html`<p class="note">
        No pushed group may bear a default group’s name. To push one all the same: make a new group, attach
        the default group’s policies to it, delete the default group, then push.
      </p>`
    }
    ${form(
      visit,
      '/groups/create',
      html`<fieldset>
        <legend>New group</legend>
        <label for="name">Name</label>
        <input
          id="name"
          name="name"
          required
          maxlength="100"
          autocomplete="off"
          value="${visit.entered('/groups/create', 'name') ?? ''}"
        />
        ${renderPolicies('new', [])}
        <button>Create group</button>
      </fieldset>`,
      'stack',
    )}
  </section>`;
}

function renderPushed({ workspace }: Visit, group: Entry): HtmlValue[] {
  const name = textOf(group.resource, 'displayName');
  return [
    html`<a href="/console/groups/${group.id}">${name}</a>`,
    membersOf(group).length,
    group.posixId,
    renderTags(workspace.policyGroups.policiesOf(group.id)),
  ];
}

function renderOwn(visit: Visit, { name, policies, isDefault }: PolicyGroup, index: number): HtmlValue[] {
  const change = html`<input
      type="hidden"
      name="name"
      value="${name}"
    />${renderPolicies(`own-${index}`, policies)}
    <button class="quiet" aria-label="Attach policies to ${name}">Attach policies</button>`;
  return [
    html`${name} ${isDefault && html`<span class="tag">default</span>`}`,
    html`${renderTags(policies)}
    ${
      !isDefault &&
      html`<details class="raw">
        <summary aria-label="Change the policies of ${name}">change</summary>
        ${form(visit, '/groups/change', change, 'stack')}
      </details>`
    }`,
    askFirst('/groups/delete', { name }, 'Delete', `Delete ${name}`),
  ];
}

/** @throws ScimError 404; 409 where it cannot be deleted. */
export function confirmDeletion(visit: Visit, _ids: readonly string[], query: URLSearchParams): Page {
  const { policyGroups, organisation } = visit.workspace;
  const name = query.get('name') ?? '';
  const group = policyGroups.list().find((one) => one.name === name);
  if (group === undefined) throw new ScimError(404, null, `There is no group ${name}.`);
  const others = [
    ...policyGroups.list().filter((one) => one !== group),
    ...organisation.groups.list().map((pushed) => ({
      name: textOf(pushed.resource, 'displayName'),
      policies: policyGroups.policiesOf(pushed.id),
    })),
  ];
  const holders = group.policies.map((policy) => {
    const names = others.filter(({ policies }) => policies.includes(policy)).map((other) => other.name);
    return html`<dt>${policy}</dt>
      <dd>
        ${names.length === 0 ? html`<strong>no other group</strong>` : `also ${names.slice(0, 10).join(', ')}`}
      </dd>`;
  });
  return confirmationPage(visit, {
    title: `Delete the group ${name}?`,
    section: 'groups',
    facts: html`<p>It cannot be had back. Its members lose what it alone gives them. Its policies:</p>
      <dl>${holders}</dl>
      ${group.policies.length === 0 && html`<p class="empty">None.</p>`}`,
    path: '/groups/delete',
    fields: { name },
    button: `Delete ${name}`,
    back: '/groups',
  });
}

export function createGroup({ workspace }: Visit, _ids: readonly string[], fields: URLSearchParams): Done {
  const name = (fields.get('name') ?? '').trim();
  if (name === '') throw new ScimError(400, 'invalidValue', 'A group has a name.');
  workspace.policyGroups.create(name, readPolicies(fields));
  return { notice: `Created the group ${name}.`, to: '/groups' };
}

export function changeGroup({ workspace }: Visit, _ids: readonly string[], fields: URLSearchParams): Done {
  const name = fields.get('name') ?? '';
  workspace.policyGroups.change(name, readPolicies(fields));
  return { notice: `Changed the policies of ${name}.`, to: '/groups' };
}

export function deleteGroup({ workspace }: Visit, _ids: readonly string[], fields: URLSearchParams): Done {
  const name = fields.get('name') ?? '';
  workspace.policyGroups.remove(name);
  return { notice: `Deleted the group ${name}.`, to: '/groups' };
}
