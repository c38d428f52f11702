import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { LongestFirst } from './setup/longest-first.ts';

const root = new URL('..', import.meta.url).pathname;

/** These start nothing and wait for nothing, but take long. */
const WALKS = ['test/machines/transitions.test.ts', 'test/model/*.test.ts'];
/** These change nothing that outlives them: they share processes, so that not each has to load everything anew. */
const PURE = ['architecture', 'domain', 'formats', 'journal', 'machines'].map(
  (name) => `test/${name}/*.test.ts`,
);

/** These put back what they change in their process, and share processes as well. */
const TIDY = [
  ...['adapters', 'apple-simulator', 'audit', 'cli', 'doctor', 'files', 'history', 'preflight'],
  ...['service', 'verify', 'web'],
].map((name) => `test/${name}/*.test.ts`);
/** Among them, what makes machines: each file has a process of its own. */
const MACHINE_DRIVERS = ['orchard', 'tart', 'vm'].map((name) => `test/adapters/${name}-*.test.ts`);

/** Real machines, each of which takes a processor: `npm run test:vm`. */
const MACHINES = ['test/vm/*.test.ts'];

/** Most of the time a test waits for a process or for the other side of a connection: more of them than processors. */
const maxWorkers = 4;
// only what hangs shall end by the clock
const patient = { maxWorkers, pool: 'forks', testTimeout: 600_000, hookTimeout: 600_000 } as const;

const project = (test: TestProjectInlineConfiguration['test']) => ({ root, test: { ...patient, ...test } });

export default defineConfig({
  root,
  test: {
    maxWorkers,
    globalSetup: ['./test/setup/build-when-stale.ts', './test/setup/shared-folder.ts'],
    reporters: ['default', './test/setup/closing-line.ts'],
    sequence: { sequencer: LongestFirst },
    projects: [
      project({
        name: 'whole',
        include: ['test/**/*.test.ts'],
        exclude: [...PURE, ...TIDY, ...WALKS, ...MACHINES],
      }),
      project({ name: 'drivers', include: MACHINE_DRIVERS }),
      // on a busy host they take longer, and that is no fault
      project({ name: 'walks', include: WALKS, testTimeout: 0 }),
      project({
        name: 'vm',
        include: MACHINES,
        maxWorkers: 2,
        sequence: { groupOrder: 1 },
        testTimeout: 1_800_000,
        hookTimeout: 1_800_000,
      }),
      project({ name: 'tidy', include: TIDY, exclude: MACHINE_DRIVERS, isolate: false }),
      project({ name: 'pure', include: PURE, exclude: WALKS, isolate: false }),
    ],
  },
});
