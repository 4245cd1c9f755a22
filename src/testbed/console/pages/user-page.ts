// *View Details* of one user: what the identity provider pushed, to be read only.
import { html, type Html } from '../../pages/html.ts';
import type { Entry } from '../../protocol/resources/collection.ts';
import { ENTERPRISE_SCHEMA } from '../../protocol/discovery/schemas.ts';
import { groupsOf, nameOf, textOf } from '../people.ts';
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

/** @throws ScimError 404 */
export function showUser({ workspace }: Visit, [id = '']: readonly string[]): Page {
  const user = workspace.organisation.read('User', id);
  const groups = groupsOf(workspace, id);
  return {
    title: nameOf(user),
    section: 'users',
    body: html`${renderTabs(user, 'details')}
      <section class="card" aria-labelledby="pushed">
        <h2 id="pushed">Profile ${renderState(user)}</h2>
        <p class="note">
          Read-only: Automated User Provisioning is one way. Change these in the identity provider.
        </p>
        <div class="fields">
          ${FIELDS.map(([words, ...steps], index) => renderField(words, `field-${index}`, textOf(user.resource, ...steps)))}
          ${renderField('SCIM id', 'field-id', user.id)}
        </div>
      </section>
      <section class="card" aria-labelledby="groups">
        <h2 id="groups">Groups</h2>
        ${
          groups.length === 0
            ? html`<p class="empty">In no pushed group.</p>`
            : html`<ul class="plain">
                ${groups.map((group) => html`<li><a href="/console/groups/${group.id}">${textOf(group.resource, 'displayName')}</a></li>`)}
              </ul>`
        }
      </section>
      <details class="raw">
        <summary>SCIM resource</summary>
        <pre tabindex="0">${JSON.stringify(user.served, null, 2)}</pre>
      </details>`,
  };
}

function renderField(words: string, id: string, value: string): Html {
  return html`<div class="field">
    <label for="${id}">${words}</label>
    <input id="${id}" readonly value="${value}" />
  </div>`;
}

/** The two sides of a user. */
export function renderTabs(user: Entry, current: 'details' | 'slurm-attributes'): Html {
  const mark = (name: string): Html | false => name === current && html`aria-current="page"`;
  return html`<nav class="tabs" aria-label="User">
    <a href="/console/users/${user.id}" ${mark('details')}>View Details</a>
    <a href="/console/users/${user.id}/slurm-attributes" ${mark('slurm-attributes')}>Slurm Attributes</a>
  </nav>`;
}
