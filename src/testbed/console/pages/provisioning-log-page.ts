// *Provisioning log*: each request of the identity provider with its answer, filtered.
import { html, type Html } from '../../pages/html.ts';
import type { LoggedRequest } from '../../request-log.ts';
import type { Workspace } from '../../workspace.ts';
import { moment } from '../layout.ts';
import { textOf } from '../people.ts';
import type { Page, Visit } from '../visit.ts';

const SHOWN = 200;
const METHODS = ['GET', 'POST', 'PATCH', 'PUT', 'DELETE'];

export function showProvisioningLog(
  { workspace, now }: Visit,
  _ids: readonly string[],
  query: URLSearchParams,
): Page {
  const filter = readFilter(query);
  const found = workspace.log
    .list()
    .filter((line) => isWanted(line, filter, () => findSubject(workspace, line)))
    .reverse();
  return {
    title: 'Provisioning log',
    section: 'provisioning-log',
    body: html`<form method="get" action="/console/provisioning-log" class="bar" role="search">
        ${select('from', 'From', filter.from, [
          ['provider', 'the identity provider'],
          ['readers', 'login nodes'],
          ['all', 'all'],
        ])}
        ${select('method', 'Method', filter.method, [['', 'any'], ...METHODS.map((one) => [one, one] as const)])}
        ${select('outcome', 'Outcome', filter.outcome, [
          ['', 'any'],
          ['success', 'success'],
          ['failure', 'failure'],
        ])}
        <span class="pair wide"
          ><label for="text">Contains</label
          ><input
            id="text"
            name="text"
            type="search"
            value="${filter.text}"
            placeholder="name, id, path or reason"
        /></span>
        <button>Filter</button>
        <span class="count"
          >${found.length > SHOWN ? `the latest ${SHOWN} of ${found.length}` : found.length}</span
        >
      </form>
      ${
        found.length === 0
          ? html`<p class="empty">No such request.</p>`
          : html`<ul class="log">
              ${found.slice(0, SHOWN).map((line) => renderLine(line, findSubject(workspace, line), now))}
            </ul>`
      }`,
  };
}

interface Filter {
  readonly from: string;
  readonly method: string;
  readonly outcome: string;
  readonly text: string;
}

function readFilter(query: URLSearchParams): Filter {
  const read = (name: string, otherwise = ''): string => query.get(name) ?? otherwise;
  return {
    from: read('from', 'provider'),
    method: read('method'),
    outcome: read('outcome'),
    text: read('text').trim(),
  };
}

/** A request without a valid token comes from a client that wanted to be the identity provider. */
function isWanted(
  line: LoggedRequest,
  { from, method, outcome, text }: Filter,
  findName: () => string,
): boolean {
  if (from === 'provider' && line.role === 'read-only') return false;
  if (from === 'readers' && line.role !== 'read-only') return false;
  if (method !== '' && line.method !== method) return false;
  if (outcome !== '' && (outcome === 'failure') !== line.status >= 400) return false;
  if (text === '') return true;
  const { target, detail, sent, answered, token } = line;
  const words = [findName(), target, decode(target), detail, sent, answered, token].join('\n');
  return words.toLowerCase().includes(text.toLowerCase());
}

function renderLine(line: LoggedRequest, subject: string, now: number): Html {
  const isFailure = line.status >= 400;
  return html`<li>
    <details>
      <summary>
        <span class="tag ${isFailure ? 'bad' : 'good'}">${line.status}</span>
        <span class="method">${line.method}</span>
        <span class="target"
          >${shorten(decode(line.target))}${subject !== '' && html` <span class="subject">${subject}</span>`}</span
        >
        ${moment(line.at, now)} ${line.detail !== null && html`<span class="detail">${line.detail}</span>`}
      </summary>
      <dl>
        <dt>Request</dt>
        <dd><code>${line.method} ${line.target}</code></dd>
        <dt>Time</dt>
        <dd>${line.at}</dd>
        <dt>Token</dt>
        <dd>${line.token ?? 'none of this organisation'}</dd>
        <dt>User agent</dt>
        <dd>${line.userAgent ?? 'not told'}</dd>
      </dl>
      <h2>Sent</h2>
      ${renderBody(line.sent, 'No body.')}
      <h2>Answered</h2>
      ${renderBody(line.answered, line.method === 'GET' ? 'Resources, which are not kept here.' : 'No body.')}
    </details>
  </li>`;
}

/** The user or group of the request, by name: as it was sent, else as the id in its path is called now. */
function findSubject({ organisation }: Workspace, { target, sent }: LoggedRequest): string {
  const [, sentName] = /"(?:userName|displayName)"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(sent ?? '') ?? [];
  const [, kind, id = ''] = /\/(Users|Groups)\/([^/?]+)/.exec(target) ?? [];
  const known = kind === undefined ? null : organisation[kind === 'Users' ? 'users' : 'groups'].get(id);
  if (known === null) return sentName ?? '';
  return textOf(known.resource, kind === 'Users' ? 'userName' : 'displayName');
}

function renderBody(text: string | null, none: string): Html {
  if (text === null) return html`<p class="faint">${none}</p>`;
  return html`<pre tabindex="0">${indent(text)}</pre>`;
}

function indent(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** The target as a person reads it; what is badly encoded stays as it came. */
function decode(target: string): string {
  try {
    return decodeURIComponent(target.replaceAll('+', ' '));
  } catch {
    return target;
  }
}

/** What comes after the SCIM Base URL, which is the same in every line. */
function shorten(target: string): string {
  return target.replace(/^\/scim\/[^/?]+(?=[/?])/, '');
}

function select(
  name: string,
  words: string,
  chosen: string,
  options: readonly (readonly [value: string, words: string])[],
): Html {
  return html`<span class="pair"
    ><label for="${name}">${words}</label>
    <select id="${name}" name="${name}">
      ${options.map(
        ([value, text]) =>
          html`<option value="${value}" ${value === chosen && html`selected`}>${text}</option>`,
      )}
    </select></span
  >`;
}
