import type { NotarizationOutput } from './context.ts';
import { awaitingVerdict, concluding, fetchingLog, judging } from './judging.ts';
import { notarizationSetup } from './setup.ts';
import { fetchingTicket, stapling } from './stapling.ts';
import { doubting, forgetting, recalling, submitting } from './submitting.ts';
import { confirming, uploading } from './uploading.ts';

export type { NotarizationInput, NotarizationOutput } from './context.ts';

/**
 * One artifact on its way past Apple: announced, uploaded, judged, stapled.
 *
 * Promises: the id of a submission is in the journal before its file is uploaded; a digest whose file Apple has is
 * never submitted again; only Apple's own word "accepted" about this very digest ends in `succeeded`, and only when
 * everything asked for is stapled; no state waits without a deadline.
 */
export const notarizationMachine = notarizationSetup.createMachine({
  id: 'notarization',
  description: 'One artifact: submitted to Apple once, judged, and stapled with its ticket.',
  context: ({ input }) => ({
    ...input,
    submitted: input.artifact,
    submissionId: null,
    isRecalled: false,
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
  initial: 'recalling',
  states: {
    recalling,
    doubting,
    submitting,
    uploading,
    confirming,
    awaitingVerdict,
    forgetting,
    fetchingLog,
    concluding,
    judging,
    fetchingTicket,
    stapling,

    succeeded: {
      description: 'Apple accepted it, and everything that was asked for is stapled.',
      type: 'final',
      output: 'succeeded',
    },
    rejected: { description: 'Apple did not accept it.', type: 'final', output: 'rejected' },
    failed: { description: 'No verdict, or no ticket.', type: 'final', output: 'failed' },
  },
});
