// Takes a line of a page: what it came to when it was heard before, or each of its resources, judged.
import { AgentError } from '../../errors.ts';
import type { Take } from '../../mirror/take.ts';
import type { PageLine } from '../../scim/page-lines.ts';
import type { PathTally } from '../../scim/path-tally.ts';
import type { ResourceJudge } from '../../scim/read-resource.ts';
import type { GroupRecord, UserRecord } from '../../scim/resources.ts';
import type { HeardBefore } from './heard-before.ts';
import { takeOne } from './take-one.ts';

/**
 * @returns how many resources the line has.
 * @throws AgentError reader_failed, where it is no list.
 */
export function takePage(
  take: Take,
  page: PageLine,
  tally: PathTally,
  { judge, heardBefore }: { readonly judge: ResourceJudge; readonly heardBefore: HeardBefore },
): number {
  const { kind } = page;
  // Whether a path of the configuration matches anybody, only the resources themselves can tell.
  const heard = heardBefore.look(page);
  const known = tally.isSettled(kind) ? heard.recall() : null;
  if (known !== null) {
    tally.skip(kind, known.length);
    for (const record of known) take.add(kind, { kind: 'good', record, warnings: [] });
    return known.length;
  }
  const resources = parseResources(page.resources);
  const records: (UserRecord | GroupRecord)[] = [];
  for (const raw of resources) {
    tally.see(kind, raw);
    const judged = takeOne(take, judge, kind, raw);
    if (judged.kind !== 'good') continue;
    // The mirror's own object, where it is equal, so that nobody is in memory twice.
    records.push(kind === 'User' ? (take.previous(kind, judged.record.id) ?? judged.record) : judged.record);
  }
  if (records.length === resources.length) heard.keep(records);
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
