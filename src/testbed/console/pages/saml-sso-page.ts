// *SAML SSO*: what the identity provider needs from us, its Metadata URL, *Test* and *Deploy SSO*.
import { html, type Html } from '../../pages/html.ts';
import { copyable } from '../../pages/parts.ts';
import type { SsoState } from '../../saml/sso-state.ts';
import { changeSettings } from '../../settings.ts';
import { describeCertificates } from '../certificates.ts';
import { form, moment } from '../layout.ts';
import type { Done, Page, Visit } from '../visit.ts';

export function showSamlSso(visit: Visit, _ids: readonly string[], query: URLSearchParams): Page {
  const state = visit.workspace.sso.state();
  const isBegun = state !== null || query.has('configure') || visit.entered(METADATA, 'url') !== null;
  return {
    title: 'SAML SSO',
    section: 'saml-sso',
    body: isBegun ? renderSteps(visit, state) : renderBeginning(visit),
  };
}

const METADATA = '/saml-sso/metadata';

function renderBeginning({ workspace }: Visit): Html {
  return html`<section class="card">
    <h2>SAML SSO is not configured</h2>
    <p>
      Users sign in at your identity provider. Automated User Provisioning needs SSO first. Open the identity
      provider in a second window: each side asks for values of the other.
    </p>
    <p><a class="button" href="/console/saml-sso?configure">Configure SAML</a></p>
    ${
      workspace.settings.ssoDeployed &&
      html`<p class="note">
        This testbed was started ready for provisioning, as if SSO had been deployed. Start it with
        <code>--new</code> to follow the guide from its first step.
      </p>`
    }
  </section>`;
}

function renderSteps(visit: Visit, state: SsoState | null): Html {
  const { sso } = visit.workspace;
  return html`<ol class="steps">
    <li class="card">
      <h2>Enter these in the identity provider</h2>
      ${copyable('ACS URL', 'acs-url', sso.acsUrl)} ${copyable('Entity ID', 'entity-id', sso.entityId)}
      <p class="note">
        Claims: <code>first_name</code>, <code>last_name</code>, <code>email</code>. Signing option: sign the
        response <em>and</em> the assertion, with SHA-256.
      </p>
    </li>
    ${renderMetadata(visit, state)} ${renderDeploy(visit, state)} ${renderTest(visit, state)}
  </ol>`;
}

function renderMetadata(visit: Visit, state: SsoState | null): Html {
  const candidate = state?.candidate ?? null;
  const url = visit.entered(METADATA, 'url') ?? candidate?.metadataUrl ?? state?.metadataUrl ?? '';
  return html`<li class="card">
    <h2>Enter its Metadata URL</h2>
    ${form(
      visit,
      METADATA,
      html`<label for="metadata-url">Metadata URL</label>
        <input id="metadata-url" name="url" type="url" required value="${url}" autocomplete="off" />
        <button>Next</button>`,
      'stack',
    )}
    ${state !== null && renderProvider(state.provider, visit.now)}
    ${
      candidate !== null &&
      html`<div class="notice warning" role="status">
        <p>
          Another identity provider was entered: ${candidate.provider.entityId}. Sign-ins still go to the one
          above. Test the new one, then choose Deploy SSO.
        </p>
        ${form(visit, '/saml-sso/dismiss', html`<button class="quiet">Discard the new one</button>`)}
      </div>`
    }
  </li>`;
}

function renderProvider(provider: SsoState['provider'], now: number): Html {
  return html`<dl>
    <dt>Identity provider</dt>
    <dd>${provider.entityId}</dd>
    <dt>Signing certificates</dt>
    <dd>
      ${describeCertificates(provider, now).map(
        ({ words, isGood }) => html`<span class="tag ${isGood ? 'good' : 'bad'}">${words}</span> `,
      )}
    </dd>
  </dl>`;
}

function renderDeploy(visit: Visit, state: SsoState | null): Html {
  return html`<li class="card">
    <h2>Deploy SSO ${state?.isDeployed === true && html`<span class="tag good">deployed</span>`}</h2>
    ${form(visit, '/saml-sso/deploy', html`<button>Deploy SSO</button>`)}
    <p class="note">
      Afterwards pushed users sign in without an invitation, and all others are refused. Until the first user
      is pushed, a sign-in leads to Clusters and to nothing else.
    </p>
  </li>`;
}

function renderTest(visit: Visit, state: SsoState | null): Html {
  const tested = (state?.candidate ?? state)?.tested ?? null;
  return html`<li class="card">
    <h2>
      Test
      ${
        tested !== null &&
        html`<span class="tag good">passed</span>
          <span class="note">as ${tested.email}, ${moment(tested.at, visit.now)}</span>`
      }
    </h2>
    ${
      state === null
        ? html`<p class="note">After the Metadata URL.</p>`
        : html`<p class="links">
              <a class="button" href="/console/saml-sso/test">Test</a>
              ${visit.workspace.sso.lastTest() !== null && html`<a href="/console/saml-sso/tested">Last result</a>`}
            </p>
            <p class="note">
              Signs you in at the identity provider and shows what it says, without signing you in here. After
              Deploy SSO you can choose Test there too.
            </p>`
    }
  </li>`;
}

const OUTCOMES = {
  entered: 'Read the metadata of the identity provider.',
  rotated:
    'Read the metadata of the identity provider. Its certificates count from now on; nothing else changed.',
  candidate:
    'Read the metadata of another identity provider. The deployed one stays in use until you choose Deploy SSO.',
} as const;

export async function saveMetadata(
  { workspace }: Visit,
  _ids: readonly string[],
  fields: URLSearchParams,
): Promise<Done> {
  const outcome = await workspace.sso.configure((fields.get('url') ?? '').trim());
  return { notice: OUTCOMES[outcome], to: '/saml-sso' };
}

export function dismissCandidate({ workspace }: Visit): Done {
  workspace.sso.dismiss();
  return { notice: 'Discarded the other identity provider.', to: '/saml-sso' };
}

export function deploySso({ workspace }: Visit): Done {
  workspace.sso.deploy();
  workspace.settings = changeSettings(workspace.settings, { ssoDeployed: true });
  return { notice: 'SSO is deployed.', to: '/saml-sso' };
}
