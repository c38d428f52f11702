import { assign, type ErrorActorEvent, setup } from 'xstate';
import { port } from '../contracts/actors.ts';
import { type Failure, toFailure } from '../contracts/failure.ts';
import type { Artifact } from '../contracts/job.ts';
import { commitUnclear, storeTimedOut } from './failures.ts';
import { STORE_ATTEMPTS, storeUploadLimits } from './limits.ts';

/**
 * One build on its way into App Store Connect: find the app, reserve, send the parts, commit, and wait until Apple
 * has looked at it.
 *
 * Promises: what is reserved is journalled before anything is sent, so that a restart asks what became of it and
 * does not send it twice; a commit without an answer is never repeated blindly: Apple is asked first; only a build
 * that Apple has taken ends in `published`.
 */
export interface StoreUploadInput {
  readonly runId: string;
  /** What is uploaded; lies behind the ports under `runId`. */
  readonly artifact: Artifact;
  /** An upload of the same build that an earlier life began. */
  readonly uploadId: string | null;
}

/** What Apple says of an upload: its four documented states. */
export interface UploadVerdict {
  readonly state: 'awaitingUpload' | 'processing' | 'complete' | 'failed';
  /** Of a failed one; its text is for the user. */
  readonly failure: Failure | null;
  /** Apple's warnings, for the log of the job. */
  readonly remarks: readonly string[];
}

export interface StoreUploadOutput {
  readonly outcome: 'published' | 'failed';
  /** False when Apple was still processing at the deadline. */
  readonly processed: boolean;
  readonly uploadId: string | null;
  readonly remarks: readonly string[];
  readonly failure: Failure | null;
}

interface StoreUploadContext extends StoreUploadInput {
  readonly appId: string | null;
  readonly fileId: string | null;
  /** Part numbers that Apple does not have yet. */
  readonly remainingParts: readonly number[];
  readonly attempts: number;
  readonly polls: number;
  readonly processed: boolean;
  readonly remarks: readonly string[];
  readonly failure: Failure | null;
}

interface RunInput {
  readonly runId: string;
  readonly artifact: Artifact;
}
interface UploadInput extends RunInput {
  readonly uploadId: string;
}

const FAILED = '#storeUpload.failed';
const runOf = ({ context }: { context: StoreUploadContext }): RunInput => ({
  runId: context.runId,
  artifact: context.artifact,
});
const uploadOf = ({ context }: { context: StoreUploadContext }): UploadInput => ({
  ...runOf({ context }),
  uploadId: context.uploadId ?? '',
});
const errorOf = ({ event }: { event: ErrorActorEvent }) => ({ failure: toFailure(event.error) });
const failWith = (failure: Failure) => ({ type: 'keepFailure' as const, params: { failure } });
/** Worth another try after a pause, or the end. */
const againOrFail = [
  { guard: { type: 'mayTryAgain', params: errorOf }, target: 'pausing' },
  { target: FAILED, actions: { type: 'keepFailure', params: errorOf } },
] as const;
const lateOrFail = (doing: string) =>
  [
    { guard: 'hasAttemptsLeft', target: 'pausing' },
    { target: FAILED, actions: failWith(storeTimedOut(doing)) },
  ] as const;
const pausing = { description: 'Apple gets a breath.', after: { retryPause: 'attempting' } } as const;

