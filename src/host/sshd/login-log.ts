// Which key opened which session, from sshd's own log: the journal, or the auth log where there is no journal.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { AgentError } from '../../common/errors.ts';
import { type KeyLogin, readAuthLine, readJournalLine } from './login-messages.ts';
import { runProgram } from '../probes/run-program.ts';
import { SSHD_FIELDS, SSHD_MATCHES } from './sshd-journal.ts';

export type { KeyLogin } from './login-messages.ts';

export interface LoginLog {
  /** The newest first. */
  readonly logins: readonly KeyLogin[];
  /**
   * Where it was read. In the journal, root's sshd wrote what is attributed to it; in an auth log any local user can
   * write a line that looks the same (logger(1)), so it proves less.
   */
  readonly source: 'journal' | 'auth-log';
}

export interface LoginQuestion {
  readonly name?: string;
  readonly fingerprint?: string;
  /** Epoch seconds. */
  readonly since: number;
  /** Maximum number of logins. */
  readonly limit: number;
}

/** Of an auth log only the end is read. */
const MAX_LOG_BYTES = 64 * 1024 * 1024;
const JOURNAL_TIMEOUT_MS = 20_000;

/**
 * Reads sshd's log. Asks the journal where one is kept, and only for messages of root's sshd. Where the journal has no such login, it may be younger
 * than the auth log, which is then read.
 * @throws AgentError refused: neither has messages of sshd.
 */
export async function readLoginLog(question: LoginQuestion, root = '/'): Promise<LoginLog> {
  const fromJournal = await readJournal(question, root);
  if (fromJournal !== null && fromJournal.length > 0) return { logins: fromJournal, source: 'journal' };
  const file = path.join(root, 'var/log/auth.log');
  try {
    return { logins: await readAuthLog(file, question), source: 'auth-log' };
  } catch (cause) {
    if (fromJournal !== null && (await isSshdInJournal(root))) return { logins: [], source: 'journal' };
    throw new AgentError('refused', `the journal has no messages of sshd, and ${file} cannot be read`, {
      cause,
      hint: 'only root may read them; in a pod sshd logs where its container does',
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

/** null: the journal did not answer, or not in time. */
async function readJournal(question: LoginQuestion, root: string): Promise<KeyLogin[] | null> {
  const output = await askJournal(root, [
    `--since=@${question.since}`,
    // journald filters, so that a long log gives a short answer; each result is still parsed strictly.
    `--grep=^Accepted publickey for ${literal(question.name)} from .* ${literal(question.fingerprint)}$`,
    `--lines=${question.limit}`,
  ]);
  if (output === null) return null;
  const logins: KeyLogin[] = [];
  for (const line of output.split('\n')) {
    const login = readJournalLine(line);
    if (login !== null && matches(login, question)) logins.push(login);
  }
  return logins;
}

/** Whether sshd logs to a readable journal: it logs at least the address that it listens on. */
async function isSshdInJournal(root: string): Promise<boolean> {
  return Boolean(await askJournal(root, ['--lines=1']));
}

/** Messages of root's sshd, the newest first, as JSON lines; null: journalctl(1) failed. */
async function askJournal(root: string, args: readonly string[]): Promise<string | null> {
  const { status, stdout, stderr } = await runProgram(
    'journalctl',
    [
      ...(root === '/' ? [] : [`--root=${root}`]),
      '--quiet',
      '--no-pager',
      '--reverse',
      '--output=json',
      SSHD_FIELDS,
      ...args,
      ...SSHD_MATCHES,
    ],
    { timeout: JOURNAL_TIMEOUT_MS },
  );
  // No match is status 1 as well, but no error.
  return status === 0 || (status === 1 && stderr === '') ? stdout : null;
}

/** Text escaped for a regular expression; matches anything where no text is given. */
function literal(text: string | undefined): string {
  return text?.replace(/[^A-Za-z0-9_:/]/g, '\\$&') ?? '.*';
}

/** The end of an auth log, the newest first. */
async function readAuthLog(file: string, question: LoginQuestion): Promise<KeyLogin[]> {
  const { size } = await stat(file);
  const logins: KeyLogin[] = [];
  const input = createReadStream(file, { start: Math.max(0, size - MAX_LOG_BYTES), encoding: 'latin1' });
  const now = Math.floor(Date.now() / 1000);
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    const login = readAuthLine(line, now);
    if (login === null || !matches(login, question)) continue;
    logins.push(login);
    if (logins.length > 2 * question.limit) logins.splice(0, question.limit);
  }
  return logins.slice(-question.limit).reverse();
}
