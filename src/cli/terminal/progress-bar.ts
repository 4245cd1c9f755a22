// Progress of a sync: on a terminal one line that is redrawn and removed at the end, elsewhere one line for each step.
import { SYNC_STEPS, type SyncStep, type Progress } from '../../agent/progress.ts';
import { mayColour } from './colour.ts';
import { sayCount } from '../../common/text/count-noun.ts';

export interface ProgressBar {
  readonly note: Progress;
  /** Removes the bar, whether the sync ended or failed. */
  end(): void;
}

/** What the bar needs of a stream. */
export interface Screen {
  readonly isTTY: boolean;
  /** Width of the terminal now; undefined where it is not known. */
  readonly columns: number | undefined;
  write(text: string): unknown;
}

/** Drawing once for each record would cost more than the work. */
const REDRAW_MS = 100;
const LONGEST_BAR = 40;
/** A shorter bar shows too little. */
const SHORTEST_BAR = 8;
/** Width where the terminal does not report one: the smallest common one. */
const USUAL_COLUMNS = 80;

/** Back to the first column, and nothing right of it (ECMA-48, CR and EL). */
const WIPE = '\r\u001b[K';

/** What each step is called, and what it counts. */
const STEPS: Readonly<Record<SyncStep, readonly [label: string, one: string, many: string]>> = {
  fetch: ['fetch', 'record', 'records'],
  ingest: ['ingest', 'record new or changed', 'records new or changed'],
  plan: ['plan', 'change', 'changes'],
  apply: ['apply', 'change', 'changes'],
};

const padLabel = (step: SyncStep): string => STEPS[step][0].padEnd(7);

/** A terminal that can move its cursor gets the bar; one that cannot is `dumb` in terminfo. */
export function showProgress(screen: Screen, isColoured = mayColour()): ProgressBar {
  return screen.isTTY && process.env['TERM'] !== 'dumb' ? drawBar(screen, isColoured) : printLines(screen);
}

function drawBar(screen: Screen, isColoured: boolean): ProgressBar {
  let shown: SyncStep | null = null;
  let drawnAt = 0;
  return {
    note(step, done, total) {
      const now = performance.now();
      if (step === shown && done !== total && now - drawnAt < REDRAW_MS) return;
      shown = step;
      drawnAt = now;
      screen.write(WIPE + renderBar(step, done, total, screen.columns ?? USUAL_COLUMNS, isColoured));
    },
    end() {
      if (shown !== null) screen.write(WIPE);
    },
  };
}

/** `[2/4] fetch   [====>     ] 120 of 300 records`, narrower than the terminal, so that it does not wrap. */
export function renderBar(
  step: SyncStep,
  done: number,
  total: number | null,
  columns: number,
  isColoured: boolean,
): string {
  const head = `[${SYNC_STEPS.indexOf(step) + 1}/${SYNC_STEPS.length}] ${padLabel(step)} `;
  const tail = countUnits(step, done, total);
  const room = Math.min(LONGEST_BAR, columns - 1 - head.length - tail.length - 3);
  if (room < SHORTEST_BAR) return `${head}${tail}`.slice(0, Math.max(0, columns - 1));
  const filled = total === null ? 0 : total === 0 ? room : Math.floor(Math.min(1, done / total) * room);
  const bar = filled === room ? '='.repeat(room) : `${'='.repeat(filled)}>`.padEnd(room);
  return `${head}[${isColoured ? `\u001b[32m${bar}\u001b[0m` : bar}] ${tail}`;
}

function countUnits(step: SyncStep, done: number, total: number | null): string {
  const [, one, many] = STEPS[step];
  const isPart = total !== null && done !== total;
  return isPart ? `${done} of ${sayCount(total, one, many)}` : sayCount(done, one, many);
}

function printLines(screen: Screen): ProgressBar {
  let last: { readonly step: SyncStep; readonly done: number; readonly total: number | null } | null = null;
  const print = (): void => {
    if (last !== null)
      screen.write(`${padLabel(last.step)} ${countUnits(last.step, last.done, last.total)}\n`);
  };
  return {
    note(step, done, total) {
      if (last !== null && last.step !== step) print();
      last = { step, done, total };
    },
    end: print,
  };
}
