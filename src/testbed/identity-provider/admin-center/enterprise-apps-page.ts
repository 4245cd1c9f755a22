// *Enterprise apps*: the list, *New Application* and *Create your own application*, and the application's overview.
import { UsageError } from '../directory-verbs.ts';
import { createApplication } from '../sample-directory.ts';
import { html } from '../../pages/html.ts';
import { HOME, form, includesText, searchBar, table, textField } from './layout.ts';
import { copyable } from '../../pages/parts.ts';
import type { Done, Page, Visit } from './visit.ts';

const SECTION = { section: 'enterprise-apps', isOfApplication: false } as const;

/** What *Create your own application* asks; the guide takes the last. */
const CHOICES: readonly (readonly [value: string, words: string])[] = [
  ['proxy', 'Configure Application Proxy for secure remote access to an on-premises application'],
  ['register', "Register an application to integrate with Microsoft Entra ID (App you're developing)"],
  ['non-gallery', "Integrate any other application you don't find in the gallery (Non-gallery)"],
];

export function showEnterpriseApps({ directory: { application } }: Visit, query: URLSearchParams): Page {
  const isListed = application.created && includesText(query, application.name);
  return {
    ...SECTION,
    title: 'Enterprise apps',
    body: html`<p><a class="button" href="${HOME}/new-application">+ New Application</a></p>
      ${searchBar(query)}
      ${table(
        'All applications',
        ['Name', 'Object ID', 'Application ID'],
        isListed
          ? [
              [
                html`<a href="${HOME}/overview">${application.name}</a>`,
                html`<code>${application.enterprise_object_id}</code>`,
                html`<code>${application.application_id}</code>`,
              ],
            ]
          : [],
        'There is no such application. Choose New Application to create one.',
      )}`,
  };
}

export function showGallery(): Page {
  return {
    ...SECTION,
    title: 'Browse Microsoft Entra Gallery',
    body: html`<p><a class="button" href="${HOME}/create-application">+ Create your own application</a></p>
      <p class="empty">The gallery is not part of the rehearsal.</p>`,
  };
}

export function showCreateApplication({ session }: Visit): Page {
  return {
    ...SECTION,
    title: 'Create your own application',
    body: form(
      session,
      '/create-application',
      html`${textField("What's the name of your app?", 'name', '')}
        <fieldset class="choices">
          <legend>What are you looking to do with your application?</legend>
          ${CHOICES.map(
            ([value, words]) =>
              html`<label><input type="radio" name="choice" value="${value}" required /> ${words}</label>`,
          )}
        </fieldset>
        <button>Create</button>`,
      'stack card',
    ),
  };
}

export function createOwnApplication({ directory }: Visit, fields: URLSearchParams): Done {
  if (fields.get('choice') !== 'non-gallery') {
    throw new UsageError(
      `The guide takes "${CHOICES[2]?.[1]}"; the other choices are not part of the rehearsal.`,
    );
  }
  const name = (fields.get('name') ?? '').trim();
  if (name === '') throw new UsageError('The application needs a name.');
  createApplication(directory, name);
  return { notice: `The application ${name} was created.`, to: '/enterprise-apps' };
}

export function showOverview({ directory: { application } }: Visit): Page {
  return {
    section: 'overview',
    isOfApplication: true,
    title: application.name,
    body: html`<section class="card">
        <h2>Properties</h2>
        ${copyable('Application ID', 'application-id', application.application_id)}
        ${copyable('Object ID', 'object-id', application.enterprise_object_id)}
        <p class="note">
          This Object ID is that of the enterprise application. Microsoft Graph takes the one of the app
          registration: App registrations, All applications.
        </p>
      </section>
      <section class="card">
        <h2>Getting started</h2>
        <ol class="plain">
          <li><a href="${HOME}/single-sign-on">Set up single sign on</a></li>
          <li><a href="${HOME}/provisioning">Provision user accounts</a></li>
          <li><a href="${HOME}/users-and-groups">Assign users and groups</a></li>
        </ol>
      </section>`,
  };
}
