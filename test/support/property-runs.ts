// How often a property is tried: often at night, and seldom before each of thousands of mutants.

/** @param usual of `npm test`. @param nightly of `npm run nightly`. */
export function propertyRuns(usual: number, nightly: number): number {
  if (process.env['MUTANTS'] !== undefined) return Math.min(usual, 60);
  return process.env['NIGHTLY'] === undefined ? usual : nightly;
}
