import type { StoreUploadOutput } from './context.ts';
import { awaitingProcessing, comparing, objecting } from './processing.ts';
import { checkingGroups, findingApp, recording, reserving, reservingFile } from './reserving.ts';
import { committing, reconciling, sendingParts } from './sending.ts';
import { storeUploadSetup } from './setup.ts';

export type { StoreUploadInput, StoreUploadOutput } from './context.ts';
export type { OwnBuild, PartsReport, UploadVerdict } from './ports.ts';

/**
 * One build on its way into App Store Connect: find the app, reserve, send the parts, commit, and wait until Apple
 * has looked at it.
 *
 * Promises: what is reserved is journalled before anything is sent, so that a restart asks what became of it and
 * does not send it twice; a commit without an answer is never repeated blindly: Apple is asked first; only a build
 * that Apple has taken, by its own word, ends in `published`.
 */
export const storeUploadMachine = storeUploadSetup.createMachine({
  id: 'storeUpload',
  description: 'One build into App Store Connect, and what Apple says of it.',
  context: ({ input }) => ({
    ...input,
    isRecalled: input.uploadId !== null,
    appId: null,
    fileId: null,
    fileReservations: 0,
    commits: 0,
    remainingParts: [],
    attempts: 0,
    polls: 0,
    staleAnswers: 0,
    retryAfterMs: null,
    commitRefusal: null,
    processed: true,
    remarks: [],
    failure: null,
  }),
  output: ({ context, event }) => ({
    outcome: (event as unknown as { output: StoreUploadOutput['outcome'] }).output,
    processed: context.processed,
    uploadId: context.uploadId,
    remarks: context.remarks,
    failure: context.failure,
  }),
  initial: 'beginning',
  states: {
    beginning: {
      description: 'Is there an upload of this build that was begun before a restart?',
      always: [{ guard: 'isResumed', target: 'reconciling' }, { target: 'findingApp' }],
    },
    findingApp,
    checkingGroups,
    reserving,
    recording,
    reservingFile,
    sendingParts,
    committing,
    reconciling,
    awaitingProcessing,
    objecting,
    comparing,

    published: { description: 'Apple has taken the build.', type: 'final', output: 'published' },
    failed: {
      description: 'The build is not in the store; the failure says why.',
      type: 'final',
      output: 'failed',
    },
  },
});
