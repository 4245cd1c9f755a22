import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/longest-first.ts';

/** On two processors: about half of what a system test does is to wait. */
const maxWorkers = 3;

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          maxWorkers,
          include: ['test/unit/**/*.test.ts'],
          setupFiles: ['test/support/unit-only.ts'],
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'scenarios',
          maxWorkers,
          include: ['test/scenarios/**/*.test.ts'],
          exclude: ['test/scenarios/browser/**'],
          // Hundreds of commands start from the sources: each would compile them anew.
          env: { NODE_COMPILE_CACHE: path.resolve(import.meta.dirname, '.cache/compiled') },
          // A hang ends here; a busy machine must not.
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/scenarios/browser/**/*.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          maxWorkers,
        },
      },
      {
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          maxWorkers,
        },
      },
    ],
  },
});
