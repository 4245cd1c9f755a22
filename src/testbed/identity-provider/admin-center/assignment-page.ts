// *Users and groups* of the application: who is assigned, and *Add user/group*.
import { UsageError, changeAssignment } from '../directory-verbs.ts';
import { html } from '../../pages/html.ts';
import { HOME, ROWS, form, includesText, searchBar, table } from './layout.ts';
import type { Done, Page, Visit } from './visit.ts';

const SECTION = { section: 'users-and-groups', isOfApplication: true } as const;

export function showAssignments({ directory, session }: Visit, query: URLSearchParams): Page {
  const { assigned, name } = directory.application;
  const groups = new Set(directory.groups.map((group) => group.displayName));
  return {
    ...SECTION,
    title: `${name}: Users and groups`,
    body: html`<p><a class="button" href="${HOME}/add-assignment">+ Add user/group</a></p>
      ${searchBar(query)}
      ${table(
        'Users and groups',
        ['Display name', 'Object type', 'Action'],
        assigned
          .filter((one) => includesText(query, one))
          .map((one) => [
            one,
            groups.has(one) ? 'Group' : 'User',
            form(
              session,
              '/remove-assignment',
              html`<input type="hidden" name="name" value="${one}" />
                <button class="quiet">Remove <span class="hidden">${one}</span></button>`,
            ),
          ]),
        'No users and groups are assigned.',
      )}`,
  };
}

export function showAddAssignment({ directory, session }: Visit, query: URLSearchParams): Page {
  const { assigned } = directory.application;
  const offered = [
    ...directory.groups.map(({ displayName }) => ({ name: displayName, words: `${displayName} (group)` })),
    ...directory.users
      .filter((person) => !person.deleted)
      .map(({ userPrincipalName: name, displayName }) => ({ name, words: `${displayName} (${name})` })),
  ].filter(({ name, words }) => !assigned.includes(name) && includesText(query, name, words));
  return {
    ...SECTION,
    title: 'Add Assignment',
    body: html`${searchBar(query)}
    ${form(
      session,
      '/add-assignment',
      html`<fieldset class="choices">
          <legend>Users and groups</legend>
          ${offered
            .slice(0, ROWS)
            .map(
              ({ name, words }) =>
                html`<label><input type="checkbox" name="name" value="${name}" /> ${words}</label>`,
            )}
        </fieldset>
        ${offered.length > ROWS && html`<p class="count">The first ${ROWS} of ${offered.length}: search for others.</p>`}
        <button>Assign</button>`,
      'stack card',
    )}`,
  };
}

export function assign({ directory }: Visit, fields: URLSearchParams): Done {
  const names = fields.getAll('name');
  if (names.length === 0) throw new UsageError('Select users or groups first.');
  changeAssignment(directory, true, names);
  return { notice: `Assigned: ${names.join(', ')}.`, to: '/users-and-groups' };
}

export function unassign({ directory }: Visit, fields: URLSearchParams): Done {
  const name = fields.get('name') ?? '';
  changeAssignment(directory, false, [name]);
  return { notice: `Removed the assignment of ${name}.`, to: '/users-and-groups' };
}
