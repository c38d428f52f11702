import { defineConfig } from 'vitest/config';
import { LongestFirst } from './setup/longest-first.ts';

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: './test/setup/build-when-stale.ts',
    setupFiles: './test/setup/no-clock-for-walks.ts',
    reporters: ['default', './test/setup/closing-line.ts'],
    // only what hangs shall end by the clock
    testTimeout: 600_000,
    hookTimeout: 600_000,
    sequence: { sequencer: LongestFirst },
    maxWorkers: 2,
    pool: 'forks',
  },
});
