// What a user sees who is not signed in: the way to the identity provider, and why a sign-in was refused.
import { html, type Html } from '../../pages/html.ts';
import type { Claims } from '../../saml/claims.ts';
import type { Sso } from '../../saml/sso.ts';
import { renderCard } from '../../pages/frame.ts';
import { CONSOLE } from '../layout.ts';

export function showSignIn(sso: Sso): Html {
  const isDeployed = sso.state()?.isDeployed === true;
  return renderCard(
    CONSOLE,
    'Sign in',
    isDeployed
      ? html`<p><a class="button" href="/console/sign-in/start">Sign in with SSO</a></p>`
      : html`<p>
          SAML SSO is not deployed yet. Until then an administrator comes in by the link that the testbed
          printed when it started.
        </p>`,
  );
}

export function showRefusal(title: string, sentence: string): Html {
  return renderCard(
    CONSOLE,
    title,
    html`<p role="alert" class="notice refused">${sentence}</p>
      <p><a href="/console">Back to the console</a></p>`,
  );
}

/** What *Test* shows: the claims as they came, and what would happen to this person now. */
export function showTestResult(claims: Claims, verdict: string): Html {
  return renderCard(
    CONSOLE,
    'Test passed',
    html`<p role="status" class="notice done">
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
      <p class="note">${verdict}</p>
      <p><a class="button" href="/console/saml-sso">Back to SAML SSO</a></p>`,
  );
}

/**
 * The response once more, posted from here: a browser keeps a SameSite cookie back when another site posts,
 * and this cookie tells that the sign-in was begun in this browser.
 */
export function showHandOver(response: string): Html {
  return renderCard(
    CONSOLE,
    'Signing you in',
    html`<form method="post" action="/console/saml/acs" data-submit>
      <input type="hidden" name="SAMLResponse" value="${response}" />
      <input type="hidden" name="again" value="1" />
      <button>Continue</button>
    </form>`,
  );
}
