import path from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          // Of two processors Vitest would leave one idle.
          maxWorkers: '100%',
          include: ['test/unit/**/*.test.ts'],
          setupFiles: ['test/support/unit-only.ts'],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'scenarios',
          maxWorkers: '100%',
          include: ['test/scenarios/**/*.test.ts'],
          exclude: ['test/scenarios/browser/**'],
          // Hundreds of commands start from the sources: each would compile them anew.
          env: { NODE_COMPILE_CACHE: path.resolve(import.meta.dirname, '.cache/compiled') },
          // A hang ends here; a busy machine must not.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/scenarios/browser/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: '100%',
        },
      },
      {
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 300_000,
          // In one lane: beside another one, logins that have a few seconds on a node took longer on two cores.
          fileParallelism: false,
        },
      },
    ],
  },
});
