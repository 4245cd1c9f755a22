// Whether a user can log in by SSH, step by step, and which login nodes have read the user since the last change.
import { html, type Html } from '../../pages/html.ts';
import { table } from '../../pages/parts.ts';
import type { Entry } from '../../protocol/resources/collection.ts';
import { moment } from '../layout.ts';
import { keysOf } from '../keys.ts';
import { groupsOf, isActive } from '../people.ts';
import type { Visit } from '../visit.ts';

interface Step {
  readonly isMet: boolean;
  readonly words: string;
  /** What to do where it is not met. */
  readonly fix: string;
}

const SHOWN = 20;

export function renderLogin(visit: Visit, user: Entry): Html {
  const steps = listSteps(visit, user);
  const missing = steps.filter(({ isMet }) => !isMet).length;
  return html`<section class="card" aria-labelledby="login">
    <h2 id="login">
      Login
      ${missing === 0 ? html`<span class="tag good">nothing stands in the way here</span>` : html`<span class="tag bad">cannot log in by SSH</span>`}
    </h2>
    <ul class="checks">
      ${steps.map(
        ({ isMet, words, fix }) =>
          html`<li>
            <span class="tag ${isMet ? 'good' : 'bad'}">${isMet ? 'yes' : 'no'}</span> ${words}
            ${!isMet && html`<span class="note">${fix}</span>`}
          </li>`,
      )}
    </ul>
    <p class="note">
      The login node decides by its own configuration, by groups above all. There
      <code>sunk-agent why</code> has the whole answer.
    </p>
    ${visit.visitor.isAdministrator && renderNodes(visit, user)}
  </section>`;
}

function listSteps({ workspace }: Visit, user: Entry): readonly Step[] {
  const { settings, readers } = workspace;
  const nodes = readers.list().filter(({ status }) => status < 400);
  const isRead = nodes.some(({ lastPoll }) => Date.parse(lastPoll) >= user.modified);
  return [
    {
      isMet: isActive(user),
      words: 'The user is active.',
      fix: 'Enable and assign the user in the identity provider.',
    },
    {
      isMet: keysOf(user).some(({ reading }) => reading.ok),
      words: 'A key is there that login nodes accept.',
      fix: 'Push one through the extension attribute, or add one under SSH Keys.',
    },
    {
      isMet: groupsOf(workspace, user.id).length > 0,
      words: 'The user is in a pushed group.',
      fix: 'Assign a group with this user to the application in the identity provider.',
    },
    {
      isMet: settings.enableScimApi && settings.enableSunkUserProvisioning,
      words: 'Login nodes may read users.',
      fix: 'Switch on Enable SCIM API and Enable SUNK User Provisioning on SCIM Configuration.',
    },
    {
      isMet: isRead,
      words: 'A login node has polled since the last change of this user.',
      fix:
        nodes.length === 0
          ? 'No login node has polled: create a read-only token, and run sunk-agent init there.'
          : 'Wait for the next poll, or run sunk-agent sync on the login node.',
    },
  ];
}

/** A node that polled after the change has had the chance to read it. */
function renderNodes({ workspace, now }: Visit, user: Entry): Html {
  const nodes = workspace.readers.list();
  return html`<h3>Last seen by login nodes</h3>
    <p class="note">Last change of this user: ${moment(new Date(user.modified).toISOString(), now)}.</p>
    ${table(
      'Login nodes',
      ['Node', 'Token', 'Last poll', 'This user'],
      nodes
        .slice(0, SHOWN)
        .map(({ node, token, lastPoll, status }) => [
          node ?? html`<span class="faint">not told</span>`,
          token,
          moment(lastPoll, now),
          status >= 400
            ? html`<span class="tag bad">the poll was answered ${status}</span>`
            : Date.parse(lastPoll) >= user.modified
              ? html`<span class="tag good">as it is now</span>`
              : html`<span class="tag bad">as it was before</span>`,
        ]),
      'None has polled yet.',
    )}`;
}
