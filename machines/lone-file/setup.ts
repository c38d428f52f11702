import { assign, emit, enqueueActions, setup } from 'xstate';
import type { Failure } from '../contracts/failure.ts';
import type { Artifact, JobNote, Stage } from '../contracts/job.ts';
import { type NotarizationOutput, notarizationMachine } from '../notarization/machine.ts';
import { type StoreUploadOutput, storeUploadMachine } from '../store-upload/machine.ts';
import { type TestflightOutput, testflightMachine } from '../testflight/machine.ts';
import {
  type FileTask,
  type LoneFileContext,
  type LoneFileEvent,
  type LoneFileInput,
  type LoneFileNote,
  type LoneFileOutput,
  taken,
} from './context.ts';
import { loneFileLimits, TICKET_ATTEMPTS } from './limits.ts';
import { loneFilePorts, type TakenFile } from './ports.ts';

const noted = (note: JobNote): LoneFileNote => ({ type: 'noted', note });

/** What the states of the lone file are made of. */
export const loneFileSetup = setup({
  types: {
    input: {} as LoneFileInput,
    context: {} as LoneFileContext,
    events: {} as LoneFileEvent,
    emitted: {} as LoneFileNote,
    output: {} as LoneFileOutput,
    children: {} as {
      notarization: 'notarization';
      storeUpload: 'storeUpload';
      testflight: 'testflight';
    },
  },
  actors: {
    ...loneFilePorts,
    notarization: notarizationMachine,
    storeUpload: storeUploadMachine,
    testflight: testflightMachine,
  },
  actions: {
    beginStage: emit((_, params: { stage: Stage; message: string }) =>
      noted({ kind: 'stage', stage: params.stage, message: params.message }),
    ),
    passProgress: emit(({ context }, params: { percent: number }) =>
      noted({ kind: 'progress', stage: STAGES[context.task], percent: params.percent }),
    ),
    passLog: emit(({ context }, params: { line: string }) =>
      noted({ kind: 'log', stage: STAGES[context.task], line: params.line }),
    ),
    tellRemarks: enqueueActions(({ context, enqueue }, params: { remarks: readonly string[] }) => {
      for (const line of params.remarks)
        enqueue.emit(noted({ kind: 'log', stage: STAGES[context.task], line }));
    }),
    tellPublished: emit(({ context }, params: { processed: boolean }) =>
      noted({
        kind: 'published',
        platform: taken(context).platform,
        message: `The build is in App Store Connect${params.processed ? '' : '; Apple is still processing it'}`,
      }),
    ),
    keepFile: assign({ file: (_, params: { output: TakenFile }) => params.output }),
    keepStapled: assign({
      file: ({ context }, params: { artifact: Artifact }) => ({
        ...taken(context),
        artifact: params.artifact,
      }),
    }),
    keepNotarized: assign({
      submissionId: (_, params: { output: NotarizationOutput }) => params.output.submissionId,
      file: ({ context }, params) => ({ ...taken(context), artifact: params.output.artifact }),
    }),
    keepSubmission: assign({
      submissionId: ({ context }, params: { output: NotarizationOutput }) =>
        params.output.submissionId ?? context.submissionId,
    }),
    keepReceived: assign({ submissionId: (_, params: { submissionId: string }) => params.submissionId }),
    keepUpload: assign({ uploadId: (_, params: { output: StoreUploadOutput }) => params.output.uploadId }),
    keepBuild: assign({ buildId: (_, params: { output: TestflightOutput }) => params.output.buildId }),
    keepPlaced: assign({ isPlaced: true }),
    keepFailure: assign({
      failure: ({ context }, params: { failure: Failure }) => context.failure ?? params.failure,
    }),
    resetAttempts: assign({ attempts: 0 }),
    countAttempt: assign({ attempts: ({ context }) => context.attempts + 1 }),
  },
  guards: {
    isNotarized: ({ context }) => context.task === 'notarize',
    isDone: ({ context }) => isDone(context),
    isDoneInPlace: ({ context }) => isDone(context) && taken(context).isInPlace,
    isStapled: ({ context }) => context.task === 'staple',
    isKnownToApple: ({ context }) => context.task === 'notarize' && context.submissionId !== null,
    isAccepted: (_, params: { output: NotarizationOutput }) => params.output.outcome === 'succeeded',
    carriesTicket: (_, { output }: { output: NotarizationOutput }) =>
      output.outcome === 'succeeded' && output.stapled.length > 0,
    isPublished: (_, params: { output: StoreUploadOutput }) => params.output.outcome === 'published',
    isReady: (_, params: { output: TestflightOutput }) => params.output.outcome === 'ready',
    isFollowed: ({ context }) => taken(context).afterUpload !== null,
    isOfApp: ({ context }) => taken(context).staples[0] === 'app',
    mayLookAgain: ({ context }, params: { failure: Failure }) =>
      params.failure.retryable && context.attempts < TICKET_ATTEMPTS,
    hasLooksLeft: ({ context }) => context.attempts < TICKET_ATTEMPTS,
  },
  delays: { ...loneFileLimits },
});

const isDone = (context: LoneFileContext): boolean =>
  context.task === 'notarize' && taken(context).isStapled && !context.submitsAgain;

const STAGES: Readonly<Record<FileTask, Stage>> = {
  notarize: 'notarizing',
  staple: 'notarizing',
  publish: 'publishing',
};
