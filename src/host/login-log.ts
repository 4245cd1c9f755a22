// Which key opened which session, from sshd's own log: the journal, or the auth log where there is no journal.
import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { AgentError } from '../errors.ts';

/** One session that a key opened. */
export interface KeyLogin {
  /** Epoch seconds. */
  readonly at: number;
  /** The account's name, as sshd(8) knows it. */
  readonly name: string;
  /** Address of the client. */
  readonly from: string;
  /** As sshd calls it: ED25519, RSA, ECDSA-SK ... */
  readonly keyType: string;
  /** `SHA256:...` */
  readonly fingerprint: string;
}

export interface LoginLog {
  /** The newest first. */
  readonly logins: readonly KeyLogin[];
  /**
   * Where it was read. What the journal calls sshd's was written by root's sshd; in an auth log any local user can
   * write a line that looks like it (logger(1)), so that it proves less.
   */
  readonly source: 'journal' | 'auth-log';
}

export interface LoginQuestion {
  readonly name?: string;
  readonly fingerprint?: string;
  /** Epoch seconds. */
  readonly since: number;
  /** At most so many. */
  readonly limit: number;
}

/** Of an auth log only the end is read. */
const MAX_LOG_BYTES = 64 * 1024 * 1024;
const JOURNAL_TIMEOUT_MS = 20_000;

/**
 * The message from its first to its last character (auth.c, auth_log(), OpenSSH 8.4 to 10.0). Its start is what makes
 * it sshd's: a name that a stranger typed stands behind `Invalid user` or `Failed`, and can imitate all but that.
 */
const ACCEPTED =
  /^Accepted publickey for ([A-Za-z_][A-Za-z0-9_.-]{0,31}) from ([0-9a-fA-F.:]+(?:%[\w.-]{1,16})?|UNKNOWN) port \d{1,5} ssh2: ([A-Z0-9-]{2,20}) (SHA256:[A-Za-z0-9+/]{43})$/;

/** One message of sshd to a login, or null if it says anything else; logins with certificates are not by a key of ours. */
export function readAccepted(message: string): Omit<KeyLogin, 'at'> | null {
  const [, name, from, keyType, fingerprint] = ACCEPTED.exec(message) ?? [];
  if (name === undefined || from === undefined || keyType === undefined || fingerprint === undefined)
    return null;
  return { name, from, keyType, fingerprint };
}

/**
 * Asks sshd's log. The journal is asked where it is kept, and only for what root's sshd said: the fields with an
 * underscore come from the kernel (systemd.journal-fields(7)).
 * @throws AgentError refused where neither can be read.
 */
export async function readLoginLog(question: LoginQuestion, root = '/'): Promise<LoginLog> {
  const fromJournal = await readJournal(question, root);
  if (fromJournal !== null) return { logins: fromJournal, source: 'journal' };
  const file = path.join(root, 'var/log/auth.log');
  try {
    return { logins: await readAuthLog(file, question), source: 'auth-log' };
  } catch (cause) {
    throw new AgentError('refused', `neither the journal nor ${file} can be read`, {
      cause,
      hint: 'only root may read them; in a pod sshd logs to wherever its container does',
    });
  }
}

function matches(login: KeyLogin, { name, fingerprint, since }: LoginQuestion): boolean {
  return (
    login.at >= since &&
    (name === undefined || login.name === name) &&
    (fingerprint === undefined || login.fingerprint === fingerprint)
  );
}

/** null where there is no journal, or nothing of sshd's is in it. */
async function readJournal(question: LoginQuestion, root: string): Promise<KeyLogin[] | null> {
  const args = [
    ...(root === '/' ? [] : [`--root=${root}`]),
    '--quiet',
    '--no-pager',
    '--reverse',
    '--output=json',
    '--output-fields=MESSAGE',
    `--since=@${question.since}`,
    '_UID=0',
    // The session's own process since OpenSSH 9.8.
    '_COMM=sshd',
    '_COMM=sshd-session',
  ];
  const output = await new Promise<string | null>((resolve) => {
    const limits = { timeout: JOURNAL_TIMEOUT_MS, maxBuffer: MAX_LOG_BYTES };
    execFile('journalctl', args, limits, (error, stdout) => {
      // More than fits is cut: the newest came first.
      const isCut = error?.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER';
      resolve(error === null || isCut ? stdout : null);
    });
  });
  if (output === null || output === '') return null;
  const logins: KeyLogin[] = [];
  for (const line of output.split('\n')) {
    const login = readJournalLine(line);
    if (login !== null && matches(login, question)) logins.push(login);
    if (logins.length === question.limit) break;
  }
  return logins;
}

/** One line of `journalctl -o json`; a message that is not plain text comes as an array of bytes, and is none of ours. */
export function readJournalLine(line: string): KeyLogin | null {
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof entry !== 'object' || entry === null) return null;
  const { MESSAGE: message, __REALTIME_TIMESTAMP: time } = entry as Record<string, unknown>;
  if (typeof message !== 'string' || typeof time !== 'string') return null;
  const accepted = readAccepted(message);
  const at = Math.floor(Number(time) / 1e6);
  return accepted === null || !Number.isSafeInteger(at) ? null : { at, ...accepted };
}

/** The end of an auth log, the newest first. */
async function readAuthLog(file: string, question: LoginQuestion): Promise<KeyLogin[]> {
  const { size } = await stat(file);
  const logins: KeyLogin[] = [];
  const input = createReadStream(file, { start: Math.max(0, size - MAX_LOG_BYTES), encoding: 'latin1' });
  const now = Date.now();
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    const login = readAuthLine(line, now);
    if (login === null || !matches(login, question)) continue;
    logins.push(login);
    if (logins.length > 2 * question.limit) logins.splice(0, question.limit);
  }
  return logins.slice(-question.limit).reverse();
}

/**
 * One line of an auth log: `Nov 24 12:00:00 host sshd[7]: ...` (RFC 3164, local time, no year) or with an RFC 3339 time.
 * @param now epoch milliseconds; a time without a year is the latest that is not after it (but for a day).
 */
export function readAuthLine(line: string, now: number): KeyLogin | null {
  const [, time = '', message = ''] =
    /^(\S{19,35}|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) \S+ sshd(?:-session)?\[\d+\]: (.*)$/.exec(line) ?? [];
  const accepted = readAccepted(message);
  if (accepted === null) return null;
  const at = readTime(time, now);
  return at === null ? null : { at, ...accepted };
}

const DAY_MS = 86_400_000;

function readTime(text: string, now: number): number | null {
  if (/^\d{4}-\d\d-\d\dT/.test(text)) {
    const at = Date.parse(text);
    return Number.isNaN(at) ? null : Math.floor(at / 1000);
  }
  const year = new Date(now).getFullYear();
  for (const candidate of [year, year - 1]) {
    const at = Date.parse(`${text.slice(0, 6)} ${candidate} ${text.slice(7)}`);
    if (Number.isNaN(at)) return null;
    if (at <= now + DAY_MS) return Math.floor(at / 1000);
  }
  return null;
}
