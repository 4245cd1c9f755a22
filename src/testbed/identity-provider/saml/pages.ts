// What a browser sees of the identity provider: who are you, why not, and the way back with the response.
import { html, type Html } from '../../pages/html.ts';
import { renderCard, type Site } from '../../pages/frame.ts';
import type { Person } from '../directory.ts';

const PROVIDER: Site = {
  title: 'Rehearsal identity provider',
  brand: html`Identity provider <span>rehearsal</span>`,
  path: '',
};

/** Asks who is there; each person is a button. */
export function showPeople(
  application: string,
  people: readonly Person[],
  hidden: Readonly<Record<string, string>>,
): Html {
  return renderCard(
    PROVIDER,
    'Pick an account',
    html`<p>to sign in to ${application}</p>
      <form method="post" action="/sign-in" class="accounts">
        ${Object.entries(hidden).map(
          ([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
        )}
        ${people.map(
          ({ userPrincipalName, displayName }) =>
            html`<button name="who" value="${userPrincipalName}">
              <strong>${displayName || userPrincipalName}</strong> ${userPrincipalName}
            </button>`,
        )}
      </form>
      <p class="note">A rehearsal: no password is asked for.</p>`,
  );
}

/** Goes back with the response, by itself where scripts run. */
export function showWayBack(replyUrl: string, response: string, relay: string): Html {
  return renderCard(
    PROVIDER,
    'Signed in',
    html`<form method="post" action="${replyUrl}" data-submit>
      <input type="hidden" name="SAMLResponse" value="${response}" />
      <input type="hidden" name="RelayState" value="${relay}" />
      <button>Continue</button>
    </form>`,
  );
}

export function showProblem(sentence: string): Html {
  return renderCard(
    PROVIDER,
    'Sorry, you cannot sign in',
    html`<p role="alert" class="notice refused">${sentence}</p>`,
  );
}
