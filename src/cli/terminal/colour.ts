// Whether words for people may be coloured: on a terminal only, and never against NO_COLOR (no-color.org).

export function mayColour(): boolean {
  return process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
}
