// Says on stderr how far a benchmark is: one line that is written over on a terminal, now and then a line elsewhere.

/** Without a terminal that shows a line written over, a line comes no more often than this. */
const PAUSE_MS = 10_000;

const begin = performance.now();
let said = -PAUSE_MS;

/** @param text what is being done, such as `fleet: 3 of 20 deactivations`. */
export function showProgress(text: string): void {
  const now = performance.now();
  const line = `[${Math.round((now - begin) / 1000)} s] ${text}`;
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${line.slice(0, process.stderr.columns - 1)}`);
  else if (now - said >= PAUSE_MS) {
    said = now;
    process.stderr.write(`${line}\n`);
  }
}

/** Before something else is printed. */
export function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001B[K');
}
