// *Clusters*: where a sign-in ends.
import { html } from '../../pages/html.ts';
import { moment } from '../layout.ts';
import type { Page, Visit } from '../visit.ts';

/** The testbed has one cluster: what its login nodes know of it, they read by SUNK User Provisioning. */
export function showClusters({ workspace, visitor, now }: Visit): Page {
  const { settings } = workspace;
  const nodes = workspace.readers.list();
  const newest =
    nodes
      .map(({ lastPoll }) => lastPoll)
      .sort()
      .at(-1) ?? null;
  return {
    title: 'Clusters',
    section: 'clusters',
    body: html`<p class="lead">You are signed in as ${visitor.name}.</p>
      ${
        visitor.kind === 'guest' &&
        html`<p class="notice done" role="status">
          SAML SSO works. No user was pushed yet, so that this page is all there is for you: the administrator
          goes on with SCIM Configuration.
        </p>`
      }
      <article class="card">
        <h2>SUNK rehearsal</h2>
        <dl>
          <dt>SUNK User Provisioning</dt>
          <dd>
            ${settings.enableSunkUserProvisioning ? html`<span class="tag good">on</span>` : html`<span class="tag">off</span>`}
          </dd>
          <dt>Login nodes that poll</dt>
          <dd>${nodes.length}</dd>
          <dt>Last poll</dt>
          <dd>${moment(newest, now)}</dd>
        </dl>
        <p class="links">
          ${visitor.isAdministrator && html`<a href="/console/login-nodes">Login nodes</a>`}
          ${visitor.userId !== null && html`<a href="/console/account">My SSH keys</a>`}
        </p>
      </article>`,
  };
}
