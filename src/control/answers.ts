import type { Actor } from 'xstate';
import { openRunOf } from '../../machines/supervisor/runs.ts';
import type { provideSupervisor } from '../actors/supervisor.ts';
import { type DaemonStatus, type StatusFacts, statusOf } from '../observability/status.ts';
import type { ControlReply, ControlRequest } from './protocol.ts';

type Supervisor = Actor<ReturnType<typeof provideSupervisor>>;
/** Those of the facts that do not change with the moment. */
export type StandingFacts = Omit<StatusFacts, 'nowMs'>;

/** Turns requests into wishes to the supervisor; every answer says how things stand after the wish. */
export function answersOf(
  supervisor: Supervisor,
  facts: StandingFacts,
): (request: ControlRequest) => ControlReply {
  const now = (): DaemonStatus => statusOf(supervisor.getSnapshot(), { ...facts, nowMs: Date.now() });
  return (request) => {
    if (request.request === 'drain') supervisor.send({ type: 'drain.requested' });
    if (request.request === 'shutdown') shutDown(supervisor);
    if (request.request === 'cancel') return cancel(supervisor, request.jobId, now);
    return { ok: true, status: now() };
  };
}

/** From `accepting` the first wish drains; only then the second one cancels. */
export function shutDown(supervisor: Pick<Supervisor, 'send'>): void {
  supervisor.send({ type: 'drain.requested' });
  supervisor.send({ type: 'shutdown.requested' });
}

function cancel(supervisor: Supervisor, jobId: string, now: () => DaemonStatus): ControlReply {
  if (!openRunOf(supervisor.getSnapshot().context.runs, jobId))
    return { ok: false, failure: unknown(jobId, now()) };
  supervisor.send({ type: 'job.cancelRequested', jobId });
  return { ok: true, status: now() };
}

function unknown(jobId: string, { runs }: DaemonStatus) {
  const open = runs.filter(({ phase }) => phase !== 'concluded').map((run) => run.jobId);
  return {
    code: 'JOB_UNKNOWN',
    summary: `No job "${jobId}" is running here.`,
    reason:
      open.length === 0
        ? 'No job is running here at all; it may have ended already.'
        : `Running are: ${open.join(', ')}.`,
    nextStep: 'Take the job from the first column of "perry-ship status".',
  } as const;
}
