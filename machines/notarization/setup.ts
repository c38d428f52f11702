import { assign, enqueueActions, sendTo, setup } from 'xstate';
import type { Failure } from '../contracts/failure.ts';
import { type Artifact, subjectNamed } from '../contracts/job.ts';
import type {
  NotarizationContext,
  NotarizationEvent,
  NotarizationInput,
  NotarizationOutput,
} from './context.ts';
import { notaryLogForeign, notaryRejected } from './failures.ts';
import { CALL_ATTEMPTS, notarizationLimits, SUBMISSIONS, UNKNOWN_ANSWERS } from './limits.ts';
import { type LogFindings, notarizationPorts, type Verdict } from './ports.ts';
import { toStaple } from './transitions.ts';

/** How much of the way the upload is. */
const UPLOADED_PERCENT = 60;
const TOLD_ISSUES = 50;

const isUnknown = (failure: Failure): boolean => failure.code === 'NOTARY_SUBMISSION_UNKNOWN';

/** What the states of the notarization are made of. */
export const notarizationSetup = setup({
  types: {
    input: {} as NotarizationInput,
    context: {} as NotarizationContext,
    events: {} as NotarizationEvent,
    output: {} as NotarizationOutput,
  },
  actors: notarizationPorts,
  actions: {
    keepFailure: assign({ failure: (_, params: { failure: Failure }) => params.failure }),
    noteFailure: assign({
      lastFailure: (_, params: { failure: Failure }) => params.failure,
      retryAfterMs: (_, params: { failure: Failure }) => params.failure.retryAfterMs ?? null,
    }),
    noteUnknown: assign({ unknownAnswers: ({ context }) => context.unknownAnswers + 1 }),
    resetAttempts: assign({ attempts: 0, retryAfterMs: null, lastFailure: null, unknownAnswers: 0 }),
    countAttempt: assign({ attempts: ({ context }) => context.attempts + 1 }),
    clearWait: assign({ retryAfterMs: null }),
    dropSubmission: assign({ replaces: ({ context }) => context.submissionId, submissionId: null }),
    adopt: assign({
      submissionId: (_, params: { submissionId: string }) => params.submissionId,
      isRecalled: true,
    }),
    announce: assign({
      submissionId: (_, params: { submissionId: string }) => params.submissionId,
      isRecalled: false,
      submissions: ({ context }) => context.submissions + 1,
    }),
    keepVerdict: assign({ verdict: (_, params: { verdict: Verdict }) => params.verdict }),
    keepLog: assign({ log: (_, params: { log: LogFindings }) => params.log }),
    keepStapled: assign({
      artifact: (_, params: { artifact: Artifact }) => params.artifact,
      stapled: ({ context }) => [...context.stapled, toStaple({ context }).target],
    }),
    judgeForeign: assign({ failure: ({ context }) => notaryLogForeign(context.submissionId ?? '') }),
    judgeRejected: assign({
      failure: ({ context }) =>
        notaryRejected(context.submissionId ?? '', context.verdict ?? 'invalid', context.log),
    }),
    tell: sendTo(
      ({ context }) => context.owner,
      (_, params: { line: string }) => ({ type: 'step.logged' as const, line: params.line }),
    ),
    tellAnnounced: sendTo(
      ({ context }) => context.owner,
      ({ context }) => ({
        type: 'step.logged' as const,
        line: `Apple's notary service opened submission ${context.submissionId}.`,
      }),
    ),
    tellReceived: sendTo(
      ({ context }) => context.owner,
      ({ context }) => ({
        type: 'submission.received' as const,
        submissionId: context.submissionId ?? '',
      }),
    ),
    tellJudging: sendTo(
      ({ context }) => context.owner,
      ({ context }) => ({
        type: 'step.logged' as const,
        line: `Apple is checking the ${subjectNamed(context.submitted.name, context.staples[0])}; most are done within five minutes.`,
      }),
    ),
    tellProgress: sendTo(
      ({ context }) => context.owner,
      ({ context }, params: { sentBytes: number }) => ({
        type: 'step.progressed' as const,
        percent: Math.floor((params.sentBytes / context.artifact.sizeBytes) * UPLOADED_PERCENT),
      }),
    ),
    tellFindings: enqueueActions(({ context, enqueue }) => {
      const lines = [`Apple's verdict on submission ${context.submissionId}: ${context.verdict}.`];
      for (const line of [...lines, ...(context.log?.issues ?? []).slice(0, TOLD_ISSUES)])
        enqueue.sendTo(context.owner, { type: 'step.logged', line });
    }),
  },
  guards: {
    isKnown: (_, params: { isUploaded: boolean | null }) => params.isUploaded !== null,
    isUploaded: (_, params: { isUploaded: boolean | null }) => params.isUploaded === true,
    isWorthRepeating: (_, params: { failure: Failure }) => params.failure.retryable,
    mayCallAgain: ({ context }, params: { failure: Failure }) =>
      params.failure.retryable && context.attempts < CALL_ATTEMPTS,
    hasCallsLeft: ({ context }) => context.attempts < CALL_ATTEMPTS,
    needsNewSubmission: ({ context }, params: { failure: Failure }) =>
      params.failure.code === 'NOTARY_UPLOAD_EXPIRED' && context.submissions < SUBMISSIONS,
    isNewlyUnknown: ({ context }, params: { failure: Failure }) =>
      isUnknown(params.failure) && context.unknownAnswers < UNKNOWN_ANSWERS,
    isForgotten: ({ context }, params: { failure: Failure }) =>
      isUnknown(params.failure) && context.isRecalled,
    isTaken: (_, params: { failure: Failure }) => params.failure.code === 'NOTARY_ALREADY_SUBMITTED',
    isLost: (_, params: { failure: Failure }) => isUnknown(params.failure),
    hasSpoken: (_, params: { verdict: Verdict | 'inProgress' }) => params.verdict !== 'inProgress',
    logIsForeign: ({ context }) => context.log?.isForeign === true,
    isRefused: ({ context }) => context.verdict !== 'accepted',
    hasUnstapled: ({ context }) => context.stapled.length < context.staples.length,
  },
  delays: { ...notarizationLimits },
});
