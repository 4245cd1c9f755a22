// The tests that mutants must face: those of the pure parts and the parsers, without nodes and processes.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'test/{policy,plan}/**/*.test.ts',
      'test/scim/{attribute-path,read-resource}.test.ts',
      'test/host/passwd-format.test.ts',
      'test/testbed/protocol/{filter,patch}.test.ts',
    ],
    exclude: ['test/policy/real-keys.test.ts', 'test/policy/key-text-speed.test.ts'],
    testTimeout: 60_000,
    env: { MUTANTS: '1' },
  },
});
