// The frame of a page: the document with the two files it loads, and the page with nothing but a card in its middle.
import { html, type Html } from './html.ts';

/** Who serves the page, and where. */
export interface Site {
  readonly title: string;
  /** The words above a card. */
  readonly brand: Html;
  /** Path below which `pages.css` and `pages.js` are, such as `/console`; empty: the root. */
  readonly path: string;
}

export function renderDocument(site: Site, title: string, body: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · ${site.title}</title>
        <link rel="stylesheet" href="${site.path}/pages.css" />
        <link rel="icon" href="data:," />
        <script src="${site.path}/pages.js" defer></script>
      </head>
      <body>
        <a class="skip" href="#main">Skip to content</a> ${body}
      </body>
    </html>`;
}

/** A page for a user who is not signed in. */
export function renderCard(site: Site, title: string, body: Html): Html {
  return renderDocument(
    site,
    title,
    html`<main id="main" class="bare" tabindex="-1">
      <p class="brand">${site.brand}</p>
      <h1>${title}</h1>
      ${body}
    </main>`,
  );
}
