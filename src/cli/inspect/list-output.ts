// An access review as text for a terminal, and as CSV for a spreadsheet.
import type { PersonRow } from '../../agent/report/people/person-row.ts';
import { sayCount } from '../../common/text/count-noun.ts';
import { makePrintable } from '../../common/text/printable.ts';
import { sayMinute, saySpan } from '../../common/text/relative-time.ts';
import { renderCsvRecord } from '../terminal/csv.ts';

/** Names of the columns of the CSV, in their order; new ones are only added at the end. */
const COLUMNS = [
  'name',
  'userName',
  'scimId',
  'uid',
  'state',
  'why',
  'login',
  'via',
  'groups',
  'sudo',
  'sudoVia',
  'keys',
  'keyExpiry',
  'since',
  'lastLogin',
  'grants',
] as const satisfies readonly (keyof PersonRow)[];

/**
 * Times in RFC 3339; what a field has several of is separated by blanks.
 * @param isWithSlurm one more column at the end; it is empty before Slurm was read.
 */
export function renderPeopleCsv(rows: readonly PersonRow[], isWithSlurm: boolean): string {
  const records = rows.map((row) =>
    renderCsvRecord([
      row.name,
      row.userName,
      row.scimId,
      row.uid,
      row.state,
      row.why,
      row.login,
      row.via.join(' '),
      row.groups.join(' '),
      row.sudo,
      row.sudoVia.join(' '),
      row.keys.map(({ fingerprint }) => fingerprint).join(' '),
      renderTime(row.keyExpiry),
      renderTime(row.since),
      renderTime(row.lastLogin),
      row.grants
        .map(({ group, until, by, reason }) => `${group} until ${renderTime(until)} by ${by}: ${reason}`)
        .join('; '),
      ...(isWithSlurm ? [row.slurmAccounts?.join(' ') ?? ''] : []),
    ]),
  );
  const columns = isWithSlurm ? [...COLUMNS, 'slurmAccounts'] : COLUMNS;
  return [renderCsvRecord(columns), ...records].join('');
}

function renderTime(at: number | null): string {
  return at === null ? '' : new Date(at * 1000).toISOString().replace('.000Z', 'Z');
}

/** One line a person below a header. @param now epoch seconds. @param isWithSlurm one more column. */
export function renderPeople(rows: readonly PersonRow[], now: number, isWithSlurm: boolean): string {
  const slurm = isWithSlurm ? ['SLURM'] : [];
  const lines = [
    ['NAME', 'UID', 'STATE', 'LOGIN', 'SUDO', 'KEYS', 'LAST LOGIN', 'USERNAME', 'GROUPS', ...slurm, 'WHY'],
    ...rows.map((row) => [
      row.name ?? '-',
      row.uid === null ? '-' : String(row.uid),
      row.state,
      row.login ? 'yes' : 'no',
      row.sudo ? 'yes' : 'no',
      describeKeys(row, now),
      row.lastLogin === null ? '-' : sayMinute(row.lastLogin),
      row.userName ?? '-',
      row.groups.join(',') || '-',
      ...(isWithSlurm ? [describeSlurmAccounts(row)] : []),
      row.why,
    ]),
  ].map((cells) => cells.map((cell) => makePrintable(cell, 300)));
  const widths = lines.reduce<number[]>(
    (most, cells) => cells.map((cell, n) => Math.max(most[n] ?? 0, Math.min(cell.length, 40))),
    [],
  );
  return lines
    .map(
      (cells) =>
        `${cells
          .map((cell, n) => cell.padEnd(widths[n] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

function describeSlurmAccounts({ slurmAccounts }: PersonRow): string {
  return slurmAccounts === null ? '?' : (slurmAccounts ?? []).join(',') || '-';
}

function describeKeys({ keys, keyExpiry }: PersonRow, now: number): string {
  if (keys.length === 0) return 'none';
  if (keyExpiry === null) return String(keys.length);
  return `${keys.length}, ${keyExpiry > now ? saySpan(keyExpiry - now) : 'expired'}`;
}

/** How many of each state, and what they are read from. */
export function summarisePeople(rows: readonly PersonRow[]): string {
  const counts = new Map<string, number>();
  for (const { state } of rows) counts.set(state, (counts.get(state) ?? 0) + 1);
  const states = [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
  const login = rows.filter((row) => row.login).length;
  const sudo = rows.filter((row) => row.sudo).length;
  return `${sayCount(rows.length, 'person', 'people')}${states === '' ? '' : `: ${states}`}; ${login} can log in, ${sudo} with sudo\n`;
}
