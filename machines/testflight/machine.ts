import { awaitingBuild } from './awaiting-build.ts';
import type { TestflightOutput } from './context.ts';
import { joiningGroups, processed, requestingReview, writingNotes } from './giving-out.ts';
import { testflightSetup } from './setup.ts';

export type { TestflightInput, TestflightOutput } from './context.ts';

/**
 * What follows the upload of a build, where it is asked for: wait until Apple has processed it, answer the question
 * about encryption, tell testers what to test, and give it to their groups.
 *
 * Promises: no tester gets a build before its notes are written; each step may be done once more without harm, also
 * after a restart; a failure says that the build is in the store, unless Apple refuses the build itself.
 */
export const testflightMachine = testflightSetup.createMachine({
  id: 'testflight',
  description: 'What testers need of a build that App Store Connect has.',
  context: ({ input }) => ({
    ...input,
    buildId: null,
    attempts: 0,
    polls: 0,
    retryAfterMs: null,
    remarks: [],
    failure: null,
  }),
  output: ({ context, event }) => ({
    outcome: (event as unknown as { output: TestflightOutput['outcome'] }).output,
    buildId: context.buildId,
    remarks: context.remarks,
    failure: context.failure,
  }),
  initial: 'awaitingBuild',
  states: {
    awaitingBuild,
    processed,
    writingNotes,
    joiningGroups,
    requestingReview,

    ready: { description: 'All that was asked for is done.', type: 'final', output: 'ready' },
    failed: {
      description: 'Not all of it; the failure says what, and that the build is in the store.',
      type: 'final',
      output: 'failed',
    },
  },
});
