import { assign, type ErrorActorEvent, setup } from 'xstate';
import { port } from '../contracts/actors.ts';
import { type Failure, toFailure } from '../contracts/failure.ts';
import type { Artifact } from '../contracts/job.ts';
import { commitUnclear, storeTimedOut } from './failures.ts';
import { COMMITS, FILE_RESERVATIONS, STALE_ANSWERS, STORE_ATTEMPTS, storeUploadLimits } from './limits.ts';

/**
 * One build on its way into App Store Connect: find the app, reserve, send the parts, commit, and wait until Apple
 * has looked at it.
 *
 * Promises: what is reserved is journalled before anything is sent, so that a restart asks what became of it and
 * does not send it twice; a commit without an answer is never repeated blindly: Apple is asked first; only a build
 * that Apple has taken, by its own word, ends in `published`.
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

/** What became of an attempt to send parts. */
export interface PartsReport {
  /** Part numbers that Apple does not have yet. */
  readonly missing: readonly number[];
  /** Addresses that are good no more are among them: only a new reservation brings others. */
  readonly hasExpired: boolean;
  /** What the storage asked us to wait; null when it did not. */
  readonly retryAfterMs: number | null;
}

/** Whether Apple has the build of an earlier life, and whether it has looked at it. */
export type OwnBuild = 'none' | 'processing' | 'valid';

