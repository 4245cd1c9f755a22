// How the last *Test* ended: the claims as they came, and what a sign-in of this person would do now; or what to fix.
import { html, type Html } from '../../pages/html.ts';
import { ScimError } from '../../protocol/scim-error.ts';
import type { Claims } from '../../saml/claims.ts';
import { admit } from '../admission.ts';
import { moment } from '../layout.ts';
import type { Page, Visit } from '../visit.ts';

export function showTestResult(visit: Visit): Page {
  const result = visit.workspace.sso.lastTest();
  const title = result === null ? 'Test' : result.claims === null ? 'Test failed' : 'Test passed';
  return {
    title,
    section: 'saml-sso',
    body: html`${
        result === null
          ? html`<p class="empty">No test ended since the testbed was started.</p>`
          : result.claims === null
            ? html`<p role="alert" class="notice refused">${result.problem}</p>`
            : renderClaims(visit, result.claims)
      }
      ${result !== null && html`<p class="note">${moment(result.at, visit.now)}</p>`}
      <p class="links">
        <a class="button" href="/console/saml-sso">Back to SAML SSO</a>
        <a href="/console/saml-sso/test">Test again</a>
      </p>`,
  };
}

function renderClaims({ workspace }: Visit, claims: Claims): Html {
  return html`<p role="status" class="notice done">
      The response and the assertion are signed, and the claims are there.
    </p>
    <dl>
      <dt>first_name</dt>
      <dd>${claims.firstName}</dd>
      <dt>last_name</dt>
      <dd>${claims.lastName}</dd>
      <dt>email</dt>
      <dd>${claims.email}</dd>
    </dl>
    <p class="note">${describeVerdict(workspace, claims)}</p>`;
}

function describeVerdict(workspace: Visit['workspace'], claims: Claims): string {
  try {
    const { kind } = admit(workspace, claims);
    if (kind === 'guest')
      return `No user was pushed yet: until then a sign-in of ${claims.email} leads to Clusters and to nothing else.`;
    const isDeployed = workspace.sso.state()?.isDeployed === true;
    return `${claims.email} was pushed, and can sign in${isDeployed ? '' : ' once SSO is deployed'}.`;
  } catch (error) {
    if (!(error instanceof ScimError)) throw error;
    return `A sign-in would be refused now: ${error.message}`;
  }
}
