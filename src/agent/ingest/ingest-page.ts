// Ingests the lines of pages: each resource is judged by itself.
import { AgentError } from '../../common/errors.ts';
import type { PageLine } from '../../protocol/page-lines.ts';
import type { IngestBatch } from '../../state/batch/ingest-model.ts';
import { ingestOne } from './ingest-one.ts';
import type { ResourceJudge } from './judge-resource.ts';
import type { PathTally } from './path-tally.ts';

/**
 * @returns how many resources the line has.
 * @throws AgentError reader_failed, where it is no list.
 */
export function ingestPageLine(
  { kind, resources: text }: PageLine,
  batch: IngestBatch,
  tally: PathTally,
  judge: ResourceJudge,
): number {
  const resources = parseResources(text);
  for (const raw of resources) {
    tally.see(kind, raw);
    ingestOne(batch, judge, kind, raw);
  }
  return resources.length;
}

function parseResources(text: Buffer): readonly unknown[] {
  try {
    const resources: unknown = JSON.parse(text.toString('utf8'));
    if (Array.isArray(resources)) return resources;
  } catch {
    // Said below.
  }
  throw new AgentError('reader_failed', 'the reader said something that is not an answer');
}
