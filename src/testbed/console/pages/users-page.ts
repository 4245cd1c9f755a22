// *Users*: all users that were pushed, with search and the menu of each.
import { html, type Html, type HtmlValue } from '../../pages/html.ts';
import type { Entry } from '../../protocol/resources/collection.ts';
import { cutList, table } from '../../pages/parts.ts';
import type { Workspace } from '../../workspace.ts';
import { keysOf } from '../keys.ts';
import { isActive, nameOf, searchUsers, textOf } from '../people.ts';
import type { Page, Visit } from '../visit.ts';

export function showUsers({ workspace }: Visit, _ids: readonly string[], query: URLSearchParams): Page {
  const text = query.get('q') ?? '';
  const found = searchUsers(workspace, text);
  const { shown, pager } = cutList(found, '/console/users', query);
  return {
    title: 'Users',
    section: 'users',
    body: html`<form method="get" action="/console/users" role="search" class="bar">
        <label for="q">Search</label>
        <input id="q" name="q" type="search" value="${text}" placeholder="name, user name or e-mail" />
        <button>Search</button>
      </form>
      <div id="live" data-live>
        <p class="count" role="status">${found.length} ${found.length === 1 ? 'user' : 'users'}</p>
        ${table(
          'Users',
          ['Name', 'User name', 'State', 'SSH keys', 'Actions'],
          shown.map((user) => renderRow(workspace, user)),
          text === ''
            ? 'No user yet: the identity provider pushes users, and they appear here by themselves.'
            : 'No user has such a name or address.',
        )}
        ${pager}
      </div>`,
  };
}

function renderRow(workspace: Workspace, user: Entry): HtmlValue[] {
  const name = nameOf(user);
  const menu = html`<details class="menu">
    <summary aria-label="Actions for ${name}" title="Actions"><span aria-hidden="true">⋮</span></summary>
    <ul>
      <li><a href="/console/users/${user.id}">View Details</a></li>
      <li><a href="/console/users/${user.id}#slurm-attributes">Slurm Attributes</a></li>
      <li><a href="/console/users/${user.id}#ssh-keys">SSH Keys</a></li>
    </ul>
  </details>`;
  return [
    html`<a href="/console/users/${user.id}">${name}</a>`,
    textOf(user.resource, 'userName'),
    renderState(user),
    renderKeyCount(workspace, user),
    menu,
  ];
}

/** Whether a user may sign in, as a word. */
export function renderState(user: Entry): Html {
  return isActive(user)
    ? html`<span class="tag good">Active</span>`
    : html`<span class="tag bad">Inactive</span>`;
}

/** How many keys the login nodes accept, and what is wrong with the others. */
function renderKeyCount({ organisation }: Workspace, user: Entry): Html {
  const keys = keysOf(user);
  const refused = keys.filter(({ reading }) => !reading.ok).length;
  return html`${keys.length - refused} ${refused > 0 && html`<span class="tag bad">${refused} refused</span>`}
  ${organisation.leaks().has(user.id) && html`<span class="tag bad">private key</span>`}`;
}
