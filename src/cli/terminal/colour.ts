// Whether text output may be coloured: only on a terminal, and not where NO_COLOR is set (no-color.org).

export function mayColour(): boolean {
  return process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
}
