// The frame of the admin center's pages, and the small parts that they share.
import { renderCard, renderDocument, type Site } from '../../pages/frame.ts';
import { html, type Html, type HtmlValue } from '../../pages/html.ts';
import { postForm, renderNotice, table as renderTable, type Notice } from '../../pages/parts.ts';
import type { AdminSession, Page, Visit } from './visit.ts';

export const HOME = '/admin-center';

const SITE: Site = {
  title: 'Entra admin center (rehearsal)',
  brand: html`Microsoft Entra admin center <span>rehearsal</span>`,
  path: '',
};

const MENU: readonly (readonly [section: string, words: string])[] = [
  ['enterprise-apps', 'Enterprise apps'],
  ['app-registrations', 'App registrations'],
  ['users', 'Users'],
  ['groups', 'Groups'],
];

/** The menu *Manage* of the application, in the order of Entra's. */
const MANAGE: typeof MENU = [
  ['users-and-groups', 'Users and groups'],
  ['single-sign-on', 'Single sign on'],
  ['provisioning', 'Provisioning'],
  ['attribute-mapping', 'Attribute Mapping (Preview)'],
  ['provision-on-demand', 'Provision on demand'],
  ['provisioning-logs', 'Provisioning logs'],
];

export function renderPage(page: Page, visit: Visit, notice: Notice | null): Html {
  const { session, directory } = visit;
  return renderDocument(
    SITE,
    page.title,
    html`${renderExtras()}
      <header class="top">
        <a class="brand" href="${HOME}/enterprise-apps">${SITE.brand}</a>
        <span class="who">Administrator</span>
        ${form(session, '/sign-out', html`<button class="quiet">Sign out</button>`)}
      </header>
      <div class="columns">
        <nav aria-label="Entra">
          ${renderMenu(MENU, page.section)}
          ${
            page.isOfApplication &&
            html`<p class="manage">${directory.application.name}</p>
              <p class="note">Manage</p>
              ${renderMenu(MANAGE, page.section)}`
          }
        </nav>
        <main id="main" tabindex="-1">
          ${notice !== null && renderNotice(notice, 'toast')}
          <p class="note">A rehearsal on this machine: nothing here reaches Microsoft.</p>
          <h1>${page.title}</h1>
          ${page.body}
        </main>
      </div>`,
  );
}

function renderMenu(entries: typeof MENU, current: string): Html {
  return html`<ul>
    ${entries.map(
      ([section, words]) =>
        html`<li>
          <a href="${HOME}/${section}" ${section === current && html`aria-current="page"`}>${words}</a>
        </li>`,
    )}
  </ul>`;
}

/** A page for a visitor who is not signed in. */
export function renderSignIn(problem: string | null): Html {
  return renderCard(
    SITE,
    'Sign in',
    html`<p>A rehearsal of the Entra admin center: nothing here reaches Microsoft.</p>
      ${problem !== null && html`<p role="alert" class="notice refused">${problem}</p>`}
      <form method="post" action="${HOME}/sign-in" class="stack">
        <label for="key">Administrator key</label>
        <input id="key" name="key" type="password" required autocomplete="off" />
        <button>Sign in</button>
      </form>
      <p class="note">The key is the end of the link that <code>npm run idp</code> printed.</p>`,
  );
}

export function renderProblem(title: string, sentence: string, more: HtmlValue = null): Html {
  return renderCard(
    SITE,
    title,
    html`<p role="alert" class="notice refused">${sentence}</p>
      ${more}
      <p><a href="${HOME}">To the Entra admin center (rehearsal)</a></p>`,
  );
}

function renderExtras(): Html {
  return html`<link rel="stylesheet" href="${HOME}/admin-center.css" />`;
}

/** A form that changes something below the admin center. */
export function form(session: AdminSession, path: string, body: HtmlValue, className = ''): Html {
  return postForm(`${HOME}${path}`, session.csrf, body, className);
}

export function textField(label: string, name: string, value: string, type = 'text'): Html {
  return html`<div class="field">
    <label for="${name}">${label}</label>
    <input id="${name}" name="${name}" type="${type}" value="${value}" autocomplete="off" />
  </div>`;
}

/** @param options value and words; the first is chosen where `value` is none of them. */
export function selectField(
  label: string,
  name: string,
  options: readonly (readonly [value: string, words: string])[],
  value = '',
): Html {
  return html`<div class="field">
    <label for="${name}">${label}</label>
    <select id="${name}" name="${name}">
      ${options.map(
        ([one, words]) => html`<option value="${one}" ${one === value && html`selected`}>${words}</option>`,
      )}
    </select>
  </div>`;
}

export function searchBar(query: URLSearchParams, more: HtmlValue = null): Html {
  return html`<form method="get" class="bar" role="search">
    <label for="search">Search</label>
    <input id="search" name="search" type="search" value="${query.get('search') ?? ''}" />
    ${more}
    <button class="quiet">Search</button>
  </form>`;
}

/** At most so many rows on a page. */
export const ROWS = 100;

/** A table of the first rows; the search finds the others. */
export function table(
  caption: string,
  head: readonly string[],
  rows: readonly (readonly HtmlValue[])[],
  empty: string,
): Html {
  return html`${renderTable(caption, head, rows.slice(0, ROWS), empty)}
  ${rows.length > ROWS && html`<p class="count">The first ${ROWS} of ${rows.length}: search for others.</p>`}`;
}

export function includesText(query: URLSearchParams, ...texts: readonly string[]): boolean {
  const wanted = (query.get('search') ?? '').trim().toLowerCase();
  return texts.some((text) => text.toLowerCase().includes(wanted));
}
