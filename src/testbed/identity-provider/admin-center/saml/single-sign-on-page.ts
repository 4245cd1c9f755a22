// *Single sign on*: the choice of a method, the SAML page with its numbered fields, and *Test*.
import { X509Certificate } from 'node:crypto';
import { nameSource, SIGNING_OPTIONS } from '../../saml/saml-verbs.ts';
import { html, type Html } from '../../../pages/html.ts';
import { HOME, form } from '../layout.ts';
import { copyable } from '../../../pages/parts.ts';
import type { Done, Page, Visit } from '../visit.ts';

const SECTION = { section: 'single-sign-on', isOfApplication: true } as const;

/** The choice of a method until something is configured. */
export function showSingleSignOn(visit: Visit): Page {
  const { saml } = visit.directory.application;
  if (saml.identifier !== '' || saml.reply_url !== '') return showSaml(visit);
  return {
    ...SECTION,
    title: 'Select a single sign-on method',
    body: html`<ul class="plain">
      <li><a href="${HOME}/saml">SAML 2.0</a>: the method of the guide.</li>
      <li class="faint">Disabled, Password-based, Linked: not part of the rehearsal.</li>
    </ul>`,
  };
}

export function showSaml({ directory: { application }, provider }: Visit): Page {
  const { saml, name } = application;
  return {
    ...SECTION,
    title: 'Set up Single Sign-On with SAML',
    body: html`<ol class="steps">
      <li class="card">
        <h2>Basic SAML Configuration</h2>
        <dl>
          <dt>Identifier (Entity ID)</dt>
          <dd>${saml.identifier || 'Required'}</dd>
          <dt>Reply URL (Assertion Consumer Service URL)</dt>
          <dd>${saml.reply_url || 'Required'}</dd>
        </dl>
        ${edit('basic-saml-configuration', 'Basic SAML Configuration')}
      </li>
      <li class="card">
        <h2>Attributes and Claims</h2>
        <dl>
          ${Object.entries(saml.claims).map(
            ([claim, source]) =>
              html`<dt>${claim}</dt>
                <dd>${nameSource(source)}</dd>`,
          )}
          <dt>Unique User Identifier</dt>
          <dd>user.userprincipalname</dd>
        </dl>
        ${edit('claims', 'Attributes and Claims')}
      </li>
      <li class="card">
        <h2>SAML Certificates</h2>
        ${describeCertificate(provider.certificate)}
        <dl>
          <dt>Signing Option</dt>
          <dd>${SIGNING_OPTIONS.find(([option]) => option === saml.signing)?.[1] ?? ''}</dd>
        </dl>
        ${copyable('App Federation Metadata URL', 'metadata-url', provider.metadataUrl)}
        ${edit('saml-certificates', 'SAML Certificates')}
      </li>
      <li class="card">
        <h2>Set up ${name}</h2>
        ${copyable('Login URL', 'login-url', `${provider.origin}/sign-in`)}
        ${copyable('Microsoft Entra Identifier', 'entra-identifier', provider.issuer)}
      </li>
      <li class="card">
        <h2>Test single sign-on with ${name}</h2>
        <p><a class="button" href="${HOME}/test-single-sign-on">Test</a></p>
      </li>
    </ol>`,
  };
}

function edit(page: string, what: string): Html {
  return html`<p>
    <a class="button" href="${HOME}/${page}">Edit <span class="hidden">${what}</span></a>
  </p>`;
}

/** Status and expiry of the token signing certificate. */
export function describeCertificate(pem: string): Html {
  const { validToDate, fingerprint } = new X509Certificate(pem);
  const isExpired = validToDate.getTime() < Date.now();
  return html`<dl>
    <dt>Status</dt>
    <dd>
      ${isExpired ? html`<span class="tag bad">Expired</span>` : html`<span class="tag good">Active</span>`}
    </dd>
    <dt>Thumbprint</dt>
    <dd>${fingerprint.replaceAll(':', '')}</dd>
    <dt>Expiration</dt>
    <dd>${validToDate.toISOString().slice(0, 10)}</dd>
  </dl>`;
}

/** The dialog that *Test* opens. */
export function showTest({ directory: { application }, session }: Visit): Page {
  const { saml } = application;
  const isReady = saml.identifier !== '' && saml.reply_url !== '';
  return {
    ...SECTION,
    title: `Test Single sign on with ${application.name}`,
    body: isReady
      ? form(
          session,
          '/test-single-sign-on',
          html`<p>Sign in to ${application.name} as one of the users of this directory.</p>
            <button>Test</button>`,
          'card',
        )
      : html`<p class="empty">
          Enter the Identifier and the Reply URL first:
          <a href="${HOME}/basic-saml-configuration">Basic SAML Configuration</a>.
        </p>`,
  };
}

export function startTest({ provider }: Visit): Done {
  return { notice: null, to: provider.startTest() };
}
