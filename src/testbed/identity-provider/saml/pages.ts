// What a browser sees of the identity provider: who are you, why not, and the way back with the response.
import { html, type Html } from '../../html.ts';
import { renderDocument } from '../../page-reply.ts';
import type { Person } from '../directory.ts';

/** Asks who is there; each person is a button. */
export function showPeople(
  application: string,
  people: readonly Person[],
  request: string,
  relay: string,
): Html {
  return frame(
    'Pick an account',
    html`<p>to sign in to ${application}</p>
      <form method="post" action="/sign-in">
        <input type="hidden" name="SAMLRequest" value="${request}" />
        <input type="hidden" name="RelayState" value="${relay}" />
        ${people.map(
          ({ userPrincipalName, displayName }) =>
            html`<button name="who" value="${userPrincipalName}">
              <strong>${displayName || userPrincipalName}</strong> ${userPrincipalName}
            </button>`,
        )}
      </form>
      <p class="note">A rehearsal: nobody asks for a password.</p>`,
  );
}

/** Goes back with the response, by itself where scripts run. */
export function showWayBack(replyUrl: string, response: string, relay: string): Html {
  return frame(
    'Signed in',
    html`<form method="post" action="${replyUrl}" data-submit>
      <input type="hidden" name="SAMLResponse" value="${response}" />
      <input type="hidden" name="RelayState" value="${relay}" />
      <button>Continue</button>
    </form>`,
  );
}

export function showProblem(sentence: string): Html {
  return frame('Sorry, you cannot sign in', html`<p role="alert">${sentence}</p>`);
}

function frame(title: string, body: Html): Html {
  return renderDocument(
    `${title} · Rehearsal identity provider`,
    '/sign-in',
    html`<main>
      <p class="brand">Rehearsal identity provider</p>
      <h1>${title}</h1>
      ${body}
    </main>`,
  );
}

/** The two files that a page loads, by path. */
export const ASSETS: Readonly<Record<string, { readonly type: string; readonly text: string }>> = {
  'sign-in.css': {
    type: 'text/css; charset=utf-8',
    text: `:root { color-scheme: light dark; --page: #eef1f5; --card: #fff; --text: #1b2330; --faint: #5b6575; --line: #cfd6e0; }
@media (prefers-color-scheme: dark) { :root { --page: #12161d; --card: #1a202a; --text: #e6eaf0; --faint: #a2adbd; --line: #3a4454; } }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, 'DejaVu Sans', sans-serif; }
main { max-width: 26rem; margin: 12vh auto; padding: 2rem; background: var(--card); border: 1px solid var(--line); box-sizing: border-box; }
.brand, .note { color: var(--faint); margin: 0 0 1rem; }
.note { margin: 1rem 0 0; font-size: 0.9rem; }
h1 { font-size: 1.4rem; margin: 0 0 0.5rem; }
button { display: block; width: 100%; text-align: left; font: inherit; color: inherit; background: transparent; border: 0; border-top: 1px solid var(--line); padding: 0.7rem 0.4rem; cursor: pointer; }
button strong { display: block; }
button:hover { background: var(--page); }
:focus-visible { outline: 3px solid #0b5bd3; outline-offset: 2px; }
`,
  },
  'sign-in.js': {
    type: 'text/javascript; charset=utf-8',
    text: "document.querySelector('form[data-submit]')?.submit();\n",
  },
};
