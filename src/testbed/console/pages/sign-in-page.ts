// What a visitor sees who is not signed in: the way to the identity provider, and why a sign-in was refused.
import { html, type Html } from '../../pages/html.ts';
import type { Sso } from '../../saml/sso.ts';
import { renderCard } from '../../pages/frame.ts';
import { CONSOLE } from '../layout.ts';

/** @param returnTo path below the console that was asked for: the sign-in leads there. */
export function showSignIn(sso: Sso, returnTo: string | null): Html {
  const isDeployed = sso.state()?.isDeployed === true;
  const to =
    returnTo === null || returnTo === '' ? '' : `?${new URLSearchParams({ to: returnTo }).toString()}`;
  return renderCard(
    CONSOLE,
    'Sign in',
    html`${
        isDeployed
          ? html`<p><a class="button" href="/console/sign-in/start${to}">Sign in with SSO</a></p>`
          : html`<p>SAML SSO is not deployed yet.</p>`
      }
      <p class="note">
        The local administrator comes in by the link in the terminal of the testbed. It is good once; after a
        sign-out the terminal shows a new one.
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
