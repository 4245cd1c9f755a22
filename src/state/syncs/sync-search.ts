// Finds the newest sync of a kind without reading all of them at each poll: what was seen once is not looked at again.
import type { Connection } from '../database.ts';
import { decodeReport } from './report-codec.ts';

/** What one question has come to so far. */
interface Found {
  /** The newest sync that it was shown. */
  readonly seen: number;
  readonly report: unknown;
}

/**
 * A sync's report never changes once it is written, and syncs are numbered in their order, whichever process makes them; so a
 * question continues where it ended.
 */
export function openSyncSearch(
  connection: Connection,
): <T>(question: string, accept: (report: T) => boolean) => T | null {
  const memory = new Map<string, Found>();
  return <T>(question: string, accept: (report: T) => boolean): T | null => {
    const before = memory.get(question);
    let seen = before?.seen ?? 0;
    let found = (before?.report ?? null) as T | null;
    const newer = connection.prepare<[number], { n: number; report: string }>(
      "SELECT n, report FROM pass WHERE n > ? AND report <> '{}' AND json_valid(report) ORDER BY n DESC",
    );
    for (const { n, report } of newer.iterate(seen)) {
      seen = Math.max(seen, n);
      const decoded = decodeReport(report) as T | null;
      if (decoded === null || !accept(decoded)) continue;
      found = decoded;
      break;
    }
    memory.set(question, { seen, report: found });
    return found;
  };
}
