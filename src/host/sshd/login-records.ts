// What sshd lately logged about a user: accepted and refused logins, from the journal or auth.log.
import { open } from 'node:fs/promises';
import path from 'node:path';
import { parseTimestamp } from '../../common/text/timestamp.ts';
import { runProgram } from '../probes/run-program.ts';
import { readSshdLine, SSHD_FIELDS, SSHD_MATCHES, type SshdLine } from './sshd-journal.ts';

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
  'error: AuthorizedKeysCommand \\S+ %',
];

/** What sshd says of a login without a name; the process that says it is the one that speaks of the user elsewhere. */
const NAMELESS =
  /not in PubkeyAccepted(?:Algorithms|KeyTypes)|^error: AuthorizedKeysCommand |^refusing RSA key: |^Authentication refused: /;
/** What ends each refused login, whatever the cause. */
const ENDED = /^(?:Connection (?:closed|reset) by|Disconnected from) (?:authenticating|invalid) user /;
/** PerSourcePenalties (sshd_config(5), OpenSSH 9.8): said by the listener, of an address. */
const PENALTY = /^drop connection #\d+ from \[([^\]]+)\]:\d+ on \S+ penalty: /;

/** The newest first; null: neither can be read. */
export async function readLoginRecords(
  root: string,
  name: string,
  now: number,
): Promise<LoginRecord[] | null> {
  const lines = (root === '/' ? await readJournal() : null) ?? (await readAuthLog(root, now));
  return lines === null ? null : pickRecords(lines, name);
}

/** Those of the lines that are about one name, in their order. */
export function pickRecords(lines: readonly SshdLine[], name: string): LoginRecord[] {
  const literal = name.replace(/[^A-Za-z0-9_]/g, '\\$&');
  const bounded = `${literal}(?![A-Za-z0-9_.-])`;
  const accepted = new RegExp(`^Accepted \\S+ for ${bounded}`);
  const refused = new RegExp(REFUSALS.map((phrase) => phrase.replace('%', bounded)).join('|'));
  const named = lines.filter(({ text }) => accepted.test(text) || refused.test(text));
  const pids = new Set(named.map(({ pid }) => pid));
  const addresses = new Set(named.flatMap(({ text }) => / ([0-9a-fA-F.:]+) port \d+/.exec(text)?.[1] ?? []));
  const isRefusal = ({ text, pid }: SshdLine): boolean =>
    refused.test(text) ||
    (pids.has(pid) && NAMELESS.test(text)) ||
    addresses.has(PENALTY.exec(text)?.[1] ?? '');
  const telling = new Set(
    lines.filter((line) => isRefusal(line) && !ENDED.test(line.text)).map(({ pid }) => pid),
  );
  return lines.flatMap((line): LoginRecord[] => {
    const { at, text, pid } = line;
    if (accepted.test(text)) return [{ at, kind: 'accepted', text }];
    if (ENDED.test(text) && telling.has(pid)) return [];
    return isRefusal(line) ? [{ at, kind: 'refused', text }] : [];
  });
}

/** sshd's newest lines, the newest first; null: no journal, or it may not be read. */
async function readJournal(): Promise<SshdLine[] | null> {
  const args = ['--quiet', '--no-pager', '--reverse', '--since=-1d', `--lines=${LINES}`, '--output=json'];
  const { status, stdout } = await runProgram('journalctl', [...args, SSHD_FIELDS, ...SSHD_MATCHES], {
    timeout: TIMEOUT_MS,
  });
  return status === 0 ? stdout.split('\n').flatMap(readSshdLine) : null;
}

async function readAuthLog(root: string, now: number): Promise<SshdLine[] | null> {
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
export function parseAuthLine(line: string, now: number): SshdLine[] {
  const match =
    /^(\S+T\S+|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) \S+ sshd(?:-session|-auth)?\[(\d+)\]: (.*)$/.exec(line);
  const [, time = '', pid = '', text = ''] = match ?? [];
  if (match === null) return [];
  return [{ at: time.includes('T') ? readRfc3339(time, now) : readSyslogTime(time, now), text, pid }];
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
