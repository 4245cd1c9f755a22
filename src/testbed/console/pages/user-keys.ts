// *SSH Keys* of one user: the pushed ones to be read, the others added and removed here; each as the login nodes judge it.
import { html, type Html } from '../../pages/html.ts';
import { hasPrivateKey, type Leak } from '../../keys/private-keys.ts';
import { judgeKeys } from '../../keys/judged-keys.ts';
import type { Entry } from '../../protocol/resources/collection.ts';
import { ScimError } from '../../protocol/scim-error.ts';
import { askFirst, confirmationPage, form, moment } from '../layout.ts';
import { keysOf, nameLine, type UserKey } from '../keys.ts';
import { nameOf } from '../people.ts';
import { findSharers } from '../setup/key-faults.ts';
import type { Done, Page, Visit, Visitor } from '../visit.ts';

/** As many as a person needs, so that one cannot fill the store. */
const MAX_KEYS = 50;
const SHOWN = 100;

/** @param path of the actions, below the console. */
export function renderKeys(visit: Visit, user: Entry, path: string): Html {
  const keys = keysOf(user);
  const leak = visit.workspace.organisation.leaks().get(user.id);
  return html`<h3 id="ssh-keys">SSH Keys</h3>
    ${leak !== undefined && renderLeak(leak, visit.now)}
    ${
      keys.length === 0
        ? html`<p class="empty">No key yet: neither pushed nor added.</p>`
        : html`<ul class="keys">
            ${keys.slice(0, SHOWN).map((key) => renderKey(visit, user, key, path))}
          </ul>`
    }
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
        >
${visit.entered(`${path}/add`, 'key') ?? ''}</textarea>
        <p id="key-help" class="note">
          The line of the file that ends in <code>.pub</code>. Pushed keys are read-only here.
        </p>
        <button>Add key</button>`,
      'stack',
    )}`;
}

/** What to do about a private key that was pushed. */
export function renderLeak({ at, fingerprint }: Leak, now: number): Html {
  return html`<div class="notice refused" role="alert">
    <p>
      <strong>A private key was pushed</strong>, ${moment(at, now)}. It was not stored here, but it went
      through the identity provider: treat the pair as
      compromised${fingerprint !== null && html` (<code>${fingerprint}</code>)`}.
    </p>
    <ol>
      <li>
        Make a new pair with <code>ssh-keygen -t ed25519</code>; the file without <code>.pub</code> stays
        where it is.
      </li>
      <li>
        Put the one line of the <code>.pub</code> file into the attribute in the identity provider, in place
        of the private key.
      </li>
      <li>Remove the old public key wherever it is accepted.</li>
    </ol>
    <p>The next cycle that pushes the attribute ends this alarm.</p>
  </div>`;
}

function renderKey(visit: Visit, user: Entry, { reading, comment, added }: UserKey, path: string): Html {
  const sharers = reading.ok ? findSharers(visit.workspace, user, reading.key.base64) : [];
  const { isAdministrator } = visit.visitor;
  return html`<li>
    ${
      reading.ok
        ? html`<code class="key">${reading.key.type} ${reading.key.base64} ${comment}</code>
            <p>
              <span class="tag good">accepted</span> <code>${reading.key.fingerprint}</code>
              <span class="faint">${reading.key.bits} bits</span>
            </p>`
        : html`<p>
            <span class="tag bad">refused by login nodes</span> ${reading.detail}
            <span class="faint">(${reading.code})</span>
          </p>`
    }
    ${
      sharers.length > 0 &&
      html`<p class="warning">
        ${sharers.length === 1 ? 'Another user has' : `${sharers.length} other users have`} the same key:
        ${isAdministrator ? sharers.slice(0, 5).map((other) => html`<a href="/console/users/${other.id}">${nameOf(other)}</a> `) : 'ask your administrator.'}
        Login nodes accept it for one of them only. Each user needs a key of their own.
      </p>`
    }
    <p class="bar">
      <span class="faint">${added === null ? 'pushed, read-only' : 'added here'}</span>
    </p>
    ${
      added !== null &&
      askFirst(
        `${path}/remove`,
        { key: nameLine(added) },
        'Remove',
        `Remove ${reading.ok ? reading.key.fingerprint : 'the refused key'}`,
      )
    }
  </li>`;
}

/** Where the keys of that user are shown to this visitor. */
function pageOf(id: string, visitor: Visitor): string {
  return id === visitor.userId ? '/account' : `/users/${id}#ssh-keys`;
}

