// Log lines for journald: JSON on stderr, one an event, its priority in front where journald reads it.
import { pino, type Logger } from 'pino';

export type { Logger };

/** Names of fields that never reach a log, wherever they stand. */
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
export function createLogger(component: string, level = process.env['LOG_LEVEL'] ?? 'info'): Logger {
  const journald = process.env['JOURNAL_STREAM'] !== undefined;
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
        process.stderr.write(priority + line);
      },
    },
  );
}
