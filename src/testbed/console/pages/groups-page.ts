// *Groups*: the pushed ones, and those of the organisation itself, with the policies that each carries.
import { html, type Html, type HtmlValue } from '../../pages/html.ts';
import { POLICIES, type PolicyGroup } from '../../policy-groups.ts';
import { getAttribute } from '../../protocol/attributes.ts';
import type { Entry } from '../../protocol/resources/collection.ts';
import { ScimError } from '../../protocol/scim-error.ts';
import { form, table } from '../layout.ts';
import { nameOf, textOf } from '../people.ts';
import type { Done, Page, Visit } from '../visit.ts';

export function showGroups(visit: Visit): Page {
  const { organisation, policyGroups, settings } = visit.workspace;
  const own = policyGroups.list().filter(({ isDefault }) => !isDefault || settings.legacyDefaultGroups);
  return {
    title: 'Groups',
    section: 'groups',
    body: html`<section aria-labelledby="pushed">
        <h2 id="pushed">Pushed by the identity provider</h2>
        ${table(
          'Pushed groups',
          ['Name', 'Members', 'POSIX gid', 'Policies'],
          organisation.groups.list().map((group) => renderPushed(visit, group)),
          'No group was pushed yet.',
        )}
      </section>
      <section aria-labelledby="own">
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
            No pushed group may bear a default group’s name. To push one all the same: make a new group,
            attach the default group’s policies to it, delete the default group, then push.
          </p>`
        }
        ${form(
          visit,
          '/groups/create',
          html`<fieldset>
            <legend>New group</legend>
            <label for="name">Name</label>
            <input id="name" name="name" required maxlength="100" autocomplete="off" />
            ${renderPolicies('new', [])}
            <button>Create group</button>
          </fieldset>`,
          'stack',
        )}
      </section>`,
  };
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
  const remove = html`<input type="hidden" name="name" value="${name}" /><button
      class="quiet"
      aria-label="Delete ${name}"
    >
      Delete
    </button>`;
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
    form(visit, '/groups/delete', remove),
  ];
}

function renderTags(policies: readonly string[]): Html {
  if (policies.length === 0) return html`<span class="faint">none</span>`;
  return html`${policies.map((policy) => html`<span class="tag">${policy}</span> `)}`;
}

/** One pushed group: its members, to be read only, and its policies. @throws ScimError 404 */
export function showGroup(visit: Visit, [id = '']: readonly string[]): Page {
  const { organisation, policyGroups } = visit.workspace;
  const group = organisation.read('Group', id);
  const members = membersOf(group).flatMap((member) => organisation.users.get(member) ?? []);
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
      <section class="card" aria-labelledby="members">
        <h2 id="members">Members</h2>
        <p class="note">Read-only: they come from the identity provider.</p>
        ${table(
          'Members',
          ['Name', 'User name'],
          members.map((user) => [
            html`<a href="/console/users/${user.id}">${nameOf(user)}</a>`,
            textOf(user.resource, 'userName'),
          ]),
          'Nobody.',
        )}
      </section>`,
  };
}

function renderPolicies(prefix: string, attached: readonly string[]): Html {
  return html`<fieldset class="choices">
    <legend class="${prefix === 'pushed' && html`hidden`}">Policies</legend>
    ${POLICIES.map(
      (policy) =>
        html`<label for="${prefix}-${policy}"
          ><input
            type="checkbox"
            id="${prefix}-${policy}"
            name="policy"
            value="${policy}"
            ${attached.includes(policy) && html`checked`}
          />
          ${policy}</label
        >`,
    )}
  </fieldset>`;
}

function membersOf(group: Entry): string[] {
  const members = getAttribute(group.resource, 'members');
  return Array.isArray(members) ? members.map((member) => textOf({ member }, 'member', 'value')) : [];
}

/** @throws ScimError 400 for a policy that there is not. */
function readPolicies(fields: URLSearchParams): string[] {
  const policies = fields.getAll('policy');
  const unknown = policies.find((policy) => !POLICIES.includes(policy));
  if (unknown !== undefined) throw new ScimError(400, 'invalidValue', `There is no policy ${unknown}.`);
  return policies;
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
