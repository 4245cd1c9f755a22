// Which lines of the journal root's sshd wrote. The fields with an underscore come from journald itself, which has them from
// the kernel (systemd.journal-fields(7)); all others are what the sender says.

/** sshd itself, and what it consists of since OpenSSH 9.8 and 10.0. */
export const SSHD_PROGRAMS: readonly string[] = ['sshd', 'sshd-session', 'sshd-auth'];

/** Matches for journalctl(1): lines that may be sshd's, which `readSshdLine` then judges. */
export const SSHD_MATCHES: readonly string[] = [
  '_UID=0',
  ...SSHD_PROGRAMS.map((program) => `_COMM=${program}`),
  '+',
  '_UID=0',
  ...SSHD_PROGRAMS.map((program) => `SYSLOG_IDENTIFIER=${program}`),
];

/** An argument of journalctl(1) with `--output=json`. */
export const SSHD_FIELDS = '--output-fields=MESSAGE,_PID,_UID,_COMM,SYSLOG_IDENTIFIER,SYSLOG_PID';

/** A line of sshd's log, with the process that wrote it. */
export interface SshdLine {
  /** Epoch seconds; null: the line has no readable time. */
  readonly at: number | null;
  readonly pid: string;
  readonly text: string;
}

/**
 * journald looks at the program of a line when it reads the line. If it is late, the process has ended, and only what the
 * kernel sent along is known (_UID, _PID): then the name that the process gave itself counts, if it also says its own
 * number, as sshd does in each line (LOG_PID, syslog(3)). What a user writes with logger(1) has the user's _UID.
 * @param line of `journalctl -o json`.
 */
export function readSshdLine(line: string): SshdLine[] {
  const entry = parseEntry(line);
  const { MESSAGE: text, _PID: pid, _UID: uid, _COMM: program, __REALTIME_TIMESTAMP: time } = entry;
  // A message that is not plain text is an array of bytes.
  if (uid !== '0' || typeof text !== 'string' || typeof pid !== 'string') return [];
  const isNamed = program !== undefined;
  if (!SSHD_PROGRAMS.includes(String(isNamed ? program : entry['SYSLOG_IDENTIFIER']))) return [];
  if (!isNamed && entry['SYSLOG_PID'] !== pid) return [];
  const at = typeof time === 'string' ? Math.floor(Number(time) / 1e6) : Number.NaN;
  return [{ at: Number.isSafeInteger(at) ? at : null, pid, text }];
}

function parseEntry(line: string): Record<string, unknown> {
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === 'object' && entry !== null ? (entry as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
