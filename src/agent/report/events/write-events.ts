// Writes what happened since the last time as audit events: to the journal or to standard output.
import { describeError } from '../../../common/errors.ts';
import { escapeLine, isJournal } from '../../../common/log.ts';
import type { StateDatabase } from '../../../state/state.ts';
import type { NodeContext } from '../../node-context.ts';
import { type AuditEntry, readAuditFrom } from '../audit.ts';
import type { AuditEvent } from './audit-event.ts';
import { describeAct, describeChange } from './make-events.ts';

/** Rows at a time. */
const AT_ONCE = 1000;
/** LOG_NOTICE of sd-daemon(3): above what a quiet agent logs. */
const NOTICE = '<5>';

interface Streams {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

type Source = Pick<StateDatabase, 'unwritten' | 'readUpto' | 'markWritten' | 'snapshots'>;

/**
 * The daemon's alone, after each of its syncs: what commands did is in the same history and audit trail. How far it came
 * is kept in the state database, so that a restart loses none; one that is interrupted repeats some. That an event cannot
 * be written delays no sync.
 */
export function writeEvents(
  { config, paths, log }: Pick<NodeContext, 'config' | 'paths' | 'log'>,
  state: Source,
  streams: Streams,
): void {
  const { events: target } = config.audit;
  const write = (events: readonly AuditEvent[]): void => {
    const prefix = target === 'journal' && isJournal(process.env['JOURNAL_STREAM'], 2) ? NOTICE : '';
    const lines = events.map((event) => `${prefix}${escapeLine(`${JSON.stringify(event)}\n`)}`).join('');
    if (target !== 'none' && lines !== '')
      (target === 'stdout' ? streams.stdout : streams.stderr).write(lines);
  };
  try {
    const acts = readAuditFrom(paths, state.readUpto('audit'));
    write(acts.entries.map((entry: AuditEntry) => describeAct(entry)));
    state.markWritten('audit', acts.end);
    for (;;) {
      const { rows, upto } = state.unwritten(AT_ONCE);
      const snapshots = state.snapshots(new Set(rows.map(({ sync }) => sync)));
      write(
        rows.flatMap(
          (row) => describeChange(row, config.scim.base_url, snapshots.get(row.sync) ?? null) ?? [],
        ),
      );
      state.markWritten('history', upto);
      if (rows.length < AT_ONCE) return;
    }
  } catch (error) {
    log.warn(`no audit events are written: ${describeError(error)}`);
  }
}
