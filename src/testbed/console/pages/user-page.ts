// *View Details*: everything about one user on one page; what the identity provider pushed is to be read only.
import { html, type Html } from '../../pages/html.ts';
import type { Entry } from '../../protocol/resources/collection.ts';
import { ENTERPRISE_SCHEMA } from '../../protocol/discovery/schemas.ts';
import { groupsOf, nameOf, textOf } from '../people.ts';
import { renderKeys } from './user-keys.ts';
import { renderLogin } from './user-login.ts';
import { renderState } from './users-page.ts';
import type { Page, Visit } from '../visit.ts';

/** Words and path of each pushed field that is shown. */
const FIELDS: readonly (readonly [words: string, ...steps: string[]])[] = [
  ['User name', 'userName'],
  ['Display name', 'displayName'],
  ['First name', 'name', 'givenName'],
  ['Last name', 'name', 'familyName'],
  ['E-mail', 'emails', 'value'],
  ['Title', 'title'],
  ['Department', ENTERPRISE_SCHEMA, 'department'],
  ['External id', 'externalId'],
];

const PARTS = [
  ['profile', 'Profile'],
  ['groups', 'Groups'],
  ['slurm-attributes', 'Slurm Attributes'],
  ['login', 'Login'],
] as const;

/** @throws ScimError 404 */
export function showUser(visit: Visit, [id = '']: readonly string[]): Page {
  const user = visit.workspace.organisation.read('User', id);
  return {
    title: nameOf(user),
    section: 'users',
    body: html`<nav class="tabs" aria-label="On this page">
        ${PARTS.map(([name, words]) => html`<a href="#${name}">${words}</a>`)}
      </nav>
      ${renderProfile(user)} ${renderGroups(visit, id)}
      ${renderSlurmAttributes(visit, user, `/users/${id}/keys`)} ${renderLogin(visit, user)}
      <details class="raw">
        <summary>SCIM resource</summary>
        <pre tabindex="0">${JSON.stringify(user.served, null, 2)}</pre>
      </details>`,
  };
}

/** The keys of the user who is signed in, who may have no other page of *Users*. */
export function showAccount(visit: Visit): Page {
  const user = visit.workspace.organisation.read('User', visit.visitor.userId ?? '');
  return {
    title: 'My SSH keys',
    section: 'account',
    body: html`${renderSlurmAttributes(visit, user, '/account/keys')} ${renderLogin(visit, user)}`,
  };
}

function renderProfile(user: Entry): Html {
  return html`<section class="card" aria-labelledby="profile">
    <h2 id="profile">Profile ${renderState(user)}</h2>
    <p class="note">
      Read-only: Automated User Provisioning is one way. Change these in the identity provider.
    </p>
    <div class="fields">
      ${FIELDS.map(([words, ...steps], index) => renderField(words, `field-${index}`, textOf(user.resource, ...steps)))}
      ${renderField('SCIM id', 'field-id', user.id)}
    </div>
  </section>`;
}

function renderGroups({ workspace }: Visit, id: string): Html {
  const groups = groupsOf(workspace, id);
  const shown = groups.slice(0, 100);
  return html`<section class="card" aria-labelledby="groups">
    <h2 id="groups">Groups</h2>
    ${
      groups.length === 0
        ? html`<p class="empty">
            In no pushed group. Login nodes admit users by group: assign one in the identity provider.
          </p>`
        : html`<ul class="plain">
            ${shown.map((group) => html`<li><a href="/console/groups/${group.id}">${textOf(group.resource, 'displayName')}</a></li>`)}
          </ul>`
    }
    ${groups.length > shown.length && html`<p class="count">The first ${shown.length} of ${groups.length}.</p>`}
  </section>`;
}

function renderSlurmAttributes(visit: Visit, user: Entry, path: string): Html {
  return html`<section class="card" aria-labelledby="slurm-attributes">
    <h2 id="slurm-attributes">Slurm Attributes</h2>
    ${renderField('POSIX uid', 'uid', String(user.posixId))}
    <p class="note">Given once, and to no other user.</p>
    ${renderKeys(visit, user, path)}
  </section>`;
}

function renderField(words: string, id: string, value: string): Html {
  return html`<div class="field">
    <label for="${id}">${words}</label>
    <input id="${id}" ${value.length > 24 && html`class="code"`} readonly value="${value}" />
  </div>`;
}
