// *SCIM Configuration*: the three switches, the SCIM Base URL, and the named tokens, each shown once.
import { html, type Html, type HtmlValue } from '../../pages/html.ts';
import { ScimError } from '../../protocol/scim-error.ts';
import { changeSettings, type Settings } from '../../settings.ts';
import type { Role, Token } from '../../tokens.ts';
import { copyable, table } from '../../pages/parts.ts';
import { askFirst, confirmationPage, form, moment } from '../layout.ts';
import type { Done, Page, Visit } from '../visit.ts';

/** Each switch with its documented words and what it does. */
const SWITCHES: readonly (readonly [keyof Settings, words: string, meaning: string])[] = [
  ['enableScimApi', 'Enable SCIM API', 'The SCIM Base URL answers.'],
  [
    'enableAutomatedUserProvisioning',
    'Enable Automated User Provisioning',
    'The identity provider pushes users and groups. Needs SAML SSO to be deployed.',
  ],
  [
    'enableSunkUserProvisioning',
    'Enable SUNK User Provisioning',
    'Login nodes read users, groups and keys. Without it no user reaches ssh.',
  ],
];

/** What a real organisation may be like, and this one can pretend. */
const PRETENCES: readonly (readonly [keyof Settings, words: string, meaning: string])[] = [
  [
    'departmentStopsGroups',
    'The department mapping stops groups',
    'A member with a department stops its group. Delete the mapping in the identity provider: the next cycle clears the department here, and the group is pushed.',
  ],
  [
    'legacyDefaultGroups',
    'Legacy organisation',
    'It has the default groups admin, metrics, read, write and billing_viewer, whose names no pushed group may bear.',
  ],
  [
    'storesPrivateKeys',
    'Private keys are stored',
    'A careless service serves a pushed private key to the login nodes. Off: it is dropped, and an alarm is raised.',
  ],
  [
    'memberNames',
    'Group members as nsscache reads them',
    'Login nodes get the userName of each member of a group too, as nsscache needs it (members/userName).',
  ],
];

export function showScimConfiguration(visit: Visit): Page {
  const { workspace, newToken } = visit;
  return {
    title: 'SCIM Configuration',
    section: 'scim-configuration',
    body: html`<section class="card" aria-labelledby="switches">
        <h2 id="switches">Provisioning</h2>
        ${SWITCHES.map((one) => renderSwitch(visit, one))}
        ${copyable('SCIM Base URL', 'base-url', visit.baseUrl)}
      </section>
      <section class="card" aria-labelledby="tokens">
        <h2 id="tokens">SCIM tokens</h2>
        ${
          newToken !== null &&
          html`<div class="notice done" role="status">
            <p>The token ${newToken.name}. It is shown this once: copy it now.</p>
            ${copyable('Token', 'new-token', newToken.text)}
          </div>`
        }
        ${table(
          'SCIM tokens',
          ['Name', 'For', 'Created', 'Last used', 'Action'],
          workspace.tokens.list().map((token) => renderToken(visit, token)),
          'No token yet.',
        )}
        ${renderNewToken(visit)}
      </section>
      <section class="card" aria-labelledby="pretences">
        <h2 id="pretences">What this testbed pretends</h2>
        ${PRETENCES.map((one) => renderSwitch(visit, one))}
      </section>`,
  };
}

function renderSwitch(visit: Visit, [name, words, meaning]: (typeof SWITCHES)[number]): Html {
  const isOn = visit.workspace.settings[name];
  return form(
    visit,
    '/scim-configuration/switch',
    html`<input type="hidden" name="name" value="${name}" /><input
        type="hidden"
        name="value"
        value="${isOn ? 'off' : 'on'}"
      />
      <button
        role="switch"
        aria-checked="${isOn ? 'true' : 'false'}"
        aria-labelledby="${name}"
        aria-describedby="${name}-means"
        class="switch"
      ></button>
      <span
        ><span id="${name}" class="words">${words}</span>
        <span id="${name}-means" class="note">${meaning}</span></span
      >`,
    'switching',
  );
}

