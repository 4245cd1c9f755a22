// What sshd lately logged about a user: accepted and refused logins, from the journal or auth.log.
import { open } from 'node:fs/promises';
import path from 'node:path';
import { parseTimestamp } from '../../common/text/timestamp.ts';
import { runProgram } from '../probes/run-program.ts';

export interface LoginRecord {
  /** Epoch seconds; null where the line has no readable time. */
  readonly at: number | null;
  readonly kind: 'accepted' | 'refused';
  /** sshd's own words. */
  readonly text: string;
}

const TIMEOUT_MS = 2000;
const LINES = 400;
const TAIL_BYTES = 256 * 1024;

/** sshd's messages about a refused login; `%` stands for the name. */
const REFUSALS = [
  'Failed \\S+ for (?:invalid user )?%',
  'Invalid user % ',
  'User % (?:from|not allowed|, coming)',
  '(?:invalid|authenticating) user %',
  'Access denied for user %',
  'error: maximum authentication attempts exceeded for (?:invalid user )?%',
  'expired .*%',
];

/** The newest first; null: neither can be read. */
export async function readLoginRecords(
  root: string,
  name: string,
  now: number,
): Promise<LoginRecord[] | null> {
  const lines = (root === '/' ? await readJournal() : null) ?? (await readAuthLog(root, now));
  return lines === null ? null : pickRecords(lines, name);
}

interface Line {
  readonly at: number | null;
  readonly text: string;
}

/** Those of the lines that are about one name. */
export function pickRecords(lines: readonly Line[], name: string): LoginRecord[] {
  const literal = name.replace(/[^A-Za-z0-9_]/g, '\\$&');
  const bounded = `${literal}(?![A-Za-z0-9_.-])`;
  const accepted = new RegExp(`^Accepted \\S+ for ${bounded}`);
  const refused = new RegExp(REFUSALS.map((phrase) => phrase.replace('%', bounded)).join('|'));
  return lines.flatMap(({ at, text }): LoginRecord[] => {
    if (accepted.test(text)) return [{ at, kind: 'accepted', text }];
    return refused.test(text) ? [{ at, kind: 'refused', text }] : [];
  });
}

/** sshd's newest lines, the newest first; null: no journal, or it may not be read. */
async function readJournal(): Promise<Line[] | null> {
  const names = ['sshd', 'sshd-session'].flatMap((name) => [`SYSLOG_IDENTIFIER=${name}`, '+']).slice(0, -1);
  const args = [
    '--quiet',
    '--no-pager',
    '--reverse',
    '--since=-1d',
    `--lines=${LINES}`,
    '--output=short-unix',
  ];
  const { status, stdout } = await runProgram('journalctl', [...args, ...names], { timeout: TIMEOUT_MS });
  if (status !== 0) return null;
  return stdout.split('\n').flatMap((line) => {
    const match = /^(\d+)\.\d+ \S+ [^:]+: (.*)$/.exec(line);
    return match === null ? [] : [{ at: Number(match[1]), text: match[2] ?? '' }];
  });
}

async function readAuthLog(root: string, now: number): Promise<Line[] | null> {
  try {
    const handle = await open(path.join(root, 'var/log/auth.log'));
    try {
      const { size } = await handle.stat();
      const from = Math.max(0, size - TAIL_BYTES);
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - from), 0, size - from, from);
      const lines = buffer.subarray(0, bytesRead).toString('utf8').split('\n').reverse();
      return lines.flatMap((line) => parseAuthLine(line, now));
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : '';
    if (code === 'ENOENT' || code === 'EACCES') return null;
    throw cause;
  }
}

/** Both formats of rsyslog: `Nov 25 17:10:09 host sshd[1]: text`, and an RFC 3339 time in front. */
export function parseAuthLine(line: string, now: number): Line[] {
  const match = /^(\S+T\S+|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) \S+ sshd(?:-session)?\[\d+\]: (.*)$/.exec(
    line,
  );
  const [, time = '', text = ''] = match ?? [];
  if (match === null) return [];
  return [{ at: time.includes('T') ? readRfc3339(time, now) : readSyslogTime(time, now), text }];
}

/** Seconds that a line may be ahead of this node's clock. */
const MAX_AHEAD = 86_400;

function readRfc3339(text: string, now: number): number | null {
  const time = parseTimestamp(text);
  return time === null || time > (now + MAX_AHEAD) * 1000 ? null : Math.floor(time / 1000);
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** RFC 3164 section 4.1.2: `Nov 25 17:10:09` in local time, without a year: the last one that is not in the future. */
function readSyslogTime(text: string, now: number): number | null {
  const month = MONTHS.indexOf(text.slice(0, 3));
  const [day = 0, hour = 0, minute = 0, second = 0] = (text.match(/\d+/g) ?? []).map(Number);
  if (month === -1 || hour > 23 || minute > 59 || second > 59) return null;
  const year = new Date(now * 1000).getFullYear();
  for (const candidate of [year, year - 1]) {
    const date = new Date(candidate, month, day, hour, minute, second);
    const at = Math.floor(date.getTime() / 1000);
    if (date.getMonth() === month && date.getDate() === day && at <= now + MAX_AHEAD) return at;
  }
  return null;
}
