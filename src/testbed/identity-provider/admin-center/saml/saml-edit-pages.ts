// What *Edit* opens on the SAML page: the URLs, the claims one by one, and the signing option.
import { changeSaml, nameSource, SIGNING_OPTIONS, SOURCES, splitClaimName } from '../../saml/saml-verbs.ts';
import { html } from '../../../pages/html.ts';
import { HOME, form, selectField, table, textField } from '../layout.ts';
import { describeCertificate } from './single-sign-on-page.ts';
import type { Done, Page, Visit } from '../visit.ts';

const SECTION = { section: 'single-sign-on', isOfApplication: true } as const;
const NAMESPACE = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims';

export function showBasicSaml({ directory, session }: Visit): Page {
  const { saml } = directory.application;
  return {
    ...SECTION,
    title: 'Basic SAML Configuration',
    body: form(
      session,
      '/basic-saml-configuration',
      html`${textField('Entity ID', 'identifier', saml.identifier, 'url')}
        <p class="note">In Entra: Identifier (Entity ID).</p>
        ${textField('Reply URL (Assertion Consumer Service URL)', 'reply-url', saml.reply_url, 'url')}
        <button>Save</button>`,
      'stack card',
    ),
  };
}

export function saveBasicSaml({ directory }: Visit, fields: URLSearchParams): Done {
  for (const verb of ['identifier', 'reply-url']) {
    changeSaml(directory, [verb, (fields.get(verb) ?? '').trim()]);
  }
  return { notice: 'Saved the Basic SAML Configuration.', to: '/saml' };
}

export function showClaims({ directory, session }: Visit): Page {
  const claims = Object.entries(directory.application.saml.claims);
  return {
    ...SECTION,
    title: 'Attributes and Claims',
    body: html`<p><a class="button" href="${HOME}/claim">+ Add new claim</a></p>
      <h2>Required claim</h2>
      <dl>
        <dt>Unique User Identifier (Name ID)</dt>
        <dd>user.userprincipalname</dd>
      </dl>
      <h2>Additional Claims</h2>
      ${table(
        'Additional Claims',
        ['Claim name', 'Value', 'Action'],
        claims.map(([name, attribute]) => [
          html`<a href="${HOME}/claim?name=${encodeURIComponent(name)}">${name}</a>`,
          nameSource(attribute),
          form(
            session,
            '/delete-claim',
            html`<input type="hidden" name="claim" value="${name}" />
              <button class="quiet">Delete <span class="hidden">${name}</span></button>`,
          ),
        ]),
        'There are no additional claims.',
      )}
      <p><a href="${HOME}/saml">Back to SAML-based sign-on</a></p>`,
  };
}

export function showClaim({ directory, session }: Visit, query: URLSearchParams): Page {
  const claim = query.get('name') ?? '';
  const attribute = directory.application.saml.claims[claim] ?? '';
  const { short, namespace } = claim === '' ? { short: '', namespace: NAMESPACE } : splitClaimName(claim);
  return {
    ...SECTION,
    title: 'Manage claim',
    body: form(
      session,
      '/claim',
      html`<input type="hidden" name="claim" value="${claim}" />
        ${textField('Name', 'name', short)} ${textField('Namespace', 'namespace', namespace)}
        ${selectField(
          'Source attribute',
          'source',
          SOURCES.map(([source]) => [source, source]),
          nameSource(attribute),
        )}
        <button>Save</button>`,
      'stack card',
    ),
  };
}

export function saveClaim({ directory }: Visit, fields: URLSearchParams): Done {
  const [former, name, namespace, source] = ['claim', 'name', 'namespace', 'source'].map((field) =>
    (fields.get(field) ?? '').trim(),
  ) as [string, string, string, string];
  const whole = namespace === '' || name === '' ? name : `${namespace.replace(/\/+$/, '')}/${name}`;
  changeSaml(directory, ['claim', whole, source]);
  if (former !== '' && former !== whole) changeSaml(directory, ['delete-claim', former]);
  return { notice: `Saved the claim ${whole}.`, to: '/claims' };
}

export function deleteClaim({ directory }: Visit, fields: URLSearchParams): Done {
  const claim = fields.get('claim') ?? '';
  changeSaml(directory, ['delete-claim', claim]);
  return { notice: `Deleted the claim ${claim}.`, to: '/claims' };
}

export function showCertificates({ directory, session, provider }: Visit): Page {
  return {
    ...SECTION,
    title: 'SAML Signing Certificate',
    body: html`<section class="card">${describeCertificate(provider.certificate)}</section>
      ${form(
        session,
        '/saml-certificates',
        html`${selectField('Signing Option', 'signing', SIGNING_OPTIONS, directory.application.saml.signing)}
          ${selectField('Signing Algorithm', 'algorithm', [['sha256', 'SHA-256']])} <button>Save</button>`,
        'stack card',
      )}`,
  };
}

export function saveCertificates({ directory }: Visit, fields: URLSearchParams): Done {
  changeSaml(directory, ['signing', fields.get('signing') ?? '']);
  return { notice: 'Saved the signing option.', to: '/saml' };
}
