// Parses what sshd logs about a login with a key: its message, and the lines of the journal and of the auth log.
import { parseAuthLine } from './login-records.ts';
import { readSshdLine } from './sshd-journal.ts';

/** One session that a key opened. */
export interface KeyLogin {
  /** Epoch seconds. */
  readonly at: number;
  /** The account's name, as sshd(8) knows it. */
  readonly name: string;
  /** Address of the client. */
  readonly from: string;
  /** As sshd prints it: ED25519, RSA, ECDSA-SK ... */
  readonly keyType: string;
  /** `SHA256:...` */
  readonly fingerprint: string;
}

/**
 * The message from its first to its last character (auth.c, auth_log(), OpenSSH 8.4 to 10.0). Its start identifies
 * it as sshd's: a name that a stranger typed follows `Invalid user` or `Failed`, and can imitate all but that.
 */
const ACCEPTED =
  /^Accepted publickey for ([A-Za-z_][A-Za-z0-9_.-]{0,31}) from ([0-9a-fA-F.:]+(?:%[\w.-]{1,16})?|UNKNOWN) port \d{1,5} ssh2: ([A-Z0-9-]{2,20}) (SHA256:[A-Za-z0-9+/]{43})$/;

/** The login that a message of sshd reports; null: it reports anything else, such as a login with a certificate. */
export function readAccepted(message: string): Omit<KeyLogin, 'at'> | null {
  const [, name, from, keyType, fingerprint] = ACCEPTED.exec(message) ?? [];
  if (name === undefined || from === undefined || keyType === undefined || fingerprint === undefined)
    return null;
  return { name, from, keyType, fingerprint };
}

/** One line of `journalctl -o json`. */
export function readJournalLine(line: string): KeyLogin | null {
  const [parsed] = readSshdLine(line);
  const accepted = parsed === undefined ? null : readAccepted(parsed.text);
  return accepted === null || parsed === undefined || parsed.at === null
    ? null
    : { at: parsed.at, ...accepted };
}

/** One line of an auth log; `now` in epoch seconds, for lines without a year. */
export function readAuthLine(line: string, now: number): KeyLogin | null {
  const [parsed] = parseAuthLine(line, now);
  const accepted = parsed === undefined ? null : readAccepted(parsed.text);
  return accepted === null || parsed?.at === null || parsed === undefined
    ? null
    : { at: parsed.at, ...accepted };
}
