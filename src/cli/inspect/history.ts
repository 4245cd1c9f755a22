// `sunk-agent history`: what changed for whom, when, by which pass or operator, and from which snapshot.
import { type AuditTrail, readAudit } from '../../agent/report/audit.ts';
import { gatherHistory, type HistoryEvent } from '../../agent/report/history.ts';
import { openNodeContext } from '../../agent/node-context.ts';
import { findPerson } from '../../agent/operator/find-person.ts';
import type { Config } from '../../config/config.ts';
import { parseDuration } from '../../config/types.ts';
import { AgentError, describeError } from '../../common/errors.ts';
import { type StateView, viewState } from '../../state/state.ts';
import { makePrintable } from '../../common/printable.ts';
import type { CommandContext } from '../command.ts';
import { sayCount } from '../../common/count-noun.ts';

export const failure = 1;
export const options = {
  since: { type: 'string' },
  user: { type: 'string' },
  limit: { type: 'string', default: '1000' },
} as const;

export const help = `Usage: sunk-agent history [--since TIME] [--user NAME] [--limit N] [--json] [--config FILE] [--root DIR]

What changed for whom, when, why, by which pass and from which snapshot, and what operators did; the oldest first.

  --since TIME   a span such as 2h or 7d, or a time such as 2026-11-25T08:00:00Z
  --user NAME    about one person: an account name, a userName or a SCIM id
  --limit N      the newest N (1000)

Examples:
  sunk-agent history --since 1d
  sunk-agent history --user alice@example.com --json

Exit status: 0 shown, 1 failed.`;

export function run(context: CommandContext): Promise<number> {
  const { since, user, limit } = context.values;
  const now = Math.floor(Date.now() / 1000);
  const from = readSince(since, now);
  const most = Number(limit);
  if (!Number.isInteger(most) || most < 1) throw new AgentError('usage', '--limit takes a number from 1');
  const { paths, config } = openNodeContext(context);
  const trail = readAudit(paths);
  const view = openView(paths.state);
  try {
    const words = typeof user === 'string' ? findWords(user, view, config) : new Set<string>();
    const events = gatherHistory(view, trail, { since: from, words, limit: most });
    process.stdout.write(
      context.json ? events.map((event) => `${JSON.stringify(event)}\n`).join('') : describe(events),
    );
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
  const time = Date.parse(since);
  if (Number.isNaN(time))
    throw new AgentError('usage', '--since takes a span such as 2h, or a time (RFC 3339)');
  return Math.floor(time / 1000);
}

/** Operators' acts can be told without the mirror. */
function openView(folder: string): StateView | null {
  try {
    return viewState(folder);
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    process.stderr.write(`sunk-agent: only what operators did can be told: ${describeError(error)}\n`);
    return null;
  }
}

/** Everything that a person goes by in the history: name, userName, SCIM id. */
function findWords(user: string, view: StateView | null, config: Config): Set<string> {
  const found = view === null ? null : findPerson(user, view.users(), view.bindings(), config);
  const { id = null, userName = null } = found?.user.record ?? {};
  return new Set(
    [user, found?.name ?? null, id, userName].flatMap((word) => (word === null ? [] : [word.toLowerCase()])),
  );
}

function warnAbout({ unreadable }: AuditTrail): void {
  if (unreadable > 0)
    process.stderr.write(
      `sunk-agent: ${sayCount(unreadable, 'line')} of the audit trail ${unreadable === 1 ? 'is no entry' : 'are no entries'} of ours\n`,
    );
}

function describe(events: readonly HistoryEvent[]): string {
  if (events.length === 0) return 'nothing\n';
  return events
    .map(({ at, pass, snapshot, operator, what, name, because, problem }) => {
      const time = new Date(at * 1000).toISOString().slice(0, 19).replace('T', ' ');
      const by =
        operator === null
          ? `pass ${pass ?? '?'}${snapshot === null ? '' : ` of ${snapshot}`}`
          : `by ${operator}`;
      const why = [because, problem === null ? '' : `FAILED: ${problem}`]
        .filter((text) => text !== '')
        .join('; ');
      const subject = name === '' ? '' : ` ${name}`;
      return `${time}  ${makePrintable(`${what}${subject}  (${[by, why].filter((text) => text !== '').join(': ')})`, 1000)}\n`;
    })
    .join('');
}
