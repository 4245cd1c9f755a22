// The part of vitest's interface that the tests of the pure parts use, run in this very process: a mutant costs
// milliseconds this way, where a vitest of its own costs it a second. The assertions are vitest's own.
import { format, inspect } from 'node:util';
import { expect, vi } from 'vitest';

type Work = () => unknown;

/** One evaluation of a test file. */
export interface FoundFile {
  /** By the names of their groups and their own, joined. */
  readonly tests: ReadonlyMap<string, Work>;
  readonly before: readonly Work[];
  readonly after: readonly Work[];
}

/**
 * @param evaluate runs the file, with what it shall get for `import 'vitest'`.
 * @throws what the file throws while it is evaluated, or where it uses something of vitest that is not here.
 */
export function findTests(evaluate: (vitest: object) => void): FoundFile {
  const tests = new Map<string, Work>();
  const before: Work[] = [];
  const after: Work[] = [];
  const groups: string[] = [];

  const add = (title: string, work: Work): void => {
    const name = [...groups, title].join(' > ');
    let unique = name;
    for (let count = 2; tests.has(unique); count += 1) unique = `${name} (${count})`;
    tests.set(unique, work);
  };
  const each =
    (rows: readonly unknown[]) =>
    (title: string, work: (...row: unknown[]) => unknown): void => {
      for (const row of rows) {
        const values = Array.isArray(row) ? (row as unknown[]) : [row];
        add(format(title, ...values.map(shorten)), () => work(...values));
      }
    };
  const atTopLevel = (list: Work[]) => (work: Work) => {
    if (groups.length > 0)
      throw new Error('a hook inside a group is not known to the harness of the mutants');
    list.push(work);
  };
  const test = Object.assign(add, { each });
  evaluate({
    describe: (title: string, work: () => void): void => {
      groups.push(title);
      work();
      groups.pop();
    },
    it: test,
    test,
    expect,
    vi: { spyOn: vi.spyOn, setConfig: () => undefined },
    beforeAll: atTopLevel(before),
    afterAll: atTopLevel(after),
  });
  return { tests, before, after };
}

/** The names of tests are for a report: a value is a line there. */
function shorten(value: unknown): unknown {
  return typeof value === 'object' && value !== null
    ? inspect(value, { breakLength: Infinity }).slice(0, 80)
    : value;
}
