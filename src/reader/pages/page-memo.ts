// What the reader knows of pages that the agent has already: enough to tell whether a list adds up, without parsing it.
import { createHash } from 'node:crypto';

/** The id of each resource of a page, in their order; null where one has none. */
export type Ids = readonly (string | null)[];

export interface PageMemory {
  /** A full read begins: these pages the agent knows, and no others are worth remembering. */
  begin(known: readonly string[]): void;
  /** Whether the agent knows that page. */
  isKnown(digest: string): boolean;
  /** null: they have to be read. */
  recall(digest: string): Ids | null;
  keep(digest: string, ids: Ids): void;
}

/** Empty; what is lost with it costs one reading. */
export function createPageMemory(): PageMemory {
  let known: ReadonlySet<string> = new Set();
  const pages = new Map<string, Ids>();
  return {
    begin(digests) {
      known = new Set(digests);
      for (const digest of pages.keys()) if (!known.has(digest)) pages.delete(digest);
    },
    isKnown: (digest) => known.has(digest),
    recall: (digest) => pages.get(digest) ?? null,
    keep: (digest, ids) => void pages.set(digest, ids),
  };
}

/**
 * SHA-256 of what was asked for and of the text of its resources. A text that somebody made to look like another must
 * not pass for it, hence no faster hash.
 */
export function digestPage(path: string, resources: Buffer): string {
  return createHash('sha256').update(`${path}\n`).update(resources).digest('base64url');
}
