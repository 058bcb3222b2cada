import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { ClosingLine } from './support/closing-line.ts';

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    setupFiles: ['test/support/fail-on-warning.ts'],
    reporters: [['default', { summary: false }], new ClosingLine()],
    sequence: { shuffle: false },
    // Most tests wait for processes that they started, and half of those for time to pass.
    maxWorkers: availableParallelism() * 2,
  },
});
