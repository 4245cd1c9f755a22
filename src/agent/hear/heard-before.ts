// What a line of a page came to when it was heard before: most of a store is the same from one full read to the next.
import { hash } from 'node:crypto';
import type { PageLine } from '../../scim/page-lines.ts';
import type { GroupRecord, UserRecord } from '../../scim/resources.ts';

type Records = readonly (UserRecord | GroupRecord)[];

/** A memory of judgements that depend on the text alone, so it can be lost at any time; a daemon keeps one for its life. */
export interface HeardBefore {
  /** A full read begins: what was not heard in the one before is forgotten. */
  turn(): void;
  /** What is known of the line so far. */
  look(page: PageLine): HeardLine;
}

export interface HeardLine {
  /** The sound records of a line with the same resources, in their order; null: it has to be read. */
  recall(): Records | null;
  /** @param records what all of the line's resources came to; none of them was broken. */
  keep(records: Records): void;
}

export function rememberHeard(): HeardBefore {
  let last = new Map<string, Records>();
  let now = new Map<string, Records>();
  return {
    turn() {
      last = now;
      now = new Map();
    },
    look(page) {
      const key = keyOf(page);
      return {
        recall() {
          const records = now.get(key) ?? last.get(key) ?? null;
          if (records !== null) now.set(key, records);
          return records;
        },
        keep: (records) => void now.set(key, records),
      };
    },
  };
}

/** A text that somebody else made to look like another must not pass for it, hence no faster hash. */
function keyOf({ kind, resources }: PageLine): string {
  return `${kind} ${hash('sha256', resources, 'base64url')}`;
}
