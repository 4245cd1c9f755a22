// The order of the test files: those that take minutes begin first, so that none of them is left alone at the end.
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Of the system tests the longest; vitest goes by the size of a file, and these are a line each. */
const LONGEST = /\/test\/system\/situations-/;
const LONG = /\/test\/system\//;

function rank({ moduleId }: TestSpecification): number {
  if (LONGEST.test(moduleId)) return 0;
  return LONG.test(moduleId) ? 1 : 2;
}

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    // A stable sort: within a rank the order stays.
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}
