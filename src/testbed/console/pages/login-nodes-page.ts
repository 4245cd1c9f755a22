// *Login nodes*: each reader that polls, the snapshot that it says its node has, and where they differ.
import { html } from '../../pages/html.ts';
import { findCommonSnapshot, type Reader } from '../../readers.ts';
import { table } from '../../pages/parts.ts';
import { moment } from '../layout.ts';
import type { Page, Visit } from '../visit.ts';

export function showLoginNodes({ workspace, now }: Visit): Page {
  const readers = workspace.readers.list();
  const common = findCommonSnapshot(readers);
  const rows = readers.map((reader) => {
    const agrees = reader.snapshot === common;
    const untold = html`<span class="faint">not told</span>`;
    return [
      reader.node ?? untold,
      reader.token,
      reader.snapshot === null ? untold : html`<code>${reader.snapshot}</code>`,
      reader.since === null ? untold : moment(reader.since, now),
      moment(reader.lastPoll, now),
      reader.requests,
      html`${reader.snapshot === null ? untold : agrees ? html`<span class="tag good">agrees</span>` : html`<span class="tag bad">differs</span>`}
      ${reader.status >= 400 && html`<span class="tag bad">last answer ${reader.status}</span>`}`,
    ];
  });
  return {
    title: 'Login nodes',
    section: 'login-nodes',
    body: html`<div id="live" data-live>
        <p class="lead">${summarise(readers)}</p>
        ${table(
          'Login nodes',
          ['Node', 'Token', 'Snapshot', 'Since', 'Last poll', 'Requests', 'State'],
          rows,
          'A login node shows up here with its first request under a read-only token.',
        )}
      </div>
      <p class="note">
        A node tells its name and the hash of its snapshot only where its configuration says
        <code>scim.announce: true</code>; the hash is that of the sync before the poll.
      </p>`,
  };
}

function summarise(readers: readonly Reader[]): string {
  if (readers.length === 0) return 'No login node has polled yet.';
  const telling = readers.filter(({ snapshot }) => snapshot !== null);
  if (telling.length === 0) return 'No login node tells its snapshot.';
  const common = findCommonSnapshot(readers);
  const differing = telling.filter(({ snapshot }) => snapshot !== common).length;
  if (differing === 0)
    return telling.length === 1 ? 'One tells its snapshot.' : `All ${telling.length} have the same snapshot.`;
  return `${differing} of ${telling.length} differ from the snapshot that most have. For a moment after a change that is as it should be.`;
}
