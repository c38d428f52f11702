import { assign, setup } from 'xstate';
import type { Failure } from '../contracts/failure.ts';
import type { StoreUploadContext, StoreUploadInput, StoreUploadOutput } from './context.ts';
import { commitUnclear } from './failures.ts';
import { COMMITS, FILE_RESERVATIONS, STALE_ANSWERS, STORE_ATTEMPTS, storeUploadLimits } from './limits.ts';
import { type OwnBuild, type PartsReport, storeUploadPorts, type UploadVerdict } from './ports.ts';

/** What the states of the store-upload are made of. */
export const storeUploadSetup = setup({
  types: {
    input: {} as StoreUploadInput,
    context: {} as StoreUploadContext,
    output: {} as StoreUploadOutput,
  },
  actors: storeUploadPorts,
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
    namesGroups: ({ context }) => context.namesGroups,
    isResumed: ({ context }) => context.uploadId !== null,
    hasAttemptsLeft: ({ context }) => context.attempts < STORE_ATTEMPTS,
    mayTryAgain: ({ context }, params: { failure: Failure }) =>
      params.failure.retryable && context.attempts < STORE_ATTEMPTS,
    isComplete: (_, params: { verdict: UploadVerdict }) => params.verdict.state === 'complete',
    isRefused: (_, params: { verdict: UploadVerdict }) => params.verdict.state === 'failed',
    isProcessing: (_, params: { verdict: UploadVerdict }) => params.verdict.state === 'processing',
    /** The upload was reserved before a restart and got no further. */
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
    /** What was reserved before a restart is gone at Apple. */
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
});

const isDuplicate = (failure: Failure | null): boolean => failure?.code === 'STORE_DUPLICATE';
