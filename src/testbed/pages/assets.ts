// The two files that every page loads: how pages look, and what is nicer with a script.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Reply } from '../exchange.ts';
import { PAGE_HEADERS } from './page-reply.ts';

const ASSETS: ReadonlyMap<string, string> = new Map([
  ['pages.css', 'text/css; charset=utf-8'],
  ['pages.js', 'text/javascript; charset=utf-8'],
]);

/** One of the two files; null for any other name. */
export function serveAsset(name: string): Reply | null {
  const type = ASSETS.get(name);
  if (type === undefined) return null;
  return {
    status: 200,
    headers: { ...PAGE_HEADERS, 'content-type': type },
    body: readFileSync(path.join(import.meta.dirname, name)),
  };
}