/** @throws ScimError 400 for what the login nodes would refuse, and says so most clearly of a private key. */
export function addKey(
  { workspace, visitor }: Visit,
  [id = '']: readonly string[],
  fields: URLSearchParams,
): Done {
  const text = (fields.get('key') ?? '').trim();
  const refuse = (sentence: string): ScimError => new ScimError(400, 'invalidValue', sentence);
  if (hasPrivateKey(text)) {
    throw refuse(
      'That is a private key. It was not kept, but treat it as lost: make a new pair with ssh-keygen, and paste the line of the .pub file.',
    );
  }
  const [judged, more] = judgeKeys([text]);
  if (judged === undefined || more !== undefined) {
    throw refuse('Paste one public key at a time: one line such as "ssh-ed25519 AAAAC3Nza... laptop".');
  }
  const { reading } = judged;
  if (!reading.ok) {
    throw refuse(
      `That is no public key that a login node accepts: ${reading.detail}. Paste one line such as "ssh-ed25519 AAAAC3Nza... laptop".`,
    );
  }
  const { base64, fingerprint } = reading.key;
  const user = workspace.organisation.read('User', id);
  if (keysOf(user).some((known) => known.reading.ok && known.reading.key.base64 === base64)) {
    throw new ScimError(409, 'uniqueness', 'That key is there already.');
  }
  const [sharer] = findSharers(workspace, user, base64);
  if (sharer !== undefined) {
    const who = visitor.isAdministrator ? nameOf(sharer) : 'another user';
    throw new ScimError(
      409,
      'uniqueness',
      `That key belongs to ${who} already. Make a pair of your own with ssh-keygen.`,
    );
  }
  if (user.consoleKeys.length >= MAX_KEYS) {
    throw new ScimError(400, 'tooMany', `There are ${MAX_KEYS} keys already; remove one first.`);
  }
  workspace.organisation.setConsoleKeys(id, [...user.consoleKeys, text]);
  return { notice: `Added ${fingerprint}.`, to: pageOf(id, visitor) };
}

/** @throws ScimError 404 for a key that was not added here. */
function findAdded(user: Entry, name: string): UserKey & { readonly added: string } {
  for (const key of keysOf(user)) {
    const { added } = key;
    if (added !== null && nameLine(added) === name) return { ...key, added };
  }
  throw new ScimError(404, null, 'No such key was added here.');
}

/** @throws ScimError 404 */
export function confirmRemoval(visit: Visit, [id = '']: readonly string[], query: URLSearchParams): Page {
  const user = visit.workspace.organisation.read('User', id);
  const { reading, added } = findAdded(user, query.get('key') ?? '');
  const left = keysOf(user).filter((key) => key.reading.ok && key.added !== added).length;
  const isOwn = id === visit.visitor.userId;
  return confirmationPage(visit, {
    title: 'Remove this key?',
    section: isOwn ? 'account' : 'users',
    facts: html`<dl>
      <dt>Key</dt>
      <dd><code>${reading.ok ? reading.key.fingerprint : added.slice(0, 60)}</code></dd>
      <dt>Affected</dt>
      <dd>
        ${nameOf(user)}:
        ${left === 0 ? html`<strong>no other key is left, so no login by SSH</strong>` : `${left} other ${left === 1 ? 'key is' : 'keys are'} left`}.
        Login nodes refuse this one from their next poll on.
      </dd>
    </dl>`,
    path: isOwn ? '/account/keys/remove' : `/users/${id}/keys/remove`,
    fields: { key: nameLine(added) },
    button: 'Remove the key',
    back: pageOf(id, visit.visitor),
  });
}

/** @throws ScimError 404 for a key that was not added here. */
export function removeKey(
  { workspace, visitor }: Visit,
  [id = '']: readonly string[],
  fields: URLSearchParams,
): Done {
  const user = workspace.organisation.read('User', id);
  const { reading, added } = findAdded(user, fields.get('key') ?? '');
  workspace.organisation.setConsoleKeys(
    id,
    user.consoleKeys.filter((line) => line !== added),
  );
  return { notice: `Removed ${reading.ok ? reading.key.fingerprint : 'the key'}.`, to: pageOf(id, visitor) };
}
