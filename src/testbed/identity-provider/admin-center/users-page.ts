// *Users* of the directory: the list, one user, and what an administrator changes there.
import { UsageError, changeUser } from '../directory-verbs.ts';
import type { Person } from '../directory.ts';
import { html, type HtmlValue } from '../../pages/html.ts';
import { HOME, form, includesText, searchBar, table, textField } from './layout.ts';
import type { Done, Page, Visit } from './visit.ts';

const SECTION = { section: 'users', isOfApplication: false } as const;
const FIELDS: readonly (readonly [name: keyof Person, label: string])[] = [
  ['displayName', 'Display name'],
  ['givenName', 'First name'],
  ['surname', 'Last name'],
  ['mail', 'Email'],
  ['jobTitle', 'Job title'],
  ['department', 'Department'],
  ['manager', 'Manager'],
];

export function showUsers({ directory, session }: Visit, query: URLSearchParams): Page {
  return {
    ...SECTION,
    title: 'Users',
    body: html`${searchBar(query)}
    ${table(
      'Users',
      ['Display name', 'User principal name', 'Account'],
      directory.users
        .filter((one) => includesText(query, one.displayName, one.userPrincipalName))
        .map((one) => [
          html`<a href="${linkTo(one)}">${one.displayName || one.userPrincipalName}</a>`,
          one.userPrincipalName,
          describeState(one),
        ]),
      'There is no such user.',
    )}
    ${form(
      session,
      '/new-user',
      html`<h2>+ New user</h2>
        ${textField('User principal name', 'user', '')} ${textField('Display name', 'displayName', '')}
        <button>Create</button>`,
      'stack card',
    )}`,
  };
}

export function showUser({ directory, session }: Visit, query: URLSearchParams): Page {
  const person = directory.users.find((one) => one.userPrincipalName === query.get('user'));
  if (person === undefined) throw new UsageError('There is no such user.');
  const act = (verb: string, words: string): HtmlValue =>
    form(
      session,
      '/change-user',
      html`<input type="hidden" name="user" value="${person.userPrincipalName}" />
        <button class="quiet" name="verb" value="${verb}">${words}</button>`,
    );
  const [property] = directory.application.extension_properties;
  return {
    ...SECTION,
    title: person.displayName || person.userPrincipalName,
    body: html`<div class="bar">
        ${person.accountEnabled ? act('disable', 'Disable account') : act('enable', 'Enable account')}
        ${person.deleted ? [act('restore', 'Restore user'), act('purge', 'Delete permanently')] : act('delete', 'Delete')}
      </div>
      <dl>
        <dt>User principal name</dt>
        <dd>${person.userPrincipalName}</dd>
        <dt>Object ID</dt>
        <dd><code>${person.object_id}</code></dd>
        <dt>Account</dt>
        <dd>${describeState(person)}</dd>
        ${
          property !== undefined &&
          html`<dt><code>${property}</code></dt>
            <dd><code>${person.sunkSshKeys || 'empty'}</code></dd>`
        }
      </dl>
      ${form(
        session,
        '/edit-user',
        html`<input type="hidden" name="user" value="${person.userPrincipalName}" />
          <h2>Edit properties</h2>
          ${FIELDS.map(([name, label]) => textField(label, name, String(person[name] ?? '')))}
          <button>Save</button>`,
        'stack card',
      )}`,
  };
}

function describeState({ deleted, accountEnabled }: Person): string {
  return deleted ? 'Deleted' : accountEnabled ? 'Enabled' : 'Disabled';
}

function linkTo(person: Person): string {
  return `${HOME}/user?user=${encodeURIComponent(person.userPrincipalName)}`;
}

export function addUser({ directory }: Visit, fields: URLSearchParams): Done {
  const user = (fields.get('user') ?? '').trim();
  const displayName = (fields.get('displayName') ?? '').trim();
  changeUser(directory, ['add', user, ...(displayName === '' ? [] : [`displayName=${displayName}`])]);
  return { notice: `Created the user ${user}.`, to: '/users' };
}

export function editUser({ directory }: Visit, fields: URLSearchParams): Done {
  const user = fields.get('user') ?? '';
  changeUser(directory, [
    'set',
    user,
    ...FIELDS.map(([name]) => `${name}=${(fields.get(name) ?? '').trim()}`),
  ]);
  return { notice: `Saved ${user}.`, to: `/user?user=${encodeURIComponent(user)}` };
}

const CHANGES: Readonly<Record<string, string>> = {
  disable: 'Disabled',
  enable: 'Enabled',
  delete: 'Deleted',
  restore: 'Restored',
  purge: 'Permanently deleted',
};

export function changeState({ directory }: Visit, fields: URLSearchParams): Done {
  const [user, verb] = [fields.get('user') ?? '', fields.get('verb') ?? ''];
  const words = CHANGES[verb];
  if (words === undefined) throw new UsageError('There is no such change.');
  changeUser(directory, [verb, user]);
  const to = verb === 'purge' ? '/users' : `/user?user=${encodeURIComponent(user)}`;
  return { notice: `${words} ${user}.`, to };
}
