import { renderFailure } from '../../../machines/contracts/failure.ts';
import type { HubReport } from '../../../machines/contracts/hub.ts';
import type { Conclusion, JobNote } from '../../../machines/contracts/job.ts';
import type { WorkerMessage } from './protocol.ts';

export interface ReportContext {
  /** From the assignment to now. */
  readonly durationSeconds: number;
  /** False: a failure is told by log lines and `complete` alone. */
  readonly sendsErrors: boolean;
  /** What the job is to be signed for, as far as that is known. */
  readonly platform?: 'macos' | 'ios';
}

/** Somebody else may have cancelled the job than the one who watches it. */
const CANCELLED = 'CANCELLED: The job was cancelled on request.';

/** The frames that say one report, in order. */
export function messagesOf(report: HubReport, context: ReportContext): WorkerMessage[] {
  return report.kind === 'note'
    ? [messageOfNote(report.jobId, report.note)]
    : messagesOfConclusion(report.jobId, report.conclusion, context);
}

function messageOfNote(jobId: string, note: JobNote): WorkerMessage {
  switch (note.kind) {
    case 'stage':
      return { type: 'stage', jobId, stage: note.stage, message: note.message };
    case 'progress':
      return { type: 'progress', jobId, stage: note.stage, percent: note.percent };
    case 'log':
      return { type: 'log', jobId, stage: note.stage, line: note.line, stream: 'stderr' };
    case 'published':
      return { type: 'published', jobId, platform: note.platform, message: note.message };
    case 'queued':
      return { type: 'queueUpdate', jobId, position: note.position };
  }
}

function messagesOfConclusion(
  jobId: string,
  conclusion: Conclusion,
  context: ReportContext,
): WorkerMessage[] {
  const complete = { type: 'complete' as const, jobId, durationSeconds: context.durationSeconds };
  switch (conclusion.outcome) {
    case 'succeeded':
      return [{ ...complete, success: true, artifacts: [conclusion.artifact] }];
    case 'cancelled':
      return [
        { type: 'log', jobId, stage: conclusion.stage ?? 'extracting', line: CANCELLED, stream: 'stderr' },
        { ...complete, success: false, artifacts: [], error: 'cancelled' },
      ];
    case 'returned':
      return context.platform === undefined
        ? messagesOfConclusion(jobId, { ...conclusion, outcome: 'failed' }, context)
        : [handingBack(complete, context.platform)];
    case 'failed':
      return [
        ...tellFailure(jobId, conclusion, context.sendsErrors),
        {
          ...complete,
          success: false,
          artifacts: [],
          code: conclusion.failure.code,
          error: renderFailure(conclusion.failure),
        },
      ];
  }
}

/**
 * The one message with which a hub puts a job that runs back into its queue: meant for a worker that compiled, it routes the
 * job to those that sign. From the hub's code: the token dies, the bundle stays where no artifact was uploaded, nothing
 * is billed, no retry is counted. Only said when the hub has just confirmed the token: a job that does not run is
 * completed by it.
 */
const handingBack = (
  complete: Pick<Extract<WorkerMessage, { type: 'complete' }>, 'type' | 'jobId' | 'durationSeconds'>,
  needsFinishing: 'macos' | 'ios',
): WorkerMessage => ({ ...complete, success: true, artifacts: [], needsFinishing });

/** An `error` makes the user's terminal exit at once, so the log line comes first and says everything. */
function tellFailure(
  jobId: string,
  { failure, stage }: Extract<Conclusion, { failure: unknown }>,
  sendsErrors: boolean,
): WorkerMessage[] {
  const { code } = failure;
  const message = renderFailure(failure);
  return [
    { type: 'log', jobId, stage: stage ?? 'extracting', code, line: message, stream: 'stderr' },
    ...(sendsErrors ? [{ type: 'error' as const, jobId, code, message, ...(stage && { stage }) }] : []),
  ];
}
