// The ids of pages that the agent already has: enough to check whether a list adds up, without parsing the pages.
import { createHash } from 'node:crypto';

/** The id of each resource of a page, in their order; null where one has none. */
export type Ids = readonly (string | null)[];

export interface PageMemo {
  /** A full read begins: the agent knows these pages, and the memo drops all others. */
  begin(known: readonly string[]): void;
  /** Whether the agent knows the page of that digest. */
  isKnown(digest: string): boolean;
  /** null: the page must be parsed. */
  findIds(digest: string): Ids | null;
  store(digest: string, ids: Ids): void;
}

/** An empty memo; after a restart each page is parsed once. */
export function createPageMemo(): PageMemo {
  let known: ReadonlySet<string> = new Set();
  const pages = new Map<string, Ids>();
  return {
    begin(digests) {
      known = new Set(digests);
      for (const digest of pages.keys()) if (!known.has(digest)) pages.delete(digest);
    },
    isKnown: (digest) => known.has(digest),
    findIds: (digest) => pages.get(digest) ?? null,
    store: (digest, ids) => void pages.set(digest, ids),
  };
}

/**
 * SHA-256 of the path and of the text of the resources. A forged text must never match another page, so a faster hash
 * without collision resistance will not do.
 */
export function digestPage(path: string, resources: Buffer): string {
  return createHash('sha256').update(`${path}\n`).update(resources).digest('base64url');
}