export const storeUploadMachine = setup({
  types: {
    input: {} as StoreUploadInput,
    context: {} as StoreUploadContext,
    output: {} as StoreUploadOutput,
  },
  actors: {
    /** Exact match of the bundle identifier; answers with Apple's id of the app. */
    findApp: port<string, RunInput>('findApp'),
    reserveUpload: port<string, RunInput & { appId: string }>('reserveUpload'),
    recordUpload: port<void, UploadInput>('recordUpload'),
    reserveFile: port<{ fileId: string; parts: readonly number[] }, UploadInput>('reserveFile'),
    /** Sends these parts, some at a time; answers with those that failed for the moment. */
    sendParts: port<readonly number[], RunInput & { parts: readonly number[] }>('sendParts'),
    commitFile: port<void, UploadInput & { fileId: string }>('commitFile'),
    askUpload: port<UploadVerdict, UploadInput>('askUpload'),
  },
  actions: {
    keepFailure: assign({
      failure: ({ context }, params: { failure: Failure }) => context.failure ?? params.failure,
    }),
    keepVerdict: assign({
      remarks: (_, params: { verdict: UploadVerdict }) => params.verdict.remarks,
      failure: ({ context }, params: { verdict: UploadVerdict }) => context.failure ?? params.verdict.failure,
    }),
    resetAttempts: assign({ attempts: 0 }),
    countAttempt: assign({ attempts: ({ context }) => context.attempts + 1 }),
    countPoll: assign({ polls: ({ context }) => context.polls + 1 }),
    notProcessed: assign({ processed: false }),
  },
  guards: {
    isResumed: ({ context }) => context.uploadId !== null,
    hasAttemptsLeft: ({ context }) => context.attempts < STORE_ATTEMPTS,
    mayTryAgain: ({ context }, params: { failure: Failure }) =>
      params.failure.retryable && context.attempts < STORE_ATTEMPTS,
    isComplete: (_, params: { verdict: UploadVerdict }) => params.verdict.state === 'complete',
    isRefused: (_, params: { verdict: UploadVerdict }) => params.verdict.state === 'failed',
    isProcessing: (_, params: { verdict: UploadVerdict }) => params.verdict.state === 'processing',
    /** An earlier life reserved the upload and got no further. */
    wasNeverSent: ({ context }, params: { verdict: UploadVerdict }) =>
      params.verdict.state === 'awaitingUpload' && context.fileId === null,
    isUncommitted: ({ context }, params: { verdict: UploadVerdict }) =>
      params.verdict.state === 'awaitingUpload' &&
      context.fileId !== null &&
      context.attempts < STORE_ATTEMPTS,
    allPartsSent: (_, params: { missing: readonly number[] }) => params.missing.length === 0,
  },
  delays: { ...storeUploadLimits },
}).createMachine({
  id: 'storeUpload',
  description: 'One build into App Store Connect, and what Apple says of it.',
  context: ({ input }) => ({
    ...input,
    appId: null,
    fileId: null,
    remainingParts: [],
    attempts: 0,
    polls: 0,
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
      description: 'Is there an upload of this build that an earlier life began?',
      always: [{ guard: 'isResumed', target: 'reconciling' }, { target: 'findingApp' }],
    },
    findingApp: {
      description: 'The app record is looked up by its bundle identifier.',
      entry: 'resetAttempts',
      initial: 'attempting',
      states: {
        attempting: {
          description: 'One question.',
          entry: 'countAttempt',
          invoke: {
            id: 'findApp',
            src: 'findApp',
            input: runOf,
            onDone: {
              target: '#storeUpload.reserving',
              actions: assign({ appId: ({ event }) => event.output }),
            },
            onError: againOrFail,
          },
          after: { requestTimeout: lateOrFail('finding the app') },
        },
        pausing,
      },
    },
    reserving: {
      description: 'An upload for this version and build number is reserved.',
      entry: 'resetAttempts',
      initial: 'attempting',
      states: {
        attempting: {
          description: 'One reservation.',
          entry: 'countAttempt',
          invoke: {
            id: 'reserveUpload',
            src: 'reserveUpload',
            input: ({ context }) => ({ ...runOf({ context }), appId: context.appId ?? '' }),
            onDone: {
              target: '#storeUpload.recording',
              actions: assign({ uploadId: ({ event }) => event.output }),
            },
            onError: againOrFail,
          },
          after: { requestTimeout: lateOrFail('reserving the upload') },
        },
        pausing,
      },
    },
    recording: {
      description: 'The reservation goes into the journal before anything is sent.',
      invoke: {
        id: 'recordUpload',
        src: 'recordUpload',
        input: uploadOf,
        onDone: 'reservingFile',
        onError: { target: 'failed', actions: { type: 'keepFailure', params: errorOf } },
      },
      after: {
        requestTimeout: { target: 'failed', actions: failWith(storeTimedOut('writing the journal')) },
      },
    },
    reservingFile: {
      description: 'Apple says where each part of the file goes.',
      entry: 'resetAttempts',
      initial: 'attempting',
      states: {
        attempting: {
          description: 'One reservation.',
          entry: 'countAttempt',
          invoke: {
            id: 'reserveFile',
            src: 'reserveFile',
            input: uploadOf,
            onDone: {
              target: '#storeUpload.sendingParts',
              actions: assign({
                fileId: ({ event }) => event.output.fileId,
                remainingParts: ({ event }) => event.output.parts,
              }),
            },
            onError: againOrFail,
          },
          after: { requestTimeout: lateOrFail('reserving the file') },
        },
        pausing,
      },
    },
    sendingParts: {
      description: 'The parts are sent, some at a time; those that failed are sent again.',
      entry: 'resetAttempts',
      initial: 'attempting',
      states: {
        attempting: {
          description: 'Every part that Apple does not have yet.',
          entry: 'countAttempt',
          invoke: {
            id: 'sendParts',
            src: 'sendParts',
            input: ({ context }) => ({ ...runOf({ context }), parts: context.remainingParts }),
            onDone: [
              {
                guard: { type: 'allPartsSent', params: ({ event }) => ({ missing: event.output }) },
                target: '#storeUpload.committing',
                actions: assign({ remainingParts: [] }),
              },
              {
                guard: 'hasAttemptsLeft',
                target: 'pausing',
                actions: assign({ remainingParts: ({ event }) => event.output }),
              },
              { target: FAILED, actions: failWith(storeTimedOut('sending the file')) },
            ],
            onError: againOrFail,
          },
          after: { partsTimeout: lateOrFail('sending the file') },
        },
        pausing,
      },
    },
    committing: {
      description: 'Apple is told that the file is complete; whatever comes of it, Apple is asked.',
      invoke: {
        id: 'commitFile',
        src: 'commitFile',
        input: ({ context }) => ({ ...uploadOf({ context }), fileId: context.fileId ?? '' }),
        onDone: 'awaitingProcessing',
        onError: 'reconciling',
      },
      after: { requestTimeout: 'reconciling' },
    },
    reconciling: {
      description: 'It is not known whether the commit arrived: Apple is asked what it has.',
      entry: 'resetAttempts',
      initial: 'attempting',
      states: {
        attempting: {
          description: 'One question.',
          entry: 'countAttempt',
          invoke: {
            id: 'reconcileUpload',
            src: 'askUpload',
            input: uploadOf,
            onDone: [
              {
                guard: { type: 'isComplete', params: ({ event }) => ({ verdict: event.output }) },
                target: '#storeUpload.published',
                actions: { type: 'keepVerdict', params: ({ event }) => ({ verdict: event.output }) },
              },
              {
                guard: { type: 'isRefused', params: ({ event }) => ({ verdict: event.output }) },
                target: FAILED,
                actions: { type: 'keepVerdict', params: ({ event }) => ({ verdict: event.output }) },
              },
              {
                guard: { type: 'isProcessing', params: ({ event }) => ({ verdict: event.output }) },
                target: '#storeUpload.awaitingProcessing',
              },
              {
                guard: { type: 'isUncommitted', params: ({ event }) => ({ verdict: event.output }) },
                target: '#storeUpload.recommitting',
              },
              {
                guard: { type: 'wasNeverSent', params: ({ event }) => ({ verdict: event.output }) },
                target: '#storeUpload.reservingFile',
              },
              { target: FAILED, actions: failWith(commitUnclear) },
            ],
            onError: againOrFail,
          },
          after: { requestTimeout: lateOrFail('asking for the upload') },
        },
        pausing,
      },
    },
    recommitting: {
      description: 'Apple says that the commit never arrived: it is sent once more.',
      invoke: {
        id: 'recommitFile',
        src: 'commitFile',
        input: ({ context }) => ({ ...uploadOf({ context }), fileId: context.fileId ?? '' }),
        onDone: 'awaitingProcessing',
        onError: { target: 'failed', actions: failWith(commitUnclear) },
      },
      after: { requestTimeout: { target: 'failed', actions: failWith(commitUnclear) } },
    },
    awaitingProcessing: {
      description: 'Apple has the build and looks at it.',
      after: { processingTimeout: { target: 'published', actions: 'notProcessed' } },
      initial: 'asking',
      states: {
        asking: {
          description: 'One question.',
          entry: 'countPoll',
          invoke: {
            id: 'askUpload',
            src: 'askUpload',
            input: uploadOf,
            onDone: [
              {
                guard: { type: 'isComplete', params: ({ event }) => ({ verdict: event.output }) },
                target: '#storeUpload.published',
                actions: { type: 'keepVerdict', params: ({ event }) => ({ verdict: event.output }) },
              },
              {
                guard: { type: 'isRefused', params: ({ event }) => ({ verdict: event.output }) },
                target: FAILED,
                actions: { type: 'keepVerdict', params: ({ event }) => ({ verdict: event.output }) },
              },
              { target: 'pausing' },
            ],
            onError: 'pausing',
          },
          after: { requestTimeout: 'pausing' },
        },
        pausing: { description: 'Longer each time.', after: { pollPause: 'asking' } },
      },
    },
    published: { description: 'Apple has taken the build.', type: 'final', output: 'published' },
    failed: {
      description: 'The build is not in the store; the failure says why.',
      type: 'final',
      output: 'failed',
    },
  },
});
