import { assign, type ErrorActorEvent, enqueueActions, sendTo, setup } from 'xstate';
import type { Recipient } from '../contracts/actors.ts';
import { type Failure, toFailure } from '../contracts/failure.ts';
import type { Artifact } from '../contracts/job.ts';
import {
  journalTimedOut,
  notaryCancelled,
  notaryLogForeign,
  notaryRejected,
  notaryTimedOut,
  stapleTimedOut,
} from './failures.ts';
import { CALL_ATTEMPTS, notarizationLimits, SUBMISSIONS, UNKNOWN_ANSWERS } from './limits.ts';
import {
  type LogFindings,
  type NotarizationReport,
  type NotaryInput,
  notarizationPorts,
  type StapleTarget,
  type SubmissionInput,
  type UploadNews,
  type Verdict,
} from './ports.ts';

/**
 * One artifact on its way past Apple: announced, journalled, uploaded, judged, stapled.
 *
 * Promises: the id of a submission is in the journal before anything else is done with it; a digest whose file Apple
 * has is never submitted again; only Apple's own word "accepted" about this very digest ends in `succeeded`, and only
 * when everything asked for is stapled; no state waits without a deadline.
 */
export interface NotarizationInput {
  readonly runId: string;
  /** What Apple is shown; lies behind the ports under `runId`. */
  readonly artifact: Artifact;
  /** What is stapled when Apple has accepted it, in this order. */
  readonly staples: readonly StapleTarget[];
  /** Of an earlier life: nothing is submitted, the verdict is waited for. */
  readonly submissionId?: string;
  readonly owner: Recipient<NotarizationReport>;
}

export interface NotarizationOutput {
  readonly outcome: 'succeeded' | 'rejected' | 'failed' | 'cancelled';
  readonly submissionId: string | null;
  readonly verdict: Verdict | null;
  /** Apple's findings, one line each; warnings also when accepted. */
  readonly issues: readonly string[];
  /** As it is now: stapling an image changes its size and digest. */
  readonly artifact: Artifact;
  readonly stapled: readonly StapleTarget[];
  /** Null when succeeded. */
  readonly failure: Failure | null;
}

interface NotarizationContext extends Omit<NotarizationInput, 'submissionId'> {
  /** The artifact as it was submitted: what Apple and the journal know. */
  readonly submitted: Artifact;
  readonly submissionId: string | null;
  readonly isRecalled: boolean;
  /** A submission whose file never arrived, and which a new one takes the place of. */
  readonly replaces: string | null;
  /** Submissions made in this life. */
  readonly submissions: number;
  /** At the present question. */
  readonly attempts: number;
  readonly unknownAnswers: number;
  readonly retryAfterMs: number | null;
  readonly lastFailure: Failure | null;
  readonly verdict: Verdict | null;
  readonly log: LogFindings | null;
  readonly stapled: readonly StapleTarget[];
  readonly failure: Failure | null;
}

type NotarizationEvent = { type: 'notarization.cancelRequested' } | UploadNews;

type Scope = { context: NotarizationContext };
const notary = ({ context }: Scope): NotaryInput => ({ runId: context.runId, artifact: context.submitted });
const submission = ({ context }: Scope): SubmissionInput => ({
  ...notary({ context }),
  submissionId: context.submissionId ?? '',
});
const stapling = ({ context }: Scope): NotaryInput & { target: StapleTarget } => ({
  runId: context.runId,
  artifact: context.artifact,
  target: context.staples[context.stapled.length] ?? 'image',
});
const errorOf = ({ event }: { event: ErrorActorEvent }) => ({ failure: toFailure(event.error) });

const keep = (failure: Failure) => ({ type: 'keepFailure' as const, params: { failure } });
const FAILED = '#notarization.failed';
const failed = { target: FAILED, actions: { type: 'keepFailure', params: errorOf } } as const;
/** A deadline of Apple's. */
const late = (doing: string) =>
  ({
    target: FAILED,
    actions: {
      type: 'keepFailure',
      params: ({ context }: Scope) => ({
        failure: notaryTimedOut(doing, context.submissionId, context.lastFailure),
      }),
    },
  }) as const;
/** What passes by itself is noted and asked again after a pause. */
const pauseAfter = (target: string) =>
  ({
    guard: { type: 'isWorthRepeating', params: errorOf },
    target,
    actions: { type: 'noteFailure', params: errorOf },
  }) as const;
const tell = (line: string) => ({ type: 'tell' as const, params: { line } });

