// Checks that the pages of one list add up: each id present and unique, the total stable, and the count equal to it.
import type { Config } from '../../config/config.ts';
import { AgentError } from '../../common/errors.ts';
import type { ListPage, StaleCursor } from './list-page.ts';
import { CursorLoop } from './paging.ts';
import type { Finding, ResourceKind } from '../../protocol/records.ts';

export interface ListEnd {
  readonly isComplete: boolean;
  readonly problems: readonly Finding[];
}

export interface PageCheck {
  /** @throws AgentError store_bound */
  add(page: ListPage): void;
  noteCursor(error: StaleCursor | CursorLoop): void;
  noteBreak(error: AgentError): void;
  /** Whether the list seems to have changed while it was read; a second reading may add up. */
  hasDrifted(): boolean;
  /** Resources so far. */
  received(): number;
  /** The verdict after the last page. */
  end(): ListEnd;
}

const DRIFT = ['total-changed', 'id-twice', 'count-differs', 'cursor-broken'];

/** A check for one reading of one list. */
export function checkPages({ kind, scim }: { kind: ResourceKind; scim: Config['scim'] }): PageCheck {
  const problems = new Map<string, Finding>();
  const knownIds = new Set<string>();
  let total: number | null = null;
  let received = 0;
  let lost = 0;
  let pages = 0;

  function note(code: string, detail: string): void {
    problems.set(code, { code, detail: detail.slice(0, 2000) });
  }

  function addId(id: string | null): void {
    if (id === null) note('id-missing', `a ${kind} was listed without an id`);
    else if (knownIds.has(id)) note('id-twice', `${kind} ${id} was listed twice`);
    else knownIds.add(id);
  }

  return {
    add(page) {
      pages += 1;
      if (pages > scim.bounds.pages)
        throw new AgentError('store_bound', `more pages than scim.bounds.pages (${scim.bounds.pages})`);
      if (page.isBeyond === true) {
        // A store may repeat resources there; only a new id shows that the total is wrong.
        if (page.ids.some((id) => id !== null && !knownIds.has(id)))
          note('count-differs', `more ${kind}s than the ${String(total)} that the store announced`);
        return;
      }
      if (pages > 1 && page.total !== total)
        note('total-changed', `the number of ${kind}s changed while they were read`);
      total = page.total;
      received += page.ids.length;
      page.ids.forEach(addId);
      for (const why of page.lost ?? []) {
        lost += 1;
        note('record-unreadable', `${lost} ${kind}s could not be read at all: ${why}`);
      }
    },
    noteCursor(error) {
      const how = error instanceof CursorLoop ? 'goes in a circle' : 'ended before the list did';
      note('cursor-broken', `the cursor of the ${kind}s ${how}`);
    },
    noteBreak(error) {
      note('list-broken', `the ${kind}s ended after ${received}: ${error.message} (${error.hint})`);
    },
    hasDrifted: () => DRIFT.some((code) => problems.has(code)),
    received: () => received,
    end() {
      if (total !== null && received + lost !== total && !problems.has('list-broken'))
        note('count-differs', `${received} ${kind}s were received of ${total} that the store announced`);
      return { isComplete: problems.size === 0, problems: [...problems.values()] };
    },
  };
}
