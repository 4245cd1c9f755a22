// *SCIM Configuration*: the three switches, the SCIM Base URL, and the named tokens, each shown once.
import { html, type Html, type HtmlValue } from '../../pages/html.ts';
import { ScimError } from '../../protocol/scim-error.ts';
import { changeSettings, type Settings } from '../../settings.ts';
import type { Role, Token } from '../../tokens.ts';
import { copyable, form, moment, table } from '../layout.ts';
import type { Done, Page, Visit } from '../visit.ts';

/** Each switch with its documented words and what it does. */
const SWITCHES: readonly (readonly [keyof Settings, words: string, meaning: string])[] = [
  ['enableScimApi', 'Enable SCIM API', 'The SCIM Base URL answers.'],
  [
    'enableAutomatedUserProvisioning',
    'Enable Automated User Provisioning',
    'The identity provider pushes users and groups. Needs SAML SSO to be deployed.',
  ],
  ['enableSunkUserProvisioning', 'Enable SUNK User Provisioning', 'Login nodes read them.'],
];

/** What a real organisation may be like, and this one can pretend. */
const PRETENCES: readonly (readonly [keyof Settings, words: string, meaning: string])[] = [
  [
    'departmentStopsGroups',
    'The department mapping stops groups',
    'A member with a department stops its group, until the mapping is deleted in the identity provider.',
  ],
  [
    'legacyDefaultGroups',
    'Legacy organisation',
    'It has the default groups admin, metrics, read, write and billing_viewer, whose names no pushed group may bear.',
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
        ${form(
          visit,
          '/scim-configuration/tokens',
          html`<fieldset class="bar">
            <legend>New token</legend>
            <span class="pair"
              ><label for="token-name">Name</label>
              <input id="token-name" name="name" required maxlength="64" autocomplete="off"
            /></span>
            <span class="pair"
              ><label for="token-role">For</label>
              <select id="token-role" name="role">
                <option value="provisioning">provisioning: the identity provider</option>
                <option value="read-only">read-only: login nodes</option>
              </select></span
            >
            <button>Create token</button>
          </fieldset>`,
        )}
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

function renderToken(visit: Visit, { name, role, created, lastUsed }: Token): HtmlValue[] {
  const body = html`<input type="hidden" name="name" value="${name}" /><button
      class="quiet"
      aria-label="Revoke ${name}"
    >
      Revoke
    </button>`;
  return [
    name,
    role,
    moment(created, visit.now),
    moment(lastUsed, visit.now),
    form(visit, '/scim-configuration/revoke', body),
  ];
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
