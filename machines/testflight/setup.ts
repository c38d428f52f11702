import { assign, setup } from 'xstate';
import type { Failure } from '../contracts/failure.ts';
import type { TestflightContext, TestflightInput, TestflightOutput } from './context.ts';
import { afterTheUpload } from './failures.ts';
import { TESTFLIGHT_ATTEMPTS, testflightLimits } from './limits.ts';
import { type BuildNews, type Done, testflightPorts } from './ports.ts';

type News = { readonly news: BuildNews };

/** What the states of the follow-up are made of. */
export const testflightSetup = setup({
  types: {
    input: {} as TestflightInput,
    context: {} as TestflightContext,
    output: {} as TestflightOutput,
  },
  actors: testflightPorts,
  actions: {
    keepFailure: assign({
      failure: ({ context }, params: { failure: Failure }) =>
        context.failure ?? afterTheUpload(params.failure),
    }),
    keepRefusal: assign({ failure: (_, params: News) => params.news.failure }),
    keepBuild: assign({ buildId: (_, params: News) => params.news.buildId }),
    keepRemarks: assign({
      remarks: ({ context }, params: Done) => [...context.remarks, ...params.remarks],
    }),
    remark: assign({
      remarks: ({ context }, params: { line: string }) => [...context.remarks, params.line],
    }),
    resetAttempts: assign({ attempts: 0, retryAfterMs: null }),
    countAttempt: assign({ attempts: ({ context }) => context.attempts + 1 }),
    countPoll: assign({ polls: ({ context }) => context.polls + 1 }),
    noteWait: assign({
      retryAfterMs: (_, params: { failure: Failure }) => params.failure.retryAfterMs ?? null,
    }),
    clearWait: assign({ retryAfterMs: null }),
  },
  guards: {
    isPassing: (_, params: { failure: Failure }) => params.failure.retryable,
    hasAttemptsLeft: ({ context }) => context.attempts < TESTFLIGHT_ATTEMPTS,
    mayTryAgain: ({ context }, params: { failure: Failure }) =>
      params.failure.retryable && context.attempts < TESTFLIGHT_ATTEMPTS,
    isRefused: (_, params: News) => params.news.state === 'refused',
    isProcessed: (_, params: News) => params.news.state === 'valid',
    mustAnswer: (_, params: News) => params.news.state === 'valid' && params.news.compliance === 'declared',
    /** Nobody has answered, and testers are to get the build. */
    isBlocked: ({ context }, params: News) =>
      params.news.state === 'valid' && params.news.compliance === 'open' && context.wishes.hasGroups,
    isUnanswered: (_, params: News) => params.news.state === 'valid' && params.news.compliance === 'open',
    hasNotes: ({ context }) => context.wishes.hasNotes,
    hasGroups: ({ context }) => context.wishes.hasGroups,
    needsReview: (_, params: { readonly needsReview: boolean }) => params.needsReview,
  },
  delays: { ...testflightLimits },
});