interface StoreUploadContext extends StoreUploadInput {
  /** An earlier life began an upload of this build; it may have got further than is known. */
  readonly isRecalled: boolean;
  readonly appId: string | null;
  readonly fileId: string | null;
  readonly fileReservations: number;
  readonly commits: number;
  readonly remainingParts: readonly number[];
  readonly attempts: number;
  readonly polls: number;
  /** Answers by which Apple still waits for the file that was committed. */
  readonly staleAnswers: number;
  readonly retryAfterMs: number | null;
  /** Why Apple did not want the commit, when it said so. */
  readonly commitRefusal: Failure | null;
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
const verdictOf = ({ event }: { event: { output: UploadVerdict } }) => ({ verdict: event.output });
const failWith = (failure: Failure) => ({ type: 'keepFailure' as const, params: { failure } });
/** Worth another try after a pause, or the end. */
const againOrFail = [
  {
    guard: { type: 'mayTryAgain', params: errorOf },
    target: 'pausing',
    actions: { type: 'noteWait', params: errorOf },
  },
  { target: FAILED, actions: { type: 'keepFailure', params: errorOf } },
] as const;
const lateOrFail = (doing: string) =>
  [
    { guard: 'hasAttemptsLeft', target: 'pausing', actions: 'clearWait' },
    { target: FAILED, actions: failWith(storeTimedOut(doing)) },
  ] as const;
const isDuplicate = (failure: Failure | null): boolean => failure?.code === 'STORE_DUPLICATE';
const pausing = { description: 'Apple gets a breath.', after: { retryPause: 'attempting' } } as const;
/** Apple has spoken about the build. */
const concluded = (state: 'published' | 'objecting') =>
  ({
    target: `#storeUpload.${state}`,
    actions: { type: 'keepVerdict', params: verdictOf },
  }) as const;

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
    /** Sends these parts, some at a time. */
    sendParts: port<PartsReport, RunInput & { parts: readonly number[] }>('sendParts'),
    commitFile: port<void, UploadInput & { fileId: string }>('commitFile'),
    askUpload: port<UploadVerdict, UploadInput>('askUpload'),
    /** The build of this number that Apple got after this very job first reserved an upload for it. */
    findOwnBuild: port<OwnBuild, RunInput>('findOwnBuild'),
  },
  actions: {
    keepFailure: assign({
      failure: ({ context }, params: { failure: Failure }) => context.failure ?? params.failure,
    }),
    keepVerdict: assign({
      remarks: (_, params: { verdict: UploadVerdict }) => params.verdict.remarks,
      failure: ({ context }, params: { verdict: UploadVerdict }) => context.failure ?? params.verdict.failure,
    }),
    resetAttempts: assign({ attempts: 0, retryAfterMs: null }),
    restartCount: assign({ attempts: 0 }),
    countAttempt: assign({ attempts: ({ context }) => context.attempts + 1 }),
    noteWait: assign({
      retryAfterMs: (_, params: { failure: Failure }) => params.failure.retryAfterMs ?? null,
    }),
    clearWait: assign({ retryAfterMs: null }),
    keepFile: assign({
      fileId: (_, params: { fileId: string; parts: readonly number[] }) => params.fileId,
      remainingParts: (_, params) => params.parts,
      fileReservations: ({ context }) => context.fileReservations + 1,
      commits: 0,
    }),
    /** Only attempts that bring nothing count. */
    keepMissing: assign({
      remainingParts: (_, params: PartsReport) => params.missing,
      attempts: ({ context }, { missing }) =>
        missing.length < context.remainingParts.length ? 0 : context.attempts,
      retryAfterMs: (_, params) => params.retryAfterMs,
    }),
    countCommit: assign({
      commits: ({ context }) => context.commits + 1,
      staleAnswers: 0,
      commitRefusal: null,
      retryAfterMs: null,
    }),
    /** An answer all the same: what went wrong before it counts no more. */
    noteStale: assign({
      staleAnswers: ({ context }) => context.staleAnswers + 1,
      attempts: 0,
      retryAfterMs: null,
    }),
    /** What may pass says nothing about the file. */
    noteRefusal: assign({
      commitRefusal: (_, params: { failure: Failure }) => (params.failure.retryable ? null : params.failure),
    }),
    judgeUncommitted: assign({
      failure: ({ context }) => context.failure ?? context.commitRefusal ?? commitUnclear,
    }),
    countPoll: assign({ polls: ({ context }) => context.polls + 1 }),
    notProcessed: assign({ processed: false }),
    /** An objection falls when the build that has the number is our own, or when nobody can say whose it is. */
    dropObjection: assign({ failure: null }),
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
      context.commitRefusal === null &&
      context.commits < COMMITS,
    mayBeStale: ({ context }, params: { verdict: UploadVerdict }) =>
      params.verdict.state === 'awaitingUpload' &&
      context.fileId !== null &&
      context.commitRefusal === null &&
      context.staleAnswers < STALE_ANSWERS,
    /** What an earlier life reserved is gone at Apple. */
    isForgotten: ({ context }, params: { failure: Failure }) =>
      params.failure.code === 'STORE_UPLOAD_UNKNOWN' && context.isRecalled && context.fileId === null,
    mayBeOwn: ({ context }, params: { failure: Failure | null }) =>
      context.isRecalled && isDuplicate(params.failure),
    /** Apple counts the reservation whose answer was lost: the next attempt finds it. */
    isOwnReservation: ({ context }, params: { failure: Failure }) =>
      isDuplicate(params.failure) && context.attempts > 1 && context.attempts < STORE_ATTEMPTS,
    isBuild: (_, params: { own: OwnBuild; is: OwnBuild }) => params.own === params.is,
    mayReserveAgain: ({ context }, params: PartsReport) =>
      params.hasExpired && context.fileReservations < FILE_RESERVATIONS,
    allPartsSent: (_, params: PartsReport) => params.missing.length === 0,
  },
  delays: { ...storeUploadLimits },
}).createMachine({
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
              actions: ['dropObjection', assign({ uploadId: ({ event }) => event.output })],
            },
            onError: [
              {
                guard: { type: 'mayBeOwn', params: errorOf },
                target: '#storeUpload.comparing',
                actions: { type: 'keepFailure', params: errorOf },
              },
              {
                guard: { type: 'isOwnReservation', params: errorOf },
                target: 'pausing',
                actions: [{ type: 'keepFailure', params: errorOf }, 'clearWait'],
              },
              ...againOrFail,
            ],
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
              actions: { type: 'keepFile', params: ({ event }) => event.output },
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
                guard: { type: 'allPartsSent', params: ({ event }) => event.output },
                target: '#storeUpload.committing',
                actions: { type: 'keepMissing', params: ({ event }) => event.output },
              },
              {
                guard: { type: 'mayReserveAgain', params: ({ event }) => event.output },
                target: '#storeUpload.reservingFile',
              },
              {
                guard: 'hasAttemptsLeft',
                target: 'pausing',
                actions: { type: 'keepMissing', params: ({ event }) => event.output },
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
      entry: 'countCommit',
      invoke: {
        id: 'commitFile',
        src: 'commitFile',
        input: ({ context }) => ({ ...uploadOf({ context }), fileId: context.fileId ?? '' }),
        onDone: 'awaitingProcessing',
        onError: {
          target: '#storeUpload.reconciling.settling',
          actions: [
            { type: 'noteRefusal', params: errorOf },
            { type: 'noteWait', params: errorOf },
          ],
        },
      },
      after: { requestTimeout: '#storeUpload.reconciling.settling' },
    },
    reconciling: {
      description: 'It is not known how far the upload got: Apple is asked what it has.',
      entry: 'restartCount',
      initial: 'attempting',
      states: {
        settling: {
          description: 'An answer right after the commit could be older than it.',
          after: { settlePause: 'attempting' },
        },
        attempting: {
          description: 'One question.',
          entry: 'countAttempt',
          invoke: {
            id: 'reconcileUpload',
            src: 'askUpload',
            input: uploadOf,
            onDone: [
              { guard: { type: 'isComplete', params: verdictOf }, ...concluded('published') },
              { guard: { type: 'isRefused', params: verdictOf }, ...concluded('objecting') },
              {
                guard: { type: 'isProcessing', params: verdictOf },
                target: '#storeUpload.awaitingProcessing',
              },
              { guard: { type: 'mayBeStale', params: verdictOf }, target: 'settling', actions: 'noteStale' },
              { guard: { type: 'isUncommitted', params: verdictOf }, target: '#storeUpload.committing' },
              { guard: { type: 'wasNeverSent', params: verdictOf }, target: '#storeUpload.reservingFile' },
              { target: FAILED, actions: 'judgeUncommitted' },
            ],
            onError: [
              {
                guard: { type: 'isForgotten', params: errorOf },
                target: '#storeUpload.findingApp',
              },
              ...againOrFail,
            ],
          },
          after: { requestTimeout: lateOrFail('asking for the upload') },
        },
        pausing,
      },
    },
    awaitingProcessing: {
      description: 'Apple has the build, by its own word, and looks at it.',
      entry: 'resetAttempts',
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
              { guard: { type: 'isComplete', params: verdictOf }, ...concluded('published') },
              { guard: { type: 'isRefused', params: verdictOf }, ...concluded('objecting') },
              {
                guard: { type: 'mayBeStale', params: verdictOf },
                target: '#storeUpload.reconciling.settling',
                actions: 'noteStale',
              },
              { target: 'pausing', actions: 'clearWait' },
            ],
            onError: { target: 'pausing', actions: { type: 'noteWait', params: errorOf } },
          },
          after: { requestTimeout: { target: 'pausing', actions: 'clearWait' } },
        },
        pausing: {
          description: 'Longer each time, and never sooner than Apple asked for.',
          after: { pollPause: 'asking' },
        },
      },
    },
    objecting: {
      description: 'Apple does not take the build; when only its number is in use, by whom is the question.',
      always: [
        {
          guard: { type: 'mayBeOwn', params: ({ context }) => ({ failure: context.failure }) },
          target: 'comparing',
        },
        { target: 'failed' },
      ],
    },
    comparing: {
      description: 'The number of the build is in use: did an earlier life of this very job use it?',
      entry: 'resetAttempts',
      initial: 'attempting',
      states: {
        attempting: {
          description: 'One question.',
          entry: 'countAttempt',
          invoke: {
            id: 'findOwnBuild',
            src: 'findOwnBuild',
            input: runOf,
            onDone: [
              {
                guard: { type: 'isBuild', params: ({ event }) => ({ own: event.output, is: 'valid' }) },
                target: '#storeUpload.published',
                actions: 'dropObjection',
              },
              {
                guard: { type: 'isBuild', params: ({ event }) => ({ own: event.output, is: 'processing' }) },
                target: '#storeUpload.published',
                actions: ['dropObjection', 'notProcessed'],
              },
              { target: FAILED },
            ],
            onError: [
              {
                guard: { type: 'mayTryAgain', params: errorOf },
                target: 'pausing',
                actions: { type: 'noteWait', params: errorOf },
              },
              { target: FAILED, actions: ['dropObjection', { type: 'keepFailure', params: errorOf }] },
            ],
          },
          after: {
            requestTimeout: [
              { guard: 'hasAttemptsLeft', target: 'pausing', actions: 'clearWait' },
              {
                target: FAILED,
                actions: ['dropObjection', failWith(storeTimedOut('comparing the builds'))],
              },
            ],
          },
        },
        pausing,
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
