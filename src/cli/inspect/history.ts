// `sunk-agent history`: what changed for which user, when, by which sync or operator, and from which snapshot.
import { type AuditTrail, readAudit } from '../../agent/report/audit.ts';
import { gatherHistory, type HistoryEvent, type HistoryQuestion } from '../../agent/report/history.ts';
import { openNodeContext } from '../../agent/node-context.ts';
import { resolveSubject, type Subject } from '../../agent/operator/resolve-subject.ts';
import type { Config } from '../../config/config.ts';
import { parseDuration } from '../../config/types.ts';
import { AgentError, describeError } from '../../common/errors.ts';
import { parseTimestamp } from '../../common/text/timestamp.ts';
import { type StateView, viewState } from '../../state/state.ts';
import { makePrintable } from '../../common/text/printable.ts';
import type { CommandContext } from '../command.ts';
import { sayCount } from '../../common/text/count-noun.ts';

export const failure = 1;
export const options = {
  since: { type: 'string' },
  user: { type: 'string' },
  group: { type: 'string' },
  code: { type: 'string', multiple: true },
  limit: { type: 'string', default: '1000' },
} as const;

export const help = `Usage: sunk-agent history [--since TIME] [--user NAME] [--group NAME] [--code CODE]... [--limit N] [--json]
                          [--config FILE] [--root DIR]

What changed for which user, when, why, by which sync and from which snapshot, and what operators did; the oldest first.
With --json, one object a line; pass is the old name of sync, and ends with the next release.

  --since TIME   a span such as 2h or 7d, or a time such as 2026-11-25T08:00:00Z
  --user NAME    about one user: an account name, present or former, a userName, a SCIM id or an address
  --group NAME   about one Unix group and its members
  --code CODE    only this kind of change or act, such as member-add or block; may be given several times
  --limit N      the newest N (1000)

Examples:
  sunk-agent history --since 1d
  sunk-agent history --group slurm-admins --code member-add --code member-remove
  sunk-agent history --user alice@example.com --json

Exit status: 0 shown, 1 failed.`;

export function run(context: CommandContext): Promise<number> {
  const { since, user, group, code, limit } = context.values;
  const now = Math.floor(Date.now() / 1000);
  const from = readSince(since, now);
  const most = Number(limit);
  if (!Number.isInteger(most) || most < 1) throw new AgentError('usage', '--limit takes a number from 1');
  const { paths, config } = openNodeContext(context);
  const trail = readAudit(paths);
  const view = openView(paths.state);
  try {
    const about = typeof user === 'string' ? describeUser(user, view, config) : null;
    const events = gatherHistory(view, trail, {
      since: from,
      about,
      group: typeof group === 'string' ? group : null,
      codes: new Set(Array.isArray(code) ? code.map(String) : []),
      limit: most,
    });
    process.stdout.write(context.json ? events.map(toJsonLine).join('') : describe(events));
    warnAbout(trail);
  } finally {
    view?.close();
  }
  return Promise.resolve(0);
}

function readSince(since: unknown, now: number): number {
  if (typeof since !== 'string') return 0;
  const span = parseDuration(since);
  if (span !== null) return now - span;
  const time = parseTimestamp(since);
  if (time === null)
    throw new AgentError('usage', '--since takes a span such as 2h, or a time with its zone (RFC 3339)');
  return Math.floor(time / 1000);
}

/** Operators' acts are known without the state database. */
function openView(directory: string): StateView | null {
  try {
    return viewState(directory);
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    process.stderr.write(`sunk-agent: only acts of operators are shown: ${describeError(error)}\n`);
    return null;
  }
}

/** Every name of a user in the history, and the SCIM id; the word alone where it means no one, or several. */
function describeUser(user: string, view: StateView | null, config: Config): HistoryQuestion['about'] {
  const subject = view === null ? null : findSubject(user, view, config);
  const names = [user === subject?.scimId ? null : user, subject?.name ?? null, subject?.userName ?? null];
  return {
    names: new Set(names.flatMap((name) => (name === null ? [] : [name.toLowerCase()]))),
    scimId: subject?.scimId ?? user,
  };
}

function findSubject(user: string, view: StateView, config: Config): Subject | null {
  try {
    return resolveSubject(user, view, config, () => false);
  } catch (error) {
    if (error instanceof AgentError) return null;
    throw error;
  }
}

function warnAbout({ unreadable }: AuditTrail): void {
  if (unreadable > 0)
    process.stderr.write(
      `sunk-agent: ${sayCount(unreadable, 'line')} of the audit trail ${unreadable === 1 ? 'is not an entry' : 'are not entries'} of sunk-agent\n`,
    );
}

/** With `pass`, the name of `sync` in 0.1.0. */
function toJsonLine(event: HistoryEvent): string {
  return `${JSON.stringify({ ...event, pass: event.sync })}\n`;
}

function describe(events: readonly HistoryEvent[]): string {
  if (events.length === 0) return 'nothing\n';
  return events
    .map(({ at, sync, snapshot, operator, what, name, person, because, problem }) => {
      const time = new Date(at * 1000).toISOString().slice(0, 19).replace('T', ' ');
      const by =
        operator === null
          ? `sync ${sync ?? '?'}${snapshot === null ? '' : ` of ${snapshot}`}`
          : `by ${operator}`;
      const why = [because, problem === null ? '' : `FAILED: ${problem}`]
        .filter((text) => text !== '')
        .join('; ');
      const whose = person === null ? '' : `${what.startsWith('member-') ? ': ' : ', '}${person}`;
      const subject = name === '' ? '' : ` ${name}${whose}`;
      return `${time}  ${makePrintable(`${what}${subject}  (${[by, why].filter((text) => text !== '').join(': ')})`, 1000)}\n`;
    })
    .join('');
}
