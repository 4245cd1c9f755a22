// `sunk-agent list --at TIME`: who had login and sudo then, and from when on the history tells.
import { findPeopleAt, type PastPerson } from '../../agent/report/people/people-at.ts';
import type { PersonRow } from '../../agent/report/people/person-row.ts';
import { AgentError } from '../../common/errors.ts';
import { compileGlob } from '../../common/text/glob.ts';
import { sayCount } from '../../common/text/count-noun.ts';
import { makePrintable } from '../../common/text/printable.ts';
import { sayTime } from '../../common/text/relative-time.ts';
import { parseTimestamp } from '../../common/text/timestamp.ts';
import type { Config } from '../../config/config.ts';
import { parseDuration } from '../../config/types.ts';
import type { HistoryAround } from '../../state/syncs/sync-log.ts';
import type { CommandContext } from '../command.ts';
import { renderCsvRecord } from '../terminal/csv.ts';

export interface Past {
  readonly people: readonly PersonRow[];
  /** Epoch seconds. */
  readonly at: number;
  readonly history: HistoryAround;
  readonly config: Config;
}

/** Epoch seconds; null: the present. */
export function readAt(text: unknown, now: number): number | null {
  if (text === undefined) return null;
  const span = typeof text === 'string' ? parseDuration(text) : null;
  const time = typeof text === 'string' ? parseTimestamp(text) : null;
  if (span === null && time === null)
    throw new AgentError('usage', '--at takes a span such as 2h, or a time with its zone (RFC 3339)');
  const at = span === null ? Math.floor((time ?? 0) / 1000) : now - span;
  if (at > now) throw new AgentError('usage', '--at takes a time in the past');
  return at;
}

/** @throws AgentError refused: the history does not reach so far back; usage: a filter of the present. */
export function showPast({ json, values }: CommandContext, { people, at, history, config }: Past): string {
  for (const filter of ['state', 'expires-within'])
    if (values[filter] !== undefined)
      throw new AgentError('usage', `--${filter} shows the present: it cannot be used with --at`);
  const { begin, rows: events } = history;
  if (begin === null || at < begin)
    throw new AgentError(
      'refused',
      begin === null
        ? 'there is no history yet'
        : `the history begins at ${new Date(begin * 1000).toISOString()}`,
      { hint: 'audit.retention says how long it is kept; collected audit events have earlier changes' },
    );
  const rows = findPeopleAt({ at, history: events, present: people, config }).filter(readPastFilters(values));
  if (json) return `${JSON.stringify({ schema_version: 1, at, historySince: begin, people: rows })}\n`;
  if (values['csv'] === true) return renderPastCsv(rows);
  return renderPast(rows, at, begin);
}

function readPastFilters(values: CommandContext['values']): (row: PastPerson) => boolean {
  const compile = (value: unknown): RegExp[] =>
    Array.isArray(value) ? value.map((pattern) => compileGlob(String(pattern))) : [];
  const users = compile(
    Array.isArray(values['user']) ? values['user'].map((one) => String(one).toLowerCase()) : [],
  );
  const groups = compile(values['group']);
  const matches = (patterns: readonly RegExp[], texts: readonly (string | null)[]): boolean =>
    patterns.length === 0 || texts.some((text) => text !== null && patterns.some((one) => one.test(text)));
  return ({ name, userName, scimId, via, sudoVia, login, sudo }) =>
    matches(
      users,
      [name, userName, scimId].map((text) => text?.toLowerCase() ?? null),
    ) &&
    matches(groups, [...via, ...sudoVia]) &&
    (values['login'] !== true || login) &&
    (values['sudo'] !== true || sudo);
}

function renderPastCsv(rows: readonly PastPerson[]): string {
  const records = rows.map(({ name, userName, scimId, uid, login, via, sudo, sudoVia }) =>
    renderCsvRecord([name, userName, scimId, uid, login, via.join(' '), sudo, sudoVia.join(' ')]),
  );
  return [
    renderCsvRecord(['name', 'userName', 'scimId', 'uid', 'login', 'via', 'sudo', 'sudoVia']),
    ...records,
  ].join('');
}

function renderPast(rows: readonly PastPerson[], at: number, begin: number): string {
  const lines = [
    ['NAME', 'LOGIN', 'SUDO', 'USERNAME', 'GROUPS'],
    ...rows.map(({ name, login, sudo, userName, via, sudoVia }) => [
      name,
      login ? 'yes' : 'no',
      sudo ? 'yes' : 'no',
      userName ?? '-',
      [...new Set([...via, ...sudoVia])].join(',') || '-',
    ]),
  ].map((cells) => cells.map((cell) => makePrintable(cell, 300)));
  const widths = lines.reduce<number[]>(
    (most, cells) => cells.map((cell, n) => Math.max(most[n] ?? 0, Math.min(cell.length, 40))),
    [],
  );
  const table = lines.map(
    (cells) =>
      `${cells
        .map((cell, n) => cell.padEnd(widths[n] ?? 0))
        .join('  ')
        .trimEnd()}\n`,
  );
  return `${table.join('')}\n${sayCount(rows.length, 'person', 'people')} at ${sayTime(at)}; the history begins at ${sayTime(begin)}\n`;
}
