// Repeats by a cron expression: each tick at this host's own delay after it, whatever the clock does.
import { createHash } from 'node:crypto';
import cron from 'node-cron';

/** A fleet is spread over the whole interval, since no node learns anything later by that, but over no more than this. */
const MAX_JITTER_MS = 600_000;

/** The calendar is asked again so often at least: a clock may be set while one sleeps, forward or back. */
const LOOK_EVERY_MS = 30_000;

export interface Repeated {
  /** When it comes next, epoch milliseconds. */
  next(): number;
  /** Has it come once more, as if a tick were now; one that waits already is soon enough. */
  join(): void;
  stop(): void;
}

/**
 * Calls `work` until it is stopped: once for each tick, at this host's place behind it. A tick to which a busy process
 * comes late is as good as any; of several that a clock has jumped over, the last one counts; and a clock that was set
 * back delays nothing. (The library's own timer drops what is a second late, and waits for a clock to catch up.)
 * @param expression what `cron.validate` accepts.
 * @param host decides the place, the same on every start.
 * @param isEnough whether one that `join` has put off stands for the tick that comes meanwhile.
 */
export function repeat(expression: string, host: string, isEnough: boolean, work: () => void): Repeated {
  const calendar = cron.createTask(expression, () => {});
  const jitter = (): number => jitterOf(host, calendar.getNextRuns(2));
  const findTick = (): number => calendar.getNextRuns(1)[0]?.getTime() ?? Infinity;
  let tick = findTick();
  /** Places of ticks that have come, epoch milliseconds. */
  let places: number[] = [];
  let timer = setTimeout(look, 0);

  function look(): void {
    const now = Date.now();
    if (tick <= now && !(isEnough && places.length > 0)) places.push(tick + jitter());
    tick = findTick();
    // None is further ahead, but for a clock that was set back.
    if (places.some((node) => node > now + MAX_JITTER_MS)) places = [now + jitter()];
    const isDue = places.some((node) => node <= now);
    places = places.filter((node) => node > now);
    wait();
    if (isDue) work();
  }

  function wait(): void {
    clearTimeout(timer);
    timer = setTimeout(look, Math.min(LOOK_EVERY_MS, Math.max(0, Math.min(tick, ...places) - Date.now())));
  }

  return {
    next: () => Math.min(tick + jitter(), ...places),
    join() {
      if (places.length > 0) return;
      places.push(Date.now() + jitter());
      wait();
    },
    stop() {
      clearTimeout(timer);
      void calendar.destroy();
    },
  };
}

/** How much later than its tick this host's place is, in milliseconds. */
export function jitterOf(host: string, [first, second]: readonly Date[]): number {
  const interval = first === undefined || second === undefined ? 0 : second.getTime() - first.getTime();
  const share = createHash('sha256').update(host).digest().readUInt32BE(0) / 2 ** 32;
  return Math.floor(share * Math.min(interval, MAX_JITTER_MS));
}
