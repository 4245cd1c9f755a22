// Times in the form that messages have them.

/** How long ago, in one unit; `never` for null. Both in epoch seconds. */
export function sayAgo(at: number | null, now: number): string {
  return at === null ? 'never' : `${saySpan(now - at)} ago`;
}

/** A span of seconds in one unit; below zero it counts as none. */
export function saySpan(seconds: number): string {
  const span = Math.max(0, Math.round(seconds));
  if (span < 120) return `${span} s`;
  if (span < 7200) return `${Math.floor(span / 60)} min`;
  if (span < 172_800) return `${Math.floor(span / 3600)} h`;
  return `${Math.floor(span / 86_400)} days`;
}

/** `2026-11-25 17:10 UTC`, of epoch seconds. */
export function sayTime(at: number): string {
  return `${sayMinute(at)} UTC`;
}

/** `2026-11-25 17:10`, in UTC, of epoch seconds. */
export function sayMinute(at: number): string {
  return new Date(at * 1000).toISOString().slice(0, 16).replace('T', ' ');
}
