// The small parts that the pages of the console and of the admin center share.
import { html, type Html, type HtmlValue } from './html.ts';

/** A sentence about the last action, shown once. */
export interface Notice {
  readonly tone: 'done' | 'refused';
  readonly text: string;
}

export function renderNotice({ tone, text }: Notice, className = ''): Html {
  return html`<p class="notice ${className} ${tone}" role="${tone === 'done' ? 'status' : 'alert'}">
    ${text}
  </p>`;
}

/** A form that changes something, with the text that proves that it is one of these pages'. */
export function postForm(action: string, csrf: string, body: HtmlValue, className: string): Html {
  return html`<form method="post" action="${action}" class="${className}">
    <input type="hidden" name="csrf" value="${csrf}" />${body}
  </form>`;
}

/** A value with a button that copies it. */
export function copyable(label: string, id: string, value: string): Html {
  return html`<div class="field">
    <label for="${id}">${label}</label>
    <span class="copy"
      ><input id="${id}" class="code" readonly value="${value}" />
      <button type="button" class="quiet" data-copy-from="${id}">
        Copy <span class="hidden">${label}</span>
      </button></span
    >
  </div>`;
}

/**
 * A table that scrolls in its own box, reachable by keyboard; on a narrow screen each row is a card, for which each
 * cell bears its column's words, and the roles are said, since a table that is laid out otherwise loses them.
 * @param rows each with a cell for each of `head`; the first says what the row is about.
 */
export function table(
  caption: string,
  head: readonly string[],
  rows: readonly (readonly HtmlValue[])[],
  empty: string,
): Html {
  if (rows.length === 0) return html`<p class="empty">${empty}</p>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Table: ${caption}">
    <table role="table">
      <caption class="hidden">
        ${caption}
      </caption>
      <thead role="rowgroup">
        <tr role="row">
          ${head.map((words) => html`<th role="columnheader" scope="col">${words}</th>`)}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${rows.map((row) => renderRow(row, head))}
      </tbody>
    </table>
  </div>`;
}

function renderRow([subject = null, ...cells]: readonly HtmlValue[], head: readonly string[]): Html {
  return html`<tr role="row">
    <th role="rowheader" scope="row">${subject}</th>
    ${cells.map((cell, index) => html`<td role="cell" data-label="${head[index + 1] ?? ''}"><div>${cell}</div></td>`)}
  </tr>`;
}

/** Some of many: the part of the list that the query's `page` asks for, and the way to the others. */
export interface Cut<T> {
  readonly shown: readonly T[];
  readonly pager: Html | null;
}

const PER_PAGE = 50;

/**
 * @param path of the page itself, with which the other parts are reached.
 * @param query of this request: its other fields are kept.
 */
export function cutList<T>(all: readonly T[], path: string, query: URLSearchParams): Cut<T> {
  const pages = Math.max(1, Math.ceil(all.length / PER_PAGE));
  const page = Math.min(pages, Math.max(1, Math.trunc(Number(query.get('page') ?? 1)) || 1));
  const shown = all.slice((page - 1) * PER_PAGE, page * PER_PAGE);
  const link = (to: number, words: string, rel: string): Html => {
    const fields = new URLSearchParams(query);
    fields.set('page', String(to));
    return html`<a rel="${rel}" href="${path}?${fields.toString()}">${words}</a>`;
  };
  const pager = html`<nav class="pager" aria-label="Pages">
    ${page > 1 && link(page - 1, 'Previous', 'prev')} <span>Page ${page} of ${pages}</span>
    ${page < pages && link(page + 1, 'Next', 'next')}
  </nav>`;
  return { shown, pager: pages > 1 ? pager : null };
}
