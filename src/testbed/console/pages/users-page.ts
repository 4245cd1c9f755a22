// *Users*: all users that were pushed, with search and the menu of each.
import { html, type Html, type HtmlValue } from '../../pages/html.ts';
import type { Entry } from '../../protocol/resources/collection.ts';
import { table } from '../layout.ts';
import { isActive, nameOf, pushedKeysOf, searchUsers, textOf } from '../people.ts';
import type { Page, Visit } from '../visit.ts';

const PER_PAGE = 50;

export function showUsers({ workspace }: Visit, _ids: readonly string[], query: URLSearchParams): Page {
  const text = query.get('q') ?? '';
  const found = searchUsers(workspace, text);
  const pages = Math.max(1, Math.ceil(found.length / PER_PAGE));
  const page = Math.min(pages, Math.max(1, Math.trunc(Number(query.get('page') ?? 1)) || 1));
  const shown = found.slice((page - 1) * PER_PAGE, page * PER_PAGE);
  return {
    title: 'Users',
    section: 'users',
    body: html`<form method="get" action="/console/users" role="search" class="bar">
        <label for="q">Search</label>
        <input id="q" name="q" type="search" value="${text}" placeholder="name, user name or e-mail" />
        <button>Search</button>
        <span class="count">${found.length} ${found.length === 1 ? 'user' : 'users'}</span>
      </form>
      ${table(
        'Users',
        ['Name', 'User name', 'State', 'SSH keys', 'Actions'],
        shown.map(renderRow),
        text === ''
          ? 'Nobody yet: the identity provider pushes users, and they appear here.'
          : 'Nobody has such a name or address.',
      )}
      ${pages > 1 && renderPager(text, page, pages)}`,
  };
}

function renderRow(user: Entry): HtmlValue[] {
  const name = nameOf(user);
  const menu = html`<details class="menu">
    <summary aria-label="Actions for ${name}" title="Actions"><span aria-hidden="true">⋮</span></summary>
    <ul>
      <li><a href="/console/users/${user.id}">View Details</a></li>
      <li><a href="/console/users/${user.id}/slurm-attributes">Slurm Attributes</a></li>
      <li><a href="/console/users/${user.id}/slurm-attributes#ssh-keys">SSH Keys</a></li>
    </ul>
  </details>`;
  return [
    html`<a href="/console/users/${user.id}">${name}</a>`,
    textOf(user.resource, 'userName'),
    renderState(user),
    pushedKeysOf(user).length + user.consoleKeys.length,
    menu,
  ];
}

/** Whether a user may sign in, as a word. */
export function renderState(user: Entry): Html {
  return isActive(user)
    ? html`<span class="tag good">Active</span>`
    : html`<span class="tag bad">Inactive</span>`;
}

function renderPager(text: string, page: number, pages: number): Html {
  const link = (to: number, words: string, rel: string): Html =>
    html`<a
      rel="${rel}"
      href="/console/users?${new URLSearchParams({ q: text, page: String(to) }).toString()}"
      >${words}</a
    >`;
  return html`<nav class="pager" aria-label="Pages">
    ${page > 1 && link(page - 1, 'Previous', 'prev')} <span>Page ${page} of ${pages}</span>
    ${page < pages && link(page + 1, 'Next', 'next')}
  </nav>`;
}
