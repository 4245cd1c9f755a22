// Scalar types of the configuration: durations, rates, names, paths.
import * as z from 'zod';

const UNIT_SECONDS = { s: 1, m: 60, h: 3600, d: 86400 } as const;

/** `90s`, `5m`, `2h`, `7d` to seconds. */
export function parseDuration(text: string): number | null {
  const [, amount, unit] = /^([0-9]{1,6})([smhd])$/.exec(text) ?? [];
  if (amount === undefined) return null;
  return Number(amount) * UNIT_SECONDS[unit as keyof typeof UNIT_SECONDS];
}

/** Above zero; in seconds. */
export const duration = z.string().transform((text, context) => {
  const seconds = parseDuration(text);
  if (seconds !== null && seconds > 0) return seconds;
  context.addIssue({ code: 'custom', message: 'a duration such as 30s, 5m, 2h or 7d' });
  return z.NEVER;
});

/** In requests a second. */
export const rate = z.string().transform((text, context) => {
  const [, amount, unit] = /^([0-9]{1,6})\/([smh])$/.exec(text) ?? [];
  if (amount !== undefined && Number(amount) > 0) {
    return Number(amount) / UNIT_SECONDS[unit as keyof typeof UNIT_SECONDS];
  }
  context.addIssue({ code: 'custom', message: 'a rate such as 5/s or 60/m' });
  return z.NEVER;
});

/** A share of a whole: above 0, at most 1. */
export const share = z.number().gt(0).max(1);
export const count = z.int().min(0);
/** Neither an id of a system account nor one that uid_t reserves. */
export const posixId = z.int().min(1000).max(2147483646);
export const posixName = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,30}$/, 'a POSIX name: a letter, then letters, digits, - or _');
export const absolutePath = z
  .string()
  .regex(/^\/(?!.*\/\.{1,2}(\/|$))[^\0\n:]*$/, 'an absolute path without . or ..');
