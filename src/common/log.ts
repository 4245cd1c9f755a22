// Log lines for journald: JSON on stderr, one an event, its priority in front where journald reads it.
import { fstatSync } from 'node:fs';
import { pino, type Logger } from 'pino';

export type { Logger };

/** Names of fields whose values never reach a log, at the top level or one below. */
const SECRETS = ['token', 'authorization', 'privateKey', '*.token', '*.authorization', '*.privateKey'];

/** sd-daemon(3) priorities for pino's levels. */
const PRIORITY: Readonly<Record<string, string>> = {
  10: '<7>',
  20: '<7>',
  30: '<6>',
  40: '<4>',
  50: '<3>',
  60: '<2>',
};

/**
 * A logger to stderr.
 * @param component `agent` or `reader`, a field of each line.
 * @param level lowest level that is written; the environment's LOG_LEVEL by default.
 */
export function createLogger(component: string, level = process.env['LOG_LEVEL'] ?? defaultLevel()): Logger {
  const journald = isJournal(process.env['JOURNAL_STREAM'], 2);
  return pino(
    {
      level,
      base: { component },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: SECRETS, censor: '(redacted)' },
    },
    {
      write(line: string): void {
        const priority = journald ? (PRIORITY[/"level":(\d+)/.exec(line)?.[1] ?? ''] ?? '') : '';
        process.stderr.write(process.stderr.isTTY ? formatLine(line) : priority + escapeLine(line));
      },
    },
  );
}

/** On a terminal a command prints what it did itself; the log adds only warnings and errors. */
function defaultLevel(): string {
  return process.stderr.isTTY ? 'warn' : 'info';
}

/** A line for a terminal. */
function formatLine(line: string): string {
  const { component, msg, problem } = JSON.parse(line) as Readonly<Record<string, unknown>>;
  const text = [msg, problem].filter((part) => typeof part === 'string').join(': ');
  const who = component === 'agent' ? 'sunk-agent' : `sunk-agent ${String(component)}`;
  return escapeLine(`${who}: ${text.replaceAll('\n', '\\n')}\n`);
}

/**
 * Escapes what a terminal would obey or a person would not see, in JSON's way, so that a program still parses the same
 * line: JSON.stringify leaves DEL, C1 and format characters (bidirectional marks, zero width, tags) as they are.
 */
export function escapeLine(line: string): string {
  return line.replace(/(?!\n$)[\p{C}\u2028\u2029]/gu, (character) =>
    Array.from(
      { length: character.length },
      (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}

/** Whether a descriptor leads to the journal: JOURNAL_STREAM is its device:inode, and also reaches processes with another stderr (systemd.exec(5)). */
export function isJournal(stream: string | undefined, descriptor: number): boolean {
  if (stream === undefined) return false;
  const { dev, ino } = fstatSync(descriptor);
  return stream === `${dev}:${ino}`;
}
