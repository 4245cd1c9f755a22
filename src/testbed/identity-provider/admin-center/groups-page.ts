// *Groups* of the directory: assigned and dynamic ones, their members, and nested groups among them.
import { UsageError, changeGroup } from '../directory-verbs.ts';
import { listNested, listPeople } from '../entra/scope.ts';
import { html } from '../../pages/html.ts';
import { HOME, form, includesText, searchBar, selectField, table, textField } from './layout.ts';
import type { Done, Page, Visit } from './visit.ts';

const SECTION = { section: 'groups', isOfApplication: false } as const;
const TYPES = [
  ['assigned', 'Assigned'],
  ['dynamic', 'Dynamic User'],
] as const;

export function showGroups({ directory, session }: Visit, query: URLSearchParams): Page {
  return {
    ...SECTION,
    title: 'Groups',
    body: html`${searchBar(query)}
    ${table(
      'Groups',
      ['Name', 'Membership type', 'Members'],
      directory.groups
        .filter((group) => includesText(query, group.displayName))
        .slice(0, 100)
        .map((group) => [
          html`<a href="${linkTo(group.displayName)}">${group.displayName}</a>`,
          group.dynamic === null ? 'Assigned' : 'Dynamic User',
          listPeople(directory, group).length + listNested(directory, group).length,
        ]),
      'There is no such group.',
    )}
    ${form(
      session,
      '/new-group',
      html`<h2>New group</h2>
        ${textField('Group name', 'group', '')} ${selectField('Membership type', 'type', TYPES)}
        ${textField('Dynamic query', 'rule', '')}
        <p class="note">A dynamic query such as <code>department=Research</code>; only for Dynamic User.</p>
        <button>Create</button>`,
      'stack card',
    )}`,
  };
}

export function showGroup({ directory, session }: Visit, query: URLSearchParams): Page {
  const group = directory.groups.find((one) => one.displayName === query.get('group'));
  if (group === undefined) throw new UsageError('There is no such group.');
  const { displayName, dynamic } = group;
  const hidden = html`<input type="hidden" name="group" value="${displayName}" />`;
  const members = [
    ...listNested(directory, group).map((one) => [one.displayName, 'Group'] as const),
    ...listPeople(directory, group).map((one) => [one.userPrincipalName, 'User'] as const),
  ].filter(([name]) => includesText(query, name));
  return {
    ...SECTION,
    title: displayName,
    body: html`${
        dynamic === null
          ? form(
              session,
              '/add-member',
              html`${hidden} ${textField('Add members', 'member', '')}
                <p class="note">A user principal name, or the name of a group, which is then nested.</p>
                <button>Add</button>`,
              'stack card',
            )
          : html`<p>Dynamic query: <code>${dynamic.attribute}=${dynamic.equals}</code></p>`
      }
      ${searchBar(query, hidden)}
      ${table(
        'Members',
        ['Name', 'Type', 'Action'],
        members.map(([name, type]) => [
          name,
          type,
          dynamic === null &&
            form(
              session,
              '/remove-member',
              html`${hidden}<input type="hidden" name="member" value="${name}" />
                <button class="quiet">Remove <span class="hidden">${name}</span></button>`,
            ),
        ]),
        'There are no members.',
      )}
      <div class="bar">
        ${form(session, '/rename-group', html`${hidden}<label for="name">Group name</label> <input id="name" name="name" value="${displayName}" /> <button class="quiet">Rename</button>`, 'bar')}
        ${form(session, '/delete-group', html`${hidden}<button class="quiet">Delete group</button>`)}
      </div>`,
  };
}

function linkTo(group: string): string {
  return `${HOME}/group?group=${encodeURIComponent(group)}`;
}

export function addGroup({ directory }: Visit, fields: URLSearchParams): Done {
  const [group, rule] = ['group', 'rule'].map((name) => (fields.get(name) ?? '').trim()) as [string, string];
  if (group === '') throw new UsageError('The group needs a name.');
  const isDynamic = fields.get('type') === 'dynamic';
  if (isDynamic && rule === '')
    throw new UsageError('A dynamic group needs a query such as department=Research.');
  changeGroup(directory, ['add', group]);
  if (isDynamic) changeGroup(directory, ['dynamic', group, rule]);
  return { notice: `Created the group ${group}.`, to: '/groups' };
}

/** A member that is added, removed; a new name; or the end of the group. */
export function changeMembers(
  { directory }: Visit,
  fields: URLSearchParams,
  verb: 'add-member' | 'remove-member',
): Done {
  const [group, member] = ['group', 'member'].map((name) => (fields.get(name) ?? '').trim()) as [
    string,
    string,
  ];
  const isKnown =
    directory.users.some((one) => one.userPrincipalName === member) ||
    directory.groups.some((one) => one.displayName === member && member !== group);
  if (!isKnown) throw new UsageError(`There is no user or other group ${member}.`);
  changeGroup(directory, [verb, group, member]);
  const words = verb === 'add-member' ? 'Added' : 'Removed';
  return { notice: `${words} ${member}.`, to: `/group?group=${encodeURIComponent(group)}` };
}

export function renameGroup({ directory }: Visit, fields: URLSearchParams): Done {
  const [group, name] = ['group', 'name'].map((one) => (fields.get(one) ?? '').trim()) as [string, string];
  if (name === '') throw new UsageError('The group needs a name.');
  changeGroup(directory, ['rename', group, name]);
  return { notice: `Renamed ${group} to ${name}.`, to: `/group?group=${encodeURIComponent(name)}` };
}

export function deleteGroup({ directory }: Visit, fields: URLSearchParams): Done {
  const group = fields.get('group') ?? '';
  changeGroup(directory, ['remove', group]);
  return { notice: `Deleted the group ${group}.`, to: '/groups' };
}
