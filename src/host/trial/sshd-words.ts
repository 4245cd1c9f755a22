// What sshd and PAM logged about one connection: from the journal, or from the part of auth.log that came meanwhile.
import { existsSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { runProgram } from '../probes/run-program.ts';
import { readSshdLine, SSHD_FIELDS, SSHD_MATCHES, type SshdLine } from '../sshd/sshd-journal.ts';

const AUTH_LOG = '/var/log/auth.log';
const MAX_LOG_BYTES = 256 * 1024;
/** journald(8) and rsyslogd(8) write a moment later. */
const PATIENCE_MS = [50, 150, 300, 500] as const;
/** Milliseconds more while the process that served the connection lives: on a busy machine it writes its last line late. */
const MORE_PATIENCE_MS = 250;
const MORE_READINGS = 20;

/** What libwrap logs of a connection from this node, before sshd knows port and name (hosts_access(5)). */
const REFUSED_HERE = /^refused connect from (?:::ffff:)?(?:127\.0\.0\.1|::1)\b/;

/** Where the log stands before a trial. */
export interface LogMark {
  /** Epoch seconds. */
  readonly since: number;
  /** Bytes of auth.log; null: there is none. */
  readonly size: number | null;
}

export async function markLog(): Promise<LogMark> {
  const since = Math.floor(Date.now() / 1000) - 1;
  try {
    return { since, size: (await stat(AUTH_LOG)).size };
  } catch {
    return { since, size: null };
  }
}

export type LogLine = Pick<SshdLine, 'pid' | 'text'>;

/**
 * The oldest first; null: neither log can be read. A line in the journal is root's own; in auth.log any user can write one.
 * @param port that the connection came from; null: unknown, so lines about the name are taken.
 */
export async function readSshdWords(
  mark: LogMark,
  name: string,
  port: number | null,
): Promise<readonly string[] | null> {
  let words: readonly string[] = [];
  for (const pause of [...PATIENCE_MS, ...Array.from({ length: MORE_READINGS }, () => MORE_PATIENCE_MS)]) {
    await sleep(pause);
    const lines = await readLines(mark);
    if (lines === null) return null;
    const picked = pickLines(lines, name, port);
    // sshd says the same of each key that it is offered.
    words = [...new Set(picked.map(({ text }) => text))];
    // Complete once sshd has said how it ended.
    if (words.some((text) => /closed|Disconnected|session closed|fatal|refused connect/i.test(text)))
      return words;
    if (pause === MORE_PATIENCE_MS && !picked.some(({ pid }) => existsSync(`/proc/${pid}`))) break;
  }
  return words;
}

/** Of the journal; where that has none (yet), of auth.log. */
async function readLines(mark: LogMark): Promise<readonly LogLine[] | null> {
  const journal = await readJournal(mark);
  return journal === null || journal.length === 0 ? ((await readAuthLog(mark)) ?? journal) : journal;
}

/** The lines of the processes that served the connection; where none names the port, of those that speak of the name. */
export function pickConnection(lines: readonly LogLine[], name: string, port: number | null): string[] {
  return pickLines(lines, name, port).map(({ text }) => text);
}

function pickLines(lines: readonly LogLine[], name: string, port: number | null): LogLine[] {
  const listPids = (pattern: RegExp): Set<string> =>
    new Set(lines.filter(({ text }) => pattern.test(text)).map(({ pid }) => pid));
  const literal = name.replaceAll(/[^A-Za-z0-9_]/g, '\\$&');
  const ofPort = port === null ? new Set<string>() : listPids(new RegExp(`\\bport ${port}\\b`));
  const pids =
    ofPort.size > 0 ? ofPort : listPids(new RegExp(`(?:^|[^A-Za-z0-9_.-])${literal}(?![A-Za-z0-9_.-])`));
  if (pids.size > 0) return lines.filter(({ pid }) => pids.has(pid));
  return lines.filter(({ text }) => REFUSED_HERE.test(text));
}

async function readJournal({ since }: LogMark): Promise<LogLine[] | null> {
  // Returns when journald has what was written so far (journalctl(1)); where none runs, it fails at once.
  await runProgram('journalctl', ['--sync'], { timeout: 3000 });
  const { status, stdout } = await runProgram(
    'journalctl',
    ['--quiet', '--no-pager', `--since=@${since}`, '--output=json', SSHD_FIELDS, ...SSHD_MATCHES],
    { timeout: 3000 },
  );
  return status === 0 ? stdout.split('\n').flatMap(readSshdLine) : null;
}

async function readAuthLog({ size }: LogMark): Promise<LogLine[] | null> {
  if (size === null) return null;
  const file = await open(AUTH_LOG);
  try {
    const { size: now } = await file.stat();
    const from = now < size ? 0 : Math.max(size, now - MAX_LOG_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(now - from), 0, now - from, from);
    return buffer.subarray(0, bytesRead).toString('utf8').split('\n').flatMap(parseAuthLine);
  } finally {
    await file.close();
  }
}

function parseAuthLine(line: string): LogLine[] {
  const [, pid, text] = /\bsshd(?:-session|-auth)?\[(\d+)\]: (.*)$/.exec(line) ?? [];
  return pid === undefined || text === undefined ? [] : [{ pid, text }];
}
