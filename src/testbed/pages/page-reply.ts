// Pages as HTTP replies: under a policy in which nothing runs and nothing loads but the server's own files.
import type { Reply } from '../exchange.ts';
import type { Html } from './html.ts';

/** @param formAction origins, beside its own, to which a page's forms may go. */
function writePolicy(formAction: string): string {
  return (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; " +
    `form-action 'self'${formAction}; base-uri 'none'; frame-ancestors 'none'`
  );
}

/** Not `no-referrer`: with it a browser sends `Origin: null` even with our own forms. */
export const PAGE_HEADERS = {
  'content-security-policy': writePolicy(''),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

export function renderReply(
  status: number,
  page: Html,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8', ...PAGE_HEADERS, ...headers },
    body: page.toString(),
  };
}

/** A page whose form goes to another origin. */
export function renderReplyTo(origin: string, page: Html): Reply {
  return renderReply(200, page, { 'content-security-policy': writePolicy(` ${origin}`) });
}

/** See Other: the browser asks for the other page with GET. */
export function redirect(to: string, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status: 303, headers: { ...PAGE_HEADERS, location: to, ...headers }, body: '' };
}
