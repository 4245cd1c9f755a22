// The frame of every page, and the small parts that pages share.
import { html, type Html, type HtmlValue } from '../pages/html.ts';
import { renderDocument, type Site } from '../pages/frame.ts';
import { postForm, renderNotice, type Notice } from '../pages/parts.ts';
import type { Page, Visit } from './visit.ts';

/** This console, as the frame of its pages names it. */
export const CONSOLE: Site = {
  title: 'Cloud Console testbed',
  brand: html`Cloud Console <span>testbed</span>`,
  path: '/console',
};

/** The menu: segment of the path, words, and whether it is for administrators only. */
const SECTIONS: readonly (readonly [section: string, words: string, isRestricted: boolean])[] = [
  ['overview', 'Setup overview', true],
  ['saml-sso', 'SAML SSO', true],
  ['scim-configuration', 'SCIM Configuration', true],
  ['users', 'Users', true],
  ['groups', 'Groups', true],
  ['clusters', 'Clusters', false],
  ['provisioning-log', 'Provisioning log', true],
  ['login-nodes', 'Login nodes', true],
];

/** A page with its menu, for a user who is signed in. */
export function renderPage(page: Page, visit: Visit, notice: Notice | null): Html {
  const { visitor } = visit;
  const own = ['account', 'My SSH keys', false] as const;
  const entries = [...SECTIONS, ...(visitor.userId === null ? [] : [own])].filter(
    ([, , isRestricted]) => visitor.isAdministrator || !isRestricted,
  );
  return renderDocument(
    CONSOLE,
    page.title,
    html`<header class="top">
        <a class="brand" href="/console">${CONSOLE.brand}</a>
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

/** A form that changes something below the console. */
export function form(visit: Visit, path: string, body: HtmlValue, className = ''): Html {
  return postForm(`/console${path}`, visit.csrf, body, className);
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

/** What is about to be destroyed, and what follows from it. */
export interface Confirmation {
  readonly title: string;
  readonly section: string;
  /** What it is, when it was last used, and who is affected. */
  readonly facts: Html;
  /** The action, with the fields that name its object. */
  readonly path: string;
  readonly fields: Readonly<Record<string, string>>;
  /** Words of the button. */
  readonly button: string;
  /** Path of the page to which *Cancel* leads. */
  readonly back: string;
}

/** Asks before something is destroyed. */
export function confirmationPage(visit: Visit, confirmation: Confirmation): Page {
  const { title, section, facts, path, fields, button, back } = confirmation;
  const hidden = Object.entries(fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
  );
  return {
    title,
    section,
    body: html`<section class="card">
      ${facts}
      <div class="bar">
        ${form(visit, path, html`${hidden}<button class="danger">${button}</button>`)}
        <a href="/console${back}">Cancel</a>
      </div>
    </section>`,
  };
}

/** A button that leads to the question before something is destroyed. */
export function askFirst(
  path: string,
  fields: Readonly<Record<string, string>>,
  words: string,
  label: string,
): Html {
  return html`<form method="get" action="/console${path}">
    ${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
    <button class="quiet" aria-label="${label}">${words}</button>
  </form>`;
}
