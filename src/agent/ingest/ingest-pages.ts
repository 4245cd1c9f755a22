// Ingests pages: what one came to when it was fetched before, or each of its resources, judged.
import { AgentError } from '../../common/errors.ts';
import type { IngestBatch } from '../../state/batch/ingest-model.ts';
import type { PageLine } from '../../protocol/page-lines.ts';
import type { PagePaths, PathTally } from './path-tally.ts';
import type { PageEnd } from '../../protocol/messages.ts';
import type { ResourceJudge } from './judge-resource.ts';
import type { GroupRecord, ResourceKind, UserRecord } from '../../protocol/records.ts';
import type { PageMemo, MemoizedPage } from './page-memo.ts';
import { ingestOne } from './ingest-one.ts';

export interface PageIngester {
  /**
   * Takes a line of a page.
   * @returns how many resources it has.
   * @throws AgentError reader_failed, where it is no list, or the page is of another kind.
   */
  line(line: PageLine): number;
  /**
   * Takes what is left of a page.
   * @returns how many resources came with it, besides those in lines.
   * @throws AgentError reader_failed, where it is said to be known and is not, or its lines were of another kind.
   */
  end(page: PageEnd): number;
  /** The pages so far that need not be judged the next time, by their digests. */
  readonly sound: ReadonlyMap<string, MemoizedPage>;
}

/** A page of which more is to come. */
interface OpenPage {
  readonly kind: ResourceKind;
  readonly paths: PagePaths;
  readonly records: (UserRecord | GroupRecord)[];
  isSound: boolean;
}

/** @param begin the take, asked for where there is something to take: a page may be empty. */
export function ingestPages(
  begin: () => IngestBatch,
  tally: PathTally,
  { judge, pageMemo }: { readonly judge: ResourceJudge; readonly pageMemo: PageMemo },
): PageIngester {
  const sound = new Map<string, MemoizedPage>();
  let open: OpenPage | null = null;

  function openOne(kind: ResourceKind): OpenPage {
    open ??= { kind, paths: tally.open(kind), records: [], isSound: true };
    if (open.kind !== kind) throw notAnAnswer();
    return open;
  }

  return {
    sound,
    line({ kind, resources: text }) {
      const page = openOne(kind);
      const batch = begin();
      const resources = parseResources(text);
      for (const raw of resources) {
        page.paths.see(raw);
        const judged = ingestOne(batch, judge, kind, raw);
        if (judged.kind !== 'good') page.isSound = false;
        // The index's own object, where it is equal, so that no record is in memory twice.
        else
          page.records.push(
            kind === 'User' ? (batch.previous(kind, judged.record.id) ?? judged.record) : judged.record,
          );
      }
      return resources.length;
    },
    end({ kind, digest, is_known: isKnown }) {
      const { paths, records, isSound } = openOne(kind);
      open = null;
      if (!isKnown) {
        if (digest !== null && isSound) sound.set(digest, { kind, records, paths: paths.seen() });
        return 0;
      }
      const page = digest === null ? null : pageMemo.recall(digest);
      if (digest === null || page?.kind !== kind) throw notAnAnswer();
      tally.add(kind, page.paths);
      const batch = begin();
      for (const record of page.records) batch.add(kind, { kind: 'good', record, warnings: [] });
      sound.set(digest, page);
      return page.records.length;
    },
  };
}

function parseResources(text: Buffer): readonly unknown[] {
  try {
    const resources: unknown = JSON.parse(text.toString('utf8'));
    if (Array.isArray(resources)) return resources;
  } catch {
    // Said below.
  }
  throw notAnAnswer();
}

function notAnAnswer(): AgentError {
  return new AgentError('reader_failed', 'the reader said something that is not an answer');
}
