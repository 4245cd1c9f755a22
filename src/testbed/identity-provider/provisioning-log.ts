// *Provisioning logs*: what each cycle did, in a file beside the directory, whichever program ran the cycle.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import type { LogLine } from './idp-client.ts';

/** One line with its cycle. */
export interface LogEntry extends LogLine {
  /** Start of the cycle, ISO 8601. */
  readonly at: string;
  readonly cycle: 'initial' | 'incremental' | 'on demand';
}

/** Lines that are kept. */
const KEPT = 5000;

export function appendLog(
  file: string,
  cycle: LogEntry['cycle'],
  log: readonly LogLine[],
  at = new Date().toISOString(),
): void {
  if (log.length === 0) return;
  const lines = log.map((line) => `${JSON.stringify({ at, cycle, ...line })}\n`);
  appendFileSync(nameLog(file), lines.join(''), { mode: 0o600 });
}

/** The newest first. A file that grew too long is cut. */
export function readLog(file: string): readonly LogEntry[] {
  let text: string;
  try {
    text = readFileSync(nameLog(file), 'utf8');
  } catch {
    return [];
  }
  const lines = text.split('\n').filter((line) => line !== '');
  const kept = lines.slice(-KEPT);
  if (lines.length > 2 * KEPT) writeFileSync(nameLog(file), `${kept.join('\n')}\n`, { mode: 0o600 });
  return kept.map((line) => JSON.parse(line) as LogEntry).reverse();
}

function nameLog(file: string): string {
  return `${file}.log`;
}