export const notarizationMachine = setup({
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
      stapled: ({ context }) => [...context.stapled, stapling({ context }).target],
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
    hasSubmission: ({ context }) => context.submissionId !== null,
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
}).createMachine({
  id: 'notarization',
  description: 'One artifact: submitted to Apple once, judged, and stapled with its ticket.',
  context: ({ input }) => ({
    ...input,
    submitted: input.artifact,
    submissionId: input.submissionId ?? null,
    isRecalled: input.submissionId !== undefined,
    replaces: null,
    submissions: 0,
    attempts: 0,
    unknownAnswers: 0,
    retryAfterMs: null,
    lastFailure: null,
    verdict: null,
    log: null,
    stapled: [],
    failure: null,
  }),
  output: ({ context, event }) => ({
    outcome: (event as unknown as { output: NotarizationOutput['outcome'] }).output,
    submissionId: context.submissionId,
    verdict: context.verdict,
    issues: context.log?.issues ?? [],
    artifact: context.artifact,
    stapled: context.stapled,
    failure: context.failure,
  }),
  on: {
    'notarization.cancelRequested': { target: '.cancelled', actions: keep(notaryCancelled) },
  },
  initial: 'beginning',
  states: {
    beginning: {
      description: 'A submission of an earlier life goes on with its verdict.',
      always: [{ guard: 'hasSubmission', target: 'awaitingVerdict' }, { target: 'recalling' }],
    },

    recalling: {
      description: 'The journal is asked whether this digest has been submitted before.',
      invoke: {
        id: 'findSubmission',
        src: 'findSubmission',
        input: notary,
        onDone: [
          {
            guard: {
              type: 'isUploaded',
              params: ({ event }) => ({ isUploaded: event.output?.isUploaded ?? null }),
            },
            target: 'awaitingVerdict',
            actions: { type: 'adopt', params: ({ event }) => ({ submissionId: idOf(event.output) }) },
          },
          {
            guard: {
              type: 'isKnown',
              params: ({ event }) => ({ isUploaded: event.output?.isUploaded ?? null }),
            },
            target: 'doubting',
            actions: { type: 'adopt', params: ({ event }) => ({ submissionId: idOf(event.output) }) },
          },
          { target: 'submitting' },
        ],
        onError: failed,
      },
      after: { journalTimeout: { target: FAILED, actions: keep(journalTimedOut) } },
    },

    doubting: {
      description:
        'Announced in an earlier life, and nobody knows whether the file arrived: a verdict would prove it.',
      entry: ['resetAttempts', tell('An earlier submission of this file is looked for at Apple.')],
      after: { doubtTimeout: 'submitting' },
      initial: 'asking',
      states: {
        asking: {
          description: 'One question for the verdict.',
          entry: 'countAttempt',
          invoke: {
            id: 'askDoubtful',
            src: 'askVerdict',
            input: submission,
            onDone: [
              {
                guard: { type: 'hasSpoken', params: ({ event }) => ({ verdict: event.output }) },
                target: '#notarization.fetchingLog',
                actions: {
                  type: 'keepVerdict',
                  params: ({ event }) => ({ verdict: event.output as Verdict }),
                },
              },
              { target: 'pausing', actions: 'clearWait' },
            ],
            onError: [
              { guard: { type: 'isLost', params: errorOf }, target: '#notarization.forgetting' },
              pauseAfter('pausing'),
              failed,
            ],
          },
          after: { askTimeout: { target: 'pausing', actions: 'clearWait' } },
        },
        pausing: { description: 'Apple gets time.', after: { pollPause: 'asking' } },
      },
    },

    submitting: {
      description: 'The artifact is announced by its digest; Apple gives an id and a permission to upload.',
      entry: ['resetAttempts', 'dropSubmission'],
      after: { submitTimeout: late('announcing the app to Apple') },
      initial: 'attempting',
      states: {
        attempting: {
          description: 'One announcement.',
          entry: 'countAttempt',
          invoke: {
            id: 'submitArtifact',
            src: 'submitArtifact',
            input: ({ context }) => ({ ...notary({ context }), replaces: context.replaces }),
            onDone: {
              target: '#notarization.journalling',
              actions: { type: 'announce', params: ({ event }) => event.output },
            },
            onError: [
              { guard: { type: 'isTaken', params: errorOf }, target: '#notarization.recalling' },
              {
                guard: { type: 'mayCallAgain', params: errorOf },
                target: 'pausing',
                actions: { type: 'noteFailure', params: errorOf },
              },
              failed,
            ],
          },
          after: {
            askTimeout: [
              { guard: 'hasCallsLeft', target: 'pausing', actions: 'clearWait' },
              late('announcing the app to Apple'),
            ],
          },
        },
        pausing: { description: 'Apple gets a breath.', after: { retryPause: 'seeking' } },
        seeking: {
          description: 'The answer may have been lost: is this very file among those that Apple has judged?',
          entry: 'countAttempt',
          invoke: {
            id: 'seekSubmission',
            src: 'seekSubmission',
            input: notary,
            onDone: [
              {
                guard: {
                  type: 'isKnown',
                  params: ({ event }) => ({ isUploaded: event.output ? true : null }),
                },
                target: '#notarization.confirming',
                actions: { type: 'adopt', params: ({ event }) => ({ submissionId: idOf(event.output) }) },
              },
              { target: 'attempting' },
            ],
            onError: [
              {
                guard: { type: 'mayCallAgain', params: errorOf },
                target: 'pausing',
                actions: { type: 'noteFailure', params: errorOf },
              },
              failed,
            ],
          },
          after: {
            askTimeout: [
              { guard: 'hasCallsLeft', target: 'pausing', actions: 'clearWait' },
              late('looking for earlier submissions'),
            ],
          },
        },
      },
    },

    journalling: {
      description: 'The id is written to the journal before anything else is done with it.',
      entry: {
        type: 'tell',
        params: ({ context }) => ({
          line: `Apple's notary service opened submission ${context.submissionId}.`,
        }),
      },
      invoke: {
        id: 'recordAnnounced',
        src: 'recordSubmission',
        input: (scope) => ({ ...submission(scope), phase: 'announced' as const }),
        onDone: 'uploading',
        onError: failed,
      },
      after: { journalTimeout: { target: FAILED, actions: keep(journalTimedOut) } },
    },

    uploading: {
      description: 'The file goes to the place that Apple gave for it.',
      entry: 'resetAttempts',
      after: { uploadTimeout: late('uploading the app to Apple') },
      initial: 'attempting',
      states: {
        attempting: {
          description: 'One upload of the whole file; a second one is harmless.',
          entry: 'countAttempt',
          invoke: {
            id: 'uploadArtifact',
            src: 'uploadArtifact',
            input: ({ context, self }) => ({ ...submission({ context }), reportTo: self }),
            onDone: '#notarization.confirming',
            onError: [
              {
                guard: { type: 'needsNewSubmission', params: errorOf },
                target: '#notarization.submitting',
              },
              {
                guard: { type: 'mayCallAgain', params: errorOf },
                target: 'pausing',
                actions: { type: 'noteFailure', params: errorOf },
              },
              failed,
            ],
          },
          initial: 'flowing',
          states: {
            flowing: {
              description: 'Bytes are moving; each piece starts the clock anew.',
              on: {
                'upload.progressed': {
                  target: 'flowing',
                  reenter: true,
                  actions: { type: 'tellProgress', params: ({ event }) => event },
                },
              },
              after: {
                stallTimeout: [
                  {
                    guard: 'hasCallsLeft',
                    target: '#notarization.uploading.pausing',
                    actions: 'clearWait',
                  },
                  late('uploading the app to Apple'),
                ],
              },
            },
          },
        },
        pausing: { description: 'The storage gets a breath.', after: { retryPause: 'attempting' } },
      },
    },

    confirming: {
      description: 'The journal learns that Apple has the file; without that, a restart would have to doubt.',
      invoke: {
        id: 'recordUploaded',
        src: 'recordSubmission',
        input: (scope) => ({ ...submission(scope), phase: 'uploaded' as const }),
        onDone: 'awaitingVerdict',
        onError: 'awaitingVerdict',
      },
      after: { journalTimeout: 'awaitingVerdict' },
    },

    awaitingVerdict: {
      description: 'Apple checks the file; it is asked now and then, and never given the same file again.',
      entry: ['resetAttempts', tell('Apple is checking the app; most are done within five minutes.')],
      after: { verdictTimeout: late("Apple's verdict") },
      initial: 'asking',
      states: {
        asking: {
          description: 'One question for the verdict.',
          entry: 'countAttempt',
          invoke: {
            id: 'askVerdict',
            src: 'askVerdict',
            input: submission,
            onDone: [
              {
                guard: { type: 'hasSpoken', params: ({ event }) => ({ verdict: event.output }) },
                target: '#notarization.fetchingLog',
                actions: {
                  type: 'keepVerdict',
                  params: ({ event }) => ({ verdict: event.output as Verdict }),
                },
              },
              { target: 'pausing', actions: 'clearWait' },
            ],
            onError: [
              {
                guard: { type: 'isNewlyUnknown', params: errorOf },
                target: 'pausing',
                actions: ['noteUnknown', { type: 'noteFailure', params: errorOf }],
              },
              { guard: { type: 'isForgotten', params: errorOf }, target: '#notarization.forgetting' },
              { guard: { type: 'isLost', params: errorOf }, ...failed },
              pauseAfter('pausing'),
              failed,
            ],
          },
          after: { askTimeout: { target: 'pausing', actions: 'clearWait' } },
        },
        pausing: {
          description: 'Longer each time, up to a limit, and never sooner than Apple asked for.',
          after: { pollPause: 'asking' },
        },
      },
    },

    forgetting: {
      description: 'Apple does not know what the journal knows: it is struck out, and the file submitted.',
      invoke: {
        id: 'forgetSubmission',
        src: 'forgetSubmission',
        input: submission,
        onDone: 'submitting',
        onError: failed,
      },
      after: { journalTimeout: { target: FAILED, actions: keep(journalTimedOut) } },
    },

    fetchingLog: {
      description: "Apple's log, whatever the verdict: an accepted file can have warnings.",
      entry: 'resetAttempts',
      after: { logTimeout: 'concluding' },
      initial: 'asking',
      states: {
        asking: {
          description: 'One attempt to fetch the log; right after the verdict there may be none.',
          entry: 'countAttempt',
          invoke: {
            id: 'fetchLog',
            src: 'fetchLog',
            input: submission,
            onDone: {
              target: '#notarization.concluding',
              actions: { type: 'keepLog', params: ({ event }) => ({ log: event.output }) },
            },
            onError: [pauseAfter('pausing'), { target: '#notarization.concluding' }],
          },
          after: { askTimeout: { target: 'pausing', actions: 'clearWait' } },
        },
        pausing: { description: 'The log gets time to appear.', after: { ticketPause: 'asking' } },
      },
    },

    concluding: {
      description: 'The journal learns that Apple has spoken.',
      entry: 'tellFindings',
      invoke: {
        id: 'recordConcluded',
        src: 'recordSubmission',
        input: (scope) => ({ ...submission(scope), phase: 'concluded' as const }),
        onDone: 'judging',
        onError: 'judging',
      },
      after: { journalTimeout: 'judging' },
    },

    judging: {
      description: 'Verdict and log decide.',
      always: [
        { guard: 'isRefused', target: 'rejected', actions: 'judgeRejected' },
        { guard: 'logIsForeign', target: 'failed', actions: 'judgeForeign' },
        { guard: 'hasUnstapled', target: 'fetchingTicket' },
        { target: 'succeeded' },
      ],
    },

    fetchingTicket: {
      description: 'The ticket is public a while after the verdict.',
      entry: 'resetAttempts',
      after: { ticketTimeout: late('the notarization ticket') },
      initial: 'asking',
      states: {
        asking: {
          description: 'One look-up.',
          entry: 'countAttempt',
          invoke: {
            id: 'fetchTicket',
            src: 'fetchTicket',
            input: stapling,
            onDone: '#notarization.stapling',
            onError: [pauseAfter('pausing'), failed],
          },
          after: { askTimeout: { target: 'pausing', actions: 'clearWait' } },
        },
        pausing: { description: 'The ticket gets time to appear.', after: { ticketPause: 'asking' } },
      },
    },

    stapling: {
      description: 'The ticket is attached, and what carries it is checked.',
      invoke: {
        id: 'stapleTicket',
        src: 'stapleTicket',
        input: stapling,
        onDone: {
          target: 'judging',
          actions: [
            { type: 'keepStapled', params: ({ event }) => ({ artifact: event.output }) },
            tell('The notarization ticket is stapled.'),
          ],
        },
        onError: failed,
      },
      after: { stapleTimeout: { target: FAILED, actions: keep(stapleTimedOut) } },
    },

    succeeded: {
      description: 'Apple accepted it, and everything that was asked for is stapled.',
      type: 'final',
      output: 'succeeded',
    },
    rejected: { description: 'Apple did not accept it.', type: 'final', output: 'rejected' },
    failed: { description: 'No verdict, or no ticket.', type: 'final', output: 'failed' },
    cancelled: { description: 'Stopped on request.', type: 'final', output: 'cancelled' },
  },
});

/** How much of the way the upload is. */
const UPLOADED_PERCENT = 60;
const TOLD_ISSUES = 50;

const isUnknown = (failure: Failure): boolean => failure.code === 'NOTARY_SUBMISSION_UNKNOWN';

function idOf(known: { readonly submissionId: string } | null): string {
  return known?.submissionId ?? '';
}
