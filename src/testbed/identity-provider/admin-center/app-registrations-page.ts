// *App registrations*: the registration behind the enterprise application, with the Object ID that Graph takes.
import { html } from '../../pages/html.ts';
import { HOME, includesText, searchBar, table } from './layout.ts';
import { copyable } from '../../pages/parts.ts';
import type { Page, Visit } from './visit.ts';

const SECTION = { section: 'app-registrations', isOfApplication: false } as const;

export function showAppRegistrations({ directory: { application } }: Visit, query: URLSearchParams): Page {
  const isAll = query.get('tab') === 'all';
  const tab = (words: string, href: string, isCurrent: boolean): ReturnType<typeof html> =>
    html`<a href="${HOME}/app-registrations${href}" ${isCurrent && html`aria-current="page"`}>${words}</a>`;
  const isListed = isAll && application.created && includesText(query, application.name);
  return {
    ...SECTION,
    title: 'App registrations',
    body: html`<nav class="tabs" aria-label="Applications">
        ${tab('Owned applications', '', !isAll)} ${tab('All applications', '?tab=all', isAll)}
      </nav>
      ${isAll && searchBar(query, html`<input type="hidden" name="tab" value="all" />`)}
      ${table(
        'Applications',
        ['Display name', 'Application (client) ID'],
        isListed
          ? [
              [
                html`<a href="${HOME}/app-registration">${application.name}</a>`,
                html`<code>${application.application_id}</code>`,
              ],
            ]
          : [],
        isAll ? 'There is no such application.' : 'You own no application: see All applications.',
      )}`,
  };
}

export function showAppRegistration({ directory: { application } }: Visit): Page {
  const properties = application.extension_properties;
  return {
    ...SECTION,
    title: application.name,
    body: html`<section class="card">
        <h2>Essentials</h2>
        ${copyable('Object ID', 'object-id', application.object_id)}
        ${copyable('Application (client) ID', 'client-id', application.application_id)}
        <p class="note">
          Microsoft Graph takes this Object ID. The enterprise application
          <a href="${HOME}/overview">${application.name}</a> has another one.
        </p>
      </section>
      <section class="card">
        <h2>Extension properties</h2>
        ${
          properties.length === 0
            ? html`<p class="empty">
                None. They are made with Microsoft Graph: <code>npm run entra -- graph</code>.
              </p>`
            : html`<ul class="plain">
                ${properties.map((name) => html`<li><code>${name}</code></li>`)}
              </ul>`
        }
      </section>`,
  };
}
