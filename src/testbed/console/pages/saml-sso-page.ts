// *SAML SSO*: what the identity provider needs from us, its Metadata URL, *Test* and *Deploy SSO*.
import { html, type Html } from '../../pages/html.ts';
import type { SsoState } from '../../saml/sso-state.ts';
import { changeSettings } from '../../settings.ts';
import { copyable, form, moment } from '../layout.ts';
import type { Done, Page, Visit } from '../visit.ts';

export function showSamlSso(visit: Visit): Page {
  const { sso, settings } = visit.workspace;
  const state = sso.state();
  return {
    title: 'SAML SSO',
    section: 'saml-sso',
    body: html`<ol class="steps">
      <li class="card">
        <h2>Enter these in the identity provider</h2>
        ${copyable('ACS URL', 'acs-url', sso.acsUrl)} ${copyable('Entity ID', 'entity-id', sso.entityId)}
        <p class="note">
          Claims: <code>first_name</code>, <code>last_name</code>, <code>email</code>. Signing option: sign
          the response <em>and</em> the assertion, with SHA-256.
        </p>
      </li>
      <li class="card">
        <h2>Enter its Metadata URL</h2>
        ${form(
          visit,
          '/saml-sso/metadata',
          html`<label for="metadata-url">Metadata URL</label>
            <input
              id="metadata-url"
              name="url"
              type="url"
              required
              value="${state?.metadataUrl ?? ''}"
              autocomplete="off"
            />
            <button>Next</button>`,
          'stack',
        )}
        ${
          state !== null &&
          html`<dl>
            <dt>Identity provider</dt>
            <dd>${state.provider.entityId}</dd>
            <dt>Signing certificates</dt>
            <dd>${state.provider.certificates.length}</dd>
          </dl>`
        }
      </li>
      <li class="card">
        <h2>Test ${renderTested(state, visit.now)}</h2>
        ${
          state === null
            ? html`<p class="note">After the Metadata URL.</p>`
            : html`<p><a class="button" href="/console/saml-sso/test">Test</a></p>
                <p class="note">
                  Signs you in at the identity provider and shows what it says, without signing you in here.
                </p>`
        }
      </li>
      <li class="card">
        <h2>Deploy SSO ${state?.isDeployed === true && html`<span class="tag good">deployed</span>`}</h2>
        ${form(visit, '/saml-sso/deploy', html`<button>Deploy SSO</button>`)}
        <p class="note">Afterwards pushed users sign in without an invitation, and all others are refused.</p>
        ${
          settings.ssoDeployed &&
          state?.isDeployed !== true &&
          html`<p class="note">
            This testbed was started ready for provisioning, as if SSO had been deployed. Start it with
            <code>--new</code> to follow the guide from its first step.
          </p>`
        }
      </li>
    </ol>`,
  };
}

function renderTested(state: SsoState | null, now: number): Html | null {
  const tested = state?.tested ?? null;
  if (tested === null) return null;
  return html`<span class="tag good">passed</span>
    <span class="note">as ${tested.email}, ${moment(tested.at, now)}</span>`;
}

export async function saveMetadata(
  { workspace }: Visit,
  _ids: readonly string[],
  fields: URLSearchParams,
): Promise<Done> {
  await workspace.sso.configure((fields.get('url') ?? '').trim());
  return { notice: 'Read the metadata of the identity provider.', to: '/saml-sso' };
}

export function deploySso({ workspace }: Visit): Done {
  workspace.sso.deploy();
  workspace.settings = changeSettings(workspace.settings, { ssoDeployed: true });
  return { notice: 'SSO is deployed.', to: '/saml-sso' };
}
