// *Slurm Attributes* of one user, and *SSH Keys*: the pushed ones to be read, the others added and removed here.
import { html, type Html, type HtmlValue } from '../../pages/html.ts';
import type { Entry } from '../../protocol/resources/collection.ts';
import { ScimError } from '../../protocol/scim-error.ts';
import { form, table } from '../layout.ts';
import { nameOf, pushedKeysOf } from '../people.ts';
import { readPublicKey } from '../public-key.ts';
import { renderTabs } from './user-page.ts';
import type { Done, Page, Visit, Visitor } from '../visit.ts';

/** As many as a person needs, so that one cannot fill the store. */
const MAX_KEYS = 50;

/** @throws ScimError 404 */
export function showSlurmAttributes(visit: Visit, [id = '']: readonly string[]): Page {
  const user = visit.workspace.organisation.read('User', id);
  return {
    title: nameOf(user),
    section: 'users',
    body: html`${renderTabs(user, 'slurm-attributes')} ${renderAttributes(user)}
    ${renderKeys(visit, user, `/users/${id}/keys`)}`,
  };
}

/** The same for the person who is signed in, who may have no other page of *Users*. */
export function showAccount(visit: Visit): Page {
  const user = visit.workspace.organisation.read('User', visit.visitor.userId ?? '');
  return {
    title: 'My SSH keys',
    section: 'account',
    body: html`${renderAttributes(user)} ${renderKeys(visit, user, '/account/keys')}`,
  };
}

function renderAttributes(user: Entry): Html {
  return html`<section class="card" aria-labelledby="slurm">
    <h2 id="slurm">Slurm Attributes</h2>
    <div class="field">
      <label for="uid">POSIX uid</label>
      <input id="uid" readonly value="${user.posixId}" />
    </div>
    <p class="note">Given once, and to nobody else.</p>
  </section>`;
}

function renderKeys(visit: Visit, user: Entry, path: string): Html {
  const pushed = pushedKeysOf(user).map((line) => renderKey(line, 'pushed', null));
  const added = user.consoleKeys.map((line) => {
    const { fingerprint = line } = readPublicKey(line) ?? {};
    const remove = html`<input type="hidden" name="key" value="${line}" /><button
        class="quiet"
        aria-label="Remove ${fingerprint}"
      >
        Remove
      </button>`;
    return renderKey(line, 'added here', form(visit, `${path}/remove`, remove));
  });
  return html`<section class="card" aria-labelledby="ssh-keys">
    <h2 id="ssh-keys">SSH Keys</h2>
    ${table(
      'SSH Keys',
      ['Fingerprint', 'Type', 'Comment', 'From', 'Action'],
      [...pushed, ...added],
      'No key yet: neither pushed nor added.',
    )}
    ${form(
      visit,
      `${path}/add`,
      html`<label for="key">Add a public key</label>
        <textarea
          id="key"
          name="key"
          rows="3"
          required
          spellcheck="false"
          autocomplete="off"
          aria-describedby="key-help"
          placeholder="ssh-ed25519 AAAAC3Nza... laptop"
        ></textarea>
        <p id="key-help" class="note">
          The line of the file that ends in <code>.pub</code>. Pushed keys are read-only here.
        </p>
        <button>Add key</button>`,
      'stack',
    )}
  </section>`;
}

function renderKey(line: string, from: string, action: Html | null): HtmlValue[] {
  const key = readPublicKey(line);
  return [
    key === null
      ? html`<span class="tag bad">not a public key</span>`
      : html`<code>${key.fingerprint}</code>`,
    key === null ? html`<code>${line.slice(0, 60)}</code>` : html`<span class="nowrap">${key.type}</span>`,
    key?.comment ?? '',
    html`<span class="nowrap">${from}</span>`,
    action ?? html`<span class="faint nowrap">read-only</span>`,
  ];
}

/** Where the keys of that user are shown to this visitor. */
function pageOf(id: string, visitor: Visitor): string {
  return id === visitor.userId ? '/account' : `/users/${id}/slurm-attributes`;
}

/** @throws ScimError 400 for what is no public key, and says so most clearly of a private one. */
export function addKey(
  { workspace, visitor }: Visit,
  [id = '']: readonly string[],
  fields: URLSearchParams,
): Done {
  const text = (fields.get('key') ?? '').trim();
  if (/PRIVATE KEY/.test(text)) {
    throw new ScimError(
      400,
      'invalidValue',
      'That is a private key. It was not kept, but treat it as lost: make a new pair.',
    );
  }
  const key = /[\r\n]/.test(text) ? null : readPublicKey(text);
  if (key === null) {
    throw new ScimError(
      400,
      'invalidValue',
      'That is no public key: paste one line such as "ssh-ed25519 AAAAC3Nza... laptop".',
    );
  }
  const user = workspace.organisation.read('User', id);
  const known = [...pushedKeysOf(user), ...user.consoleKeys].map((line) => readPublicKey(line)?.fingerprint);
  if (known.includes(key.fingerprint)) throw new ScimError(409, 'uniqueness', 'That key is there already.');
  if (user.consoleKeys.length >= MAX_KEYS) {
    throw new ScimError(400, 'tooMany', `There are ${MAX_KEYS} keys already; remove one first.`);
  }
  workspace.organisation.setConsoleKeys(id, [...user.consoleKeys, text]);
  return { notice: `Added ${key.fingerprint}.`, to: pageOf(id, visitor) };
}

/** @throws ScimError 404 for a key that was not added here. */
export function removeKey(
  { workspace, visitor }: Visit,
  [id = '']: readonly string[],
  fields: URLSearchParams,
): Done {
  const line = fields.get('key') ?? '';
  const user = workspace.organisation.read('User', id);
  if (!user.consoleKeys.includes(line)) throw new ScimError(404, null, 'No such key was added here.');
  workspace.organisation.setConsoleKeys(
    id,
    user.consoleKeys.filter((one) => one !== line),
  );
  return { notice: `Removed ${readPublicKey(line)?.fingerprint ?? 'the key'}.`, to: pageOf(id, visitor) };
}