function renderNewToken(visit: Visit): Html {
  const path = '/scim-configuration/tokens';
  const role = visit.entered(path, 'role');
  return form(
    visit,
    path,
    html`<fieldset class="bar">
      <legend>New token</legend>
      <span class="pair"
        ><label for="token-name">Name</label>
        <input
          id="token-name"
          name="name"
          required
          maxlength="64"
          autocomplete="off"
          value="${visit.entered(path, 'name') ?? ''}"
      /></span>
      <span class="pair"
        ><label for="token-role">For</label>
        <select id="token-role" name="role">
          <option value="provisioning">provisioning: the identity provider</option>
          <option value="read-only" ${role === 'read-only' && html`selected`}>read-only: login nodes</option>
        </select></span
      >
      <button>Create token</button>
    </fieldset>`,
  );
}

function renderToken(visit: Visit, { name, role, created, lastUsed }: Token): HtmlValue[] {
  return [
    name,
    role,
    moment(created, visit.now),
    moment(lastUsed, visit.now),
    askFirst('/scim-configuration/revoke', { name }, 'Revoke', `Revoke ${name}`),
  ];
}

/** @throws ScimError 404 */
export function confirmRevocation(visit: Visit, _ids: readonly string[], query: URLSearchParams): Page {
  const name = query.get('name') ?? '';
  const token = visit.workspace.tokens.list().find((one) => one.name === name);
  if (token === undefined) throw new ScimError(404, null, `There is no token ${name}.`);
  return confirmationPage(visit, {
    title: `Revoke ${name}?`,
    section: 'scim-configuration',
    facts: html`<dl>
        <dt>Last used</dt>
        <dd>${moment(token.lastUsed, visit.now)}</dd>
        <dt>Affected</dt>
        <dd>${describeAffected(visit, token)}</dd>
      </dl>
      <p class="note">
        The token opens nothing from then on, and cannot be had again. Create the new one first, and put it
        where the old one is used.
      </p>`,
    path: '/scim-configuration/revoke',
    fields: { name },
    button: `Revoke ${name}`,
    back: '/scim-configuration',
  });
}

function describeAffected({ workspace, now }: Visit, { name, role, lastUsed }: Token): Html {
  if (lastUsed === null) return html`Nothing: it was never used.`;
  if (role === 'provisioning')
    return html`The identity provider that pushes with it: from then on no user is added, changed or disabled.`;
  const nodes = workspace.readers.list().filter((reader) => reader.token === name);
  if (nodes.length === 0) return html`A client that read with it.`;
  return html`${nodes.length === 1 ? 'One login node' : `${nodes.length} login nodes`}, which then keep the
  accounts they have, and are told of no dismissal:
  ${nodes.slice(0, 20).map(({ node, lastPoll }) => html`<br />${node ?? 'a node without a name'}, ${moment(lastPoll, now)}`)}`;
}

/** @throws ScimError 409 where one switch needs another. */
export function changeSwitch({ workspace }: Visit, _ids: readonly string[], fields: URLSearchParams): Done {
  const known = [...SWITCHES, ...PRETENCES].find(([name]) => name === fields.get('name'));
  if (known === undefined) throw new ScimError(400, 'invalidValue', 'There is no such switch.');
  const [name, words] = known;
  const isOn = fields.get('value') === 'on';
  workspace.settings = changeSettings(workspace.settings, { [name]: isOn });
  return { notice: `"${words}" is ${isOn ? 'on' : 'off'}.`, to: '/scim-configuration' };
}

export function createToken({ workspace }: Visit, _ids: readonly string[], fields: URLSearchParams): Done {
  const name = (fields.get('name') ?? '').trim();
  const role: Role = fields.get('role') === 'provisioning' ? 'provisioning' : 'read-only';
  if (name === '' || name.length > 64)
    throw new ScimError(400, 'invalidValue', 'A token has a name of up to 64 characters.');
  const text = workspace.tokens.issue(name, role);
  return { notice: `Created the token ${name}.`, to: '/scim-configuration', newToken: { name, text } };
}

export function revokeToken({ workspace }: Visit, _ids: readonly string[], fields: URLSearchParams): Done {
  const name = fields.get('name') ?? '';
  if (!workspace.tokens.revoke(name)) throw new ScimError(404, null, `There is no token ${name}.`);
  return { notice: `Revoked the token ${name}: it opens nothing from now on.`, to: '/scim-configuration' };
}
