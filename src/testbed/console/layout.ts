// The frame of every page, and the small parts that pages share.
import { html, type Html, type HtmlValue } from '../pages/html.ts';
import { renderDocument, type Site } from '../pages/frame.ts';
import type { Session } from './sessions.ts';
import type { Page, Visit } from './visit.ts';

/** This console, as the frame of its pages names it. */
export const CONSOLE: Site = {
  title: 'Cloud Console testbed',
  brand: html`Cloud Console <span>testbed</span>`,
  path: '/console',
};

/** The menu: segment of the path, words, and whether it is for administrators only. */
export const SECTIONS: readonly (readonly [section: string, words: string, isRestricted: boolean])[] = [
  ['saml-sso', 'SAML SSO', true],
  ['scim-configuration', 'SCIM Configuration', true],
  ['users', 'Users', true],
  ['groups', 'Groups', true],
  ['clusters', 'Clusters', false],
  ['provisioning-log', 'Provisioning log', true],
  ['login-nodes', 'Login nodes', true],
];

/** A page with its menu, for a user who is signed in. */
export function renderPage(page: Page, visit: Visit, notice: Session['notice']): Html {
  const { visitor } = visit;
  const own = visitor.userId === null ? null : (['account', 'My SSH keys', false] as const);
  const entries = [...SECTIONS, ...(own === null ? [] : [own])].filter(
    ([, , isRestricted]) => visitor.isAdministrator || !isRestricted,
  );
  return renderDocument(
    CONSOLE,
    page.title,
    html`<header class="top">
        <a class="brand" href="/console/clusters">${CONSOLE.brand}</a>
        <span class="who"
          >${visitor.name}${visitor.isAdministrator && html` <span class="tag">Administrator</span>`}</span
        >
        ${form(visit, '/sign-out', html`<button class="quiet">Sign out</button>`)}
      </header>
      <div class="columns">
        <nav aria-label="Console">
          <ul>
            ${entries.map(
              ([section, words]) =>
                html`<li>
                  <a href="/console/${section}" ${section === page.section && html`aria-current="page"`}
                    >${words}</a
                  >
                </li>`,
            )}
          </ul>
        </nav>
        <main id="main" tabindex="-1">
          ${notice !== null && renderNotice(notice)}
          <h1>${page.title}</h1>
          ${page.body}
        </main>
      </div>`,
  );
}

function renderNotice({ tone, text }: NonNullable<Session['notice']>): Html {
  return html`<p class="notice ${tone}" role="${tone === 'done' ? 'status' : 'alert'}">${text}</p>`;
}

/** A form that changes something, with the text that proves that it is ours. */
export function form(visit: Visit, path: string, body: HtmlValue, className = ''): Html {
  return html`<form method="post" action="/console${path}" class="${className}">
    <input type="hidden" name="csrf" value="${visit.csrf}" />${body}
  </form>`;
}

/** A moment, in words that a person compares at a glance, with the exact time beside it. */
export function moment(time: string | null, now: number): Html {
  if (time === null) return html`<span class="faint">never</span>`;
  const seconds = Math.max(0, Math.round((now - Date.parse(time)) / 1000));
  return html`<time datetime="${time}" title="${time}">${describeAge(seconds)} ago</time>`;
}

function describeAge(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** A value to copy elsewhere. */
export function copyable(label: string, id: string, value: string): Html {
  return html`<div class="field">
    <label for="${id}">${label}</label>
    <input id="${id}" class="code" readonly value="${value}" />
  </div>`;
}

/**
 * A table that scrolls in its own box, reachable by keyboard; on a narrow screen each row is a card, for which each
 * cell bears its column's words, and the roles are said, since a table that is laid out otherwise loses them.
 * @param rows each with a cell for each of `head`; the first says what the row is about.
 */
export function table(
  caption: string,
  head: readonly string[],
  rows: readonly (readonly HtmlValue[])[],
  empty: string,
): Html {
  if (rows.length === 0) return html`<p class="empty">${empty}</p>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}">
    <table role="table">
      <caption class="hidden">
        ${caption}
      </caption>
      <thead role="rowgroup">
        <tr role="row">
          ${head.map((words) => html`<th role="columnheader" scope="col">${words}</th>`)}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${rows.map(
          ([subject = null, ...cells]) =>
            html`<tr role="row">
              <th role="rowheader" scope="row">${subject}</th>
              ${cells.map((cell, index) => html`<td role="cell" data-label="${head[index + 1] ?? ''}"><div>${cell}</div></td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
