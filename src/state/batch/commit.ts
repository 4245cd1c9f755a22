// The end of a batch: its rows get their digest and confirmation, are written at once, and the index follows.
import { type GroupRecord, RESOURCE_KINDS, type UserRecord } from '../../protocol/records.ts';
import { digestOf, type Row } from '../record-index.ts';
import { type BatchState, find } from './batch-state.ts';
import type { FinishedRow } from './batch-writer.ts';
import type { IngestCounts } from './ingest-model.ts';

/** See `IngestBatch`. */
export function commit(batch: BatchState, mayConfirm: boolean): IngestCounts {
  const { counts, index, lostMembers, number, writer } = batch;
  // A record that was fetched under a wrong clock is known, but confirms no key.
  if (!mayConfirm) counts.renewed = 0;
  const written: Omit<FinishedRow, 'body'>[] = [];
  writer.write(finish(batch, mayConfirm, written), (group, user) => {
    // A member that is listed again starts from nothing the next time it is missing.
    const isListed = find(batch, 'Group', group)?.listedBy === number;
    return isListed && lostMembers.get(group)?.includes(user) !== true;
  });
  for (const { kind, row } of written) {
    if (kind === 'User') index.putUser(row as Row<UserRecord>);
    else index.putGroup(row as Row<GroupRecord>);
  }
  return { ...counts, quarantined: batch.quarantined.size };
}

/** The rows as they will be, in the order of the ids; each is also noted in `written`, without its body. */
function* finish(
  { next, index, rules }: BatchState,
  mayConfirm: boolean,
  written: Omit<FinishedRow, 'body'>[],
): Generator<FinishedRow> {
  for (const kind of RESOURCE_KINDS) {
    for (const id of [...next[kind].keys()].sort()) {
      const pending = next[kind].get(id);
      if (pending === undefined) continue;
      const { confirms, ...rest } = pending;
      const confirmedAt = confirms && mayConfirm ? rules.now : (index[kind].get(id)?.confirmedAt ?? 0);
      const body = JSON.stringify(rest.record);
      const row = { ...rest, digest: digestOf(body), confirmedAt };
      written.push({ kind, row });
      yield { kind, row, body };
    }
  }
}
